//! Receiving of requests ([`requests`](super::requests)) and frames.

use super::client::{Client, State};
use super::context::ConnectionContext;
use super::websocket::Taken;
use crate::service::{Next, Received};
use crate::time::Instant;
use instep_proto::delivery::Outgoing;
use instep_proto::frame::ProtocolError;
use log::Level;

/// Outcome of reading some input.
pub(super) struct ReadOutcome {
    /// The number of used bytes.
    pub(super) used: usize,
    /// The index from which the used bytes are a frame that must be written, if any. There is no other output then.
    pub(super) echo: Option<usize>,
    /// Whether more input could be used now.
    pub(super) wants_read: bool,
}

impl ReadOutcome {
    fn new(used: usize, wants_read: bool) -> Self {
        Self { used, echo: None, wants_read }
    }
}

impl Client {
    /// Takes as much of `input` as there is room for its effects.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        input: &mut [u8],
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> ReadOutcome {
        let mut used = 0;
        loop {
            let rest = &mut input[used..];
            used += match &mut self.state {
                State::Http => match self.take_request(now, rest, context, out) {
                    Taken::Some(taken) => taken,
                    Taken::Blocked(taken) => return ReadOutcome::new(used + taken, false),
                    Taken::Incomplete(taken) => return ReadOutcome::new(used + taken, true),
                    _ => return ReadOutcome::new(used, true),
                },
                State::Open(open)
                    if context.messages.get() < context.allowance && open.has_room(rest, out) =>
                {
                    let mut taken = open.take(rest, context, out);
                    if let Taken::Compressed(piece, used) = taken {
                        taken = match context.compression {
                            Some(compression) => {
                                let piece = piece.piece(rest, used);
                                (compression.takes().take)(open, compression, now, piece, used, context, out)
                            }
                            // Cannot happen, because without compression the receiver refuses the frame.
                            None => Taken::Wrong(ProtocolError::ReservedBit),
                        };
                    }
                    match taken {
                        Taken::Some(taken) => taken,
                        Taken::EchoInPlace(taken, begin) => {
                            return ReadOutcome {
                                used: used + taken,
                                echo: Some(used + begin),
                                wants_read: true,
                            };
                        }
                        Taken::Incomplete(taken) => return ReadOutcome::new(used + taken, true),
                        Taken::Blocked(taken) => return ReadOutcome::new(used + taken, false),
                        Taken::Close(code) => {
                            self.end_open(code, context, out);
                            rest.len()
                        }
                        // Cannot happen, because it was decompressed above.
                        Taken::Compressed(..) => return ReadOutcome::new(used, false),
                        Taken::Wrong(error) => {
                            self.fail(error, context, out);
                            rest.len()
                        }
                    }
                }
                State::Taking(piecewise) => {
                    let Received { used: taken, next, wake_at: due } = match context.update {
                        Some(update) => update.receive(now, rest, context, out),
                        // Cannot happen, because only an update takes content.
                        None => Received { used: 0, next: Next::End, wake_at: now },
                    };
                    piecewise.wake_later(due);
                    if next != Next::End {
                        return ReadOutcome::new(used + taken, next == Next::Read);
                    }
                    self.state = State::Ending;
                    taken
                }
                // A stream takes no more requests, so input is discarded.
                State::Events(_) => rest.len(),
                State::Lingering(discarded) => {
                    *discarded += rest.len();
                    if *discarded > context.device.limits().linger_bytes {
                        self.state = State::Closed;
                    }
                    rest.len()
                }
                State::Open(open) => {
                    open.yield_reservation(context);
                    // A held compressed piece may yield more without any more input.
                    return ReadOutcome::new(used, rest.is_empty() && !open.holds());
                }
                _ => return ReadOutcome::new(used, rest.is_empty()),
            };
            // The loop goes on for an open WebSocket, because it may hold an empty piece, and for content, which may be empty.
            if used == input.len() && !matches!(self.state, State::Open(_) | State::Taking(_)) {
                return ReadOutcome::new(used, true);
            }
        }
    }

    /// Ends a WebSocket after a protocol error of the client.
    fn fail(&mut self, error: ProtocolError, context: &ConnectionContext<'_>, out: &mut Outgoing<'_>) {
        let code = error.close_code();
        if let State::Open(open) = &self.state {
            let client = open.slot.client;
            client.log(Level::Warn, format_args!("Closed with {}: {error}", code.number()));
        }
        self.end_open(Some(code), context, out);
    }
}

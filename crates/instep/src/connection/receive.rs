//! What a client takes in: requests ([`requests`](super::requests)), then the frames of a WebSocket.

use super::client::{Client, State};
use super::context::ConnectionContext;
use super::websocket::Taken;
use crate::time::Instant;
use instep_proto::delivery::Outgoing;
use instep_proto::frame::ProtocolError;

/// What a client took of some input.
pub(super) struct ReadOutcome {
    /// So many bytes.
    pub(super) used: usize,
    /// From this one on they are a frame to be written, and there is no other output.
    pub(super) echo: Option<usize>,
    /// More could be taken now if it were there.
    pub(super) wants_read: bool,
}

impl ReadOutcome {
    fn new(used: usize, hungry: bool) -> Self {
        Self { used, echo: None, wants_read: hungry }
    }
}

impl Client {
    /// Takes what it can of `input`.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        input: &mut [u8],
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> ReadOutcome {
        let mut used = 0;
        loop {
            let rest = &mut input[used..];
            used += match &mut self.state {
                State::Http => match self.take_request(now, rest, world, out) {
                    Taken::Some(taken) => taken,
                    Taken::Blocked(taken) => return ReadOutcome::new(used + taken, false),
                    Taken::Incomplete(taken) => return ReadOutcome::new(used + taken, true),
                    _ => return ReadOutcome::new(used, true),
                },
                State::Open(open) if world.messages.get() < world.allowance && open.has_room(rest, out) => {
                    let mut taken = open.take(rest, world, out);
                    if let Taken::Compressed(piece, used) = taken {
                        taken = match world.compression {
                            Some(compression) => {
                                let piece = piece.piece(rest, used);
                                (compression.takes().take)(open, compression, now, piece, used, world, out)
                            }
                            // Without compression the receiver has refused the frame.
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
                            self.end_open(code, world, out);
                            rest.len()
                        }
                        // It has just been decompressed.
                        Taken::Compressed(..) => return ReadOutcome::new(used, false),
                        Taken::Wrong(error) => {
                            self.fail(error, world, out);
                            rest.len()
                        }
                    }
                }
                // Nothing more is asked of it.
                State::Events(_) => rest.len(),
                State::Lingering(discarded) => {
                    *discarded += rest.len();
                    if *discarded > world.device.limits().linger_bytes {
                        self.state = State::Closed;
                    }
                    rest.len()
                }
                State::Open(open) => {
                    open.yield_reservation(world);
                    // Of a compressed piece more may come out without any more input.
                    return ReadOutcome::new(used, rest.is_empty() && !open.holds());
                }
                _ => return ReadOutcome::new(used, rest.is_empty()),
            };
            // An open WebSocket says itself whether it can go on: an empty piece may be held.
            if used == input.len() && !matches!(self.state, State::Open(_)) {
                return ReadOutcome::new(used, true);
            }
        }
    }

    /// Ends the connection because of what the client did.
    fn fail(&mut self, error: ProtocolError, world: &ConnectionContext<'_>, out: &mut Outgoing<'_>) {
        let code = error.close_code();
        if let State::Open(open) = &self.state {
            let client = open.slot.client;
            log::warn!(client = client.number; "[{client}] Closed with {}: {error}", code.number());
        }
        self.end_open(Some(code), world, out);
    }
}

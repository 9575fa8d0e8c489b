//! What a client takes in.

use super::client::{Client, State};
use super::context::World;
use super::http_state::Exchange;
use super::websocket::Taken;
use crate::limits::ROOM_MIN;
use crate::service::{Decision, Request, Waits};
use crate::time::Instant;
use instep_proto::delivery::Outgoing;
use instep_proto::frame::ProtocolError;
use instep_proto::http::{Reply, RequestHead};

/// What a client took of some input.
pub(super) struct TakenIn {
    /// So many bytes.
    pub(super) used: usize,
    /// From this one on they are a frame to be written, and there is no other output.
    pub(super) lent: Option<usize>,
    /// More could be taken now if it were there.
    pub(super) hungry: bool,
}

impl TakenIn {
    fn new(used: usize, hungry: bool) -> Self {
        Self { used, lent: None, hungry }
    }
}

impl Client {
    /// Takes what it can of `input`.
    pub(super) fn take_in(
        &mut self,
        now: Instant,
        input: &mut [u8],
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> TakenIn {
        let mut used = 0;
        loop {
            let rest = &mut input[used..];
            used += match &mut self.state {
                State::Http => match self.take_request(now, rest, world, out) {
                    Taken::Some(taken) => taken,
                    Taken::NotNow(taken) => return TakenIn::new(used + taken, false),
                    _ => return TakenIn::new(used, true),
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
                        Taken::Lent(taken, begin) => {
                            return TakenIn { used: used + taken, lent: Some(used + begin), hungry: true };
                        }
                        Taken::Incomplete(taken) => return TakenIn::new(used + taken, true),
                        Taken::NotNow(taken) => return TakenIn::new(used + taken, false),
                        Taken::Close(code) => {
                            self.end_open(code, world, out);
                            rest.len()
                        }
                        // It has just been decompressed.
                        Taken::Compressed(..) => return TakenIn::new(used, false),
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
                    open.give_way(world);
                    // Of a compressed piece more may come out without any more input.
                    return TakenIn::new(used, rest.is_empty() && !open.holds());
                }
                _ => return TakenIn::new(used, rest.is_empty()),
            };
            // An open WebSocket says itself whether it can go on: an empty piece may be held.
            if used == input.len() && !matches!(self.state, State::Open(_)) {
                return TakenIn::new(used, true);
            }
        }
    }

    /// Takes what is left of a request's body, or the next head.
    fn take_request(
        &mut self,
        now: Instant,
        input: &[u8],
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> Taken {
        match self.http_mut() {
            Some(Exchange { reply: None, body, .. }) if *body > 0 => {
                let length = usize::try_from(*body).unwrap_or(usize::MAX).min(input.len());
                *body -= length as u64;
                Taken::Some(length)
            }
            Some(Exchange { reply: None, .. }) if out.room() >= ROOM_MIN => {
                self.take_head(now, input, world, out)
            }
            _ if input.is_empty() => Taken::Incomplete(0),
            _ => Taken::NotNow(0),
        }
    }

    /// Takes a request's head, if all of it is there.
    fn take_head(&mut self, now: Instant, input: &[u8], world: &World<'_>, out: &mut Outgoing<'_>) -> Taken {
        let limits = world.device.limits().head;
        // An empty line before a request is to be ignored (RFC 9112 section 2.2).
        let empty = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if empty > 0 {
            return Taken::Some(empty);
        }
        if input.is_empty() {
            return Taken::Incomplete(0);
        }
        match RequestHead::parse(&input[..input.len().min(limits.bytes)], limits) {
            Ok(None) => {
                self.head_begun(now);
                Taken::Incomplete(0)
            }
            Ok(Some((mut head, length))) => {
                (head.base, head.path) = world.access.split_path(head.path);
                let peer = world.access.client(self.peer(), &head);
                head.secure = self.is_secure() || world.access.is_forwarded_from_tls(self.peer(), &head);
                head.extra = world.access.extra_lines(&head);
                if let Some(exchange) = self.http_mut() {
                    exchange.extra = head.extra;
                }
                let body = head.content_length;
                let request = Request {
                    now,
                    head: &head,
                    peer,
                    rest: &input[length..],
                    local_port: self.local_port(),
                    waits: self.waits(),
                    context: world,
                };
                match self.decide(&request, world, out) {
                    Decision::NotNow => return Taken::NotNow(0),
                    Decision::Later(waits) => return self.wait_for(waits, now),
                    Decision::Reply(reply) => self.answer_and_pass(Some(reply), body),
                    Decision::Written { closes: true } => self.state = State::Ending,
                    Decision::Written { closes: false } => self.answer_and_pass(None, body),
                    Decision::Open(opening) => self.open(now, &opening, world, out),
                    Decision::Listen(listening) => self.listen(now, &listening, world, out),
                }
                self.head_ended(now);
                Taken::Some(length)
            }
            Err(error) => {
                self.refuse_head(error, input, now, world);
                Taken::Some(input.len())
            }
        }
    }

    /// Answers the request, unless that is done, and throws away its body.
    pub(super) fn answer_and_pass(&mut self, reply: Option<Reply>, body: u64) {
        if let Some(exchange) = self.http_mut() {
            exchange.answer(reply, body);
        }
    }

    /// The request stays in the input, and is decided on again later.
    fn wait_for(&mut self, waits: Waits, now: Instant) -> Taken {
        let Some(exchange) = self.http_mut() else { return Taken::NotNow(0) };
        let before = core::mem::replace(&mut exchange.waits, waits);
        match (before, waits) {
            (_, Waits::Nothing | Waits::Body) => {
                self.head_begun(now);
                Taken::Incomplete(0)
            }
            (Waits::Password(_), Waits::Password(_)) => Taken::NotNow(0),
            (Waits::Answer(_), Waits::Answer(_)) => Taken::NotNow(0),
            (_, Waits::Password(_) | Waits::Answer(_)) => {
                self.timing.begin(now);
                Taken::NotNow(0)
            }
        }
    }

    /// Ends the connection because of what the client did.
    fn fail(&mut self, error: ProtocolError, world: &World<'_>, out: &mut Outgoing<'_>) {
        let code = error.close_code();
        if let State::Open(open) = &self.state {
            let client = open.place.client;
            log::warn!(client = client.number; "[{client}] Closed with {}: {error}", code.number());
        }
        self.end_open(Some(code), world, out);
    }
}

//! What a client takes in.

use super::requests::Decision;
use super::{Client, HeldPiece, Instant, ROOM_MIN, State, World};
use crate::device::{Offer, Place};
use instep_proto::delivery::{Outgoing, Storage as _};
use instep_proto::frame::{CloseCode, Opcode, ProtocolError, SERVER_HEADER_MAX, encode_header};
use instep_proto::http::{HeadError, RequestHead};
use instep_proto::message::{Kind, Piece, Received};

impl Client {
    /// Takes what it can of `input`, and returns how much.
    pub(super) fn take_in(
        &mut self,
        now: Instant,
        input: &mut [u8],
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> usize {
        let mut used = 0;
        loop {
            let rest = &mut input[used..];
            let taken = match &mut self.state {
                State::ExpectHead if self.body > 0 => self.skip_body(rest),
                State::ExpectHead if out.room() >= ROOM_MIN => self.take_head(now, rest, world, out),
                State::Open if out.room() >= ROOM_MIN => match self.take_frames(rest, world, out) {
                    Some(taken) => taken,
                    None => return used,
                },
                State::Lingering(discarded) => {
                    *discarded += rest.len();
                    if *discarded > world.device.limits().linger_bytes {
                        self.state = State::Closed;
                    }
                    rest.len()
                }
                _ => return used,
            };
            used += taken;
            if used == input.len() {
                return used;
            }
        }
    }

    fn skip_body(&mut self, input: &[u8]) -> usize {
        let length = usize::try_from(self.body).unwrap_or(usize::MAX).min(input.len());
        self.body -= length as u64;
        length
    }

    /// Takes a request's head: from the input alone if it is there at once, else put together in the buffer.
    fn take_head(&mut self, now: Instant, input: &[u8], world: &World<'_>, out: &mut Outgoing<'_>) -> usize {
        let limits = world.device.limits().head;
        let before = self.head.bytes().len();
        if before == 0 {
            // An empty line before a request is to be ignored (RFC 9112 section 2.2).
            let empty = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if empty > 0 {
                return empty;
            }
            if input.is_empty() {
                return 0;
            }
            self.timing.head_begun(now);
        }
        let length = input.len().min(limits.bytes - before);
        let (parsed, used) = if before == 0 {
            match RequestHead::parse(&input[..length], limits) {
                Ok(Some((head, end))) => {
                    let next = (self.decide(&head, world, out), head.content_length);
                    (Ok(Some(next)), end)
                }
                Ok(None) => (Ok(None), 0),
                Err(error) => (Err(error), 0),
            }
        } else {
            (Ok(None), 0)
        };
        if let Ok(Some((decision, body))) = parsed {
            self.act(now, decision, body, world, out);
            return used;
        }
        if let Err(error) = parsed {
            self.refuse_head(error);
            return input.len();
        }
        if !self.head.append(&input[..length]) {
            self.refuse_head(HeadError::TooLarge);
            return input.len();
        }
        let decided = match RequestHead::parse(self.head.bytes(), limits) {
            Ok(None) => return length,
            Ok(Some((head, end))) => Ok((self.decide(&head, world, out), head.content_length, end)),
            Err(error) => Err(error),
        };
        self.head.clear();
        match decided {
            Ok((decision, body, end)) => {
                self.act(now, decision, body, world, out);
                end - before
            }
            Err(error) => {
                self.refuse_head(error);
                input.len()
            }
        }
    }

    fn act(
        &mut self,
        now: Instant,
        decision: Decision,
        body: u64,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) {
        self.timing.answered(now);
        self.body = body;
        match decision {
            Decision::Reply(reply) => self.state = State::Responding(reply),
            Decision::Written { closes: true } => self.state = State::Ending,
            Decision::Written { closes: false } => {}
            Decision::Open(endpoint, handshake) => self.open(endpoint, &handshake, world, out),
        }
    }

    /// Takes one piece of a message or one control frame, and says how many bytes it was: none, where it was held
    /// and is empty. `None`: nothing can be taken now.
    fn take_frames(&mut self, input: &mut [u8], world: &World<'_>, out: &mut Outgoing<'_>) -> Option<usize> {
        let place = self.place?;
        if let Some(HeldPiece { first, last, kind, length }) = self.held {
            // It was unmasked in an earlier turn.
            let piece = Piece { first, last, kind, bytes: &input[..length] };
            return self.offer(place, piece, world, out).map(|()| length);
        }
        let most = if self.echo { out.room() - ROOM_MIN / 2 } else { usize::MAX };
        Some(match self.receiver.receive(input, most) {
            Err(error) => {
                self.fail(place, error, world, out);
                input.len()
            }
            Ok((used, Received::Nothing | Received::Pong)) => used,
            Ok((used, Received::Ping)) => {
                push_frame(out, true, Opcode::Pong, self.receiver.control_payload());
                used
            }
            Ok((used, Received::Close(reason))) => {
                self.end_open(reason.code.unwrap_or(CloseCode::NORMAL), out);
                self.leave(world.device);
                used
            }
            Ok((used, Received::Piece(piece))) if self.echo => {
                let opcode = match (piece.first, piece.kind) {
                    (false, _) => Opcode::Continuation,
                    (true, Kind::Text) => Opcode::Text,
                    (true, Kind::Binary) => Opcode::Binary,
                };
                push_frame(out, piece.last, opcode, piece.bytes);
                used
            }
            Ok((used, Received::Piece(piece))) => {
                let length = piece.bytes.len();
                self.offer(place, piece, world, out).map_or(used - length, |()| used)
            }
        })
    }

    /// Offers a piece to the inbox; `None`: it is held until there is room.
    fn offer(
        &mut self,
        place: Place,
        piece: Piece<'_>,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> Option<()> {
        self.held = None;
        match world.device.offer(place, &piece) {
            Offer::NotNow => {
                let Piece { first, last, kind, bytes } = piece;
                self.held = Some(HeldPiece { first, last, kind, length: bytes.len() });
                // Its own replies may be what is in the way.
                self.replies = true;
                return None;
            }
            Offer::TooBig => self.fail(place, ProtocolError::TooBig, world, out),
            Offer::Taken => {}
        }
        Some(())
    }

    /// Ends the connection because of what the client did.
    fn fail(&mut self, place: Place, error: ProtocolError, world: &World<'_>, out: &mut Outgoing<'_>) {
        let code = error.close_code();
        log::warn!(client = place.client.number; "[{}] Closed with {}: {error}", place.client, code.number());
        self.end_open(code, out);
        self.leave(world.device);
    }
}

/// Puts a frame into the output, in which there is room for it.
fn push_frame(out: &mut Outgoing<'_>, fin: bool, opcode: Opcode, payload: &[u8]) {
    let space = out.space();
    let header = encode_header(fin, opcode, payload.len(), space);
    space[header..header + payload.len()].copy_from_slice(payload);
    debug_assert!(header <= SERVER_HEADER_MAX);
    out.keep(header + payload.len());
}

//! State and receiving half of an open WebSocket.

use super::inflate::{Inflater, Inflating};
use crate::device::{Device, End, Offer, SlotHandle};
use crate::limits::ROOM_MIN;
use crate::service::Context;
use crate::time::Instant;
use instep_proto::delivery::{Cursor, Feed, Outgoing};
use instep_proto::frame::{CloseCode, Opcode, ProtocolError, SERVER_HEADER_MAX, encode_header};
use instep_proto::message::{Kind, Piece, Received, Receiver};

/// State of an open WebSocket.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) slot: SlotHandle,
    /// Whether the device may have a reply for the client.
    pub(super) replies: bool,
    /// Whether the credential has been revoked.
    pub(super) revoked: bool,
    /// The time at which the credential expires.
    pub(super) expires_at: Instant,
    /// Whether it waits for an inflater.
    pub(super) awaiting_inflater: bool,
    pub(super) receiver: Receiver,
    /// The number of bytes of the current message that the inbox has taken. A message has at most 4 GiB.
    message: u32,
    /// A piece that had no room in an earlier turn.
    held: Option<HeldPiece>,
    /// The decompression of the current message.
    pub(super) inflating: Option<Inflating>,
    /// The position in the feed, which an echo endpoint does not use.
    pub(super) cursor: Cursor,
    /// Whether it follows the feed, which an echo endpoint does not.
    pub(super) follows: bool,
    /// The code with which the next turn closes it.
    pub(super) close: Option<CloseCode>,
    /// The time of the next keep-alive, or [`Instant::NEVER`] without a Thing.
    pub(super) keepalive_at: Instant,
    /// The lowest unsent revision, or [`u64::MAX`] if the client asks for none.
    pub(super) unsent_revision: u64,
}

/// Unmasked piece of a message without its bytes, which stay in the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldPiece {
    first: bool,
    last: bool,
    kind: Kind,
    compressed: bool,
    length: usize,
}

impl HeldPiece {
    /// Returns the piece with its bytes.
    ///
    /// The bytes are the end of the first `used` bytes of the input.
    pub(super) fn piece<'i>(&self, input: &'i [u8], used: usize) -> Piece<'i> {
        let Self { first, last, kind, compressed, length } = *self;
        Piece { first, last, kind, compressed, bytes: &input[used - length..used] }
    }
}

impl From<Piece<'_>> for HeldPiece {
    fn from(piece: Piece<'_>) -> Self {
        let Piece { first, last, kind, compressed, bytes } = piece;
        Self { first, last, kind, compressed, length: bytes.len() }
    }
}

/// Result of processing some input.
///
/// A number is the number of used bytes, except where its variant says otherwise.
pub(super) enum Taken {
    /// A part of the input was used.
    Some(usize),
    /// All of the input was used, and a frame in it must be written.
    ///
    /// The frame begins at the second number. There is no other output.
    EchoInPlace(usize, usize),
    /// A piece of a compressed message ends there, and must be decompressed.
    Compressed(HeldPiece, usize),
    /// The request or frame after the used bytes is incomplete.
    Incomplete(usize),
    /// There is no room for the effects of the bytes after the used ones.
    Blocked(usize),
    /// The client closed the WebSocket.
    Close(Option<CloseCode>),
    /// The client violated the protocol.
    Wrong(ProtocolError),
}

impl Taken {
    /// Adds `start` bytes that were used before.
    pub(super) fn behind(self, start: usize) -> Self {
        match self {
            Self::Some(used) => Self::Some(start + used),
            Self::Incomplete(used) => Self::Incomplete(start + used),
            Self::Blocked(used) => Self::Blocked(start + used),
            other => other,
        }
    }
}

impl Open {
    /// Creates the state of a new WebSocket. `follows` is `false` for an echo endpoint.
    pub(super) fn new(
        slot: SlotHandle,
        cursor: Cursor,
        follows: bool,
        deflate: bool,
        expires_at: Instant,
        keepalive_at: Instant,
    ) -> Self {
        let receiver = if deflate { Receiver::with_deflate() } else { Receiver::default() };
        Self {
            slot,
            replies: false,
            revoked: false,
            expires_at,
            awaiting_inflater: false,
            receiver,
            message: 0,
            held: None,
            inflating: None,
            cursor,
            follows,
            close: None,
            keepalive_at,
            unsent_revision: u64::MAX,
        }
    }

    /// Returns whether the client receives compressed frames of the feed.
    pub(super) fn follows_compressed(&self) -> bool {
        self.receiver.deflates() && !self.echoes()
    }

    pub(super) fn echoes(&self) -> bool {
        !self.follows
    }

    /// Returns whether the output has room for the reaction to a piece of input.
    pub(super) fn has_room(&self, input: &[u8], out: &mut Outgoing<'_>) -> bool {
        if input.is_empty() && !self.holds() { out.remaining() >= ROOM_MIN } else { out.has_room(ROOM_MIN) }
    }

    /// Releases the slot, and returns the borrowed inflater.
    pub(super) fn close(self, end: End, device: &Device) -> Option<Inflater> {
        device.release(self.slot, end);
        if !self.slot.notify_app {
            self.slot.client.log_disconnected();
        }
        self.inflating.map(|inflating| inflating.inflater)
    }

    pub(super) fn lag(&self, feed: &Feed<'_>) -> Option<u64> {
        self.follows.then(|| self.cursor.lag(feed))
    }

    /// Takes one piece of a message or one control frame.
    pub(super) fn take(&mut self, input: &mut [u8], context: &Context<'_>, out: &mut Outgoing<'_>) -> Taken {
        self.awaiting_inflater = false;
        if let Some(held) = self.held.take() {
            // The piece was unmasked in an earlier turn.
            let used = held.length;
            return if held.compressed {
                Taken::Compressed(held, used)
            } else {
                self.offer(held.piece(input, used), used, context)
            };
        }
        let echo = self.echoes();
        let (max, left) = if echo {
            (out.remaining() - ROOM_MIN / 2, usize::MAX)
        } else {
            (self.message_budget(context), context.device.limits().message - self.message())
        };
        match self.receiver.receive(input, max, left) {
            Err(error) => Taken::Wrong(error),
            Ok((used, Received::Incomplete)) => Taken::Incomplete(used),
            Ok((used, Received::Pong)) => Taken::Some(used),
            Ok((used, Received::Ping(payload))) => {
                push_frame(out, true, Opcode::Pong, payload);
                Taken::Some(used)
            }
            Ok((_, Received::Close(reason))) => Taken::Close(reason.code),
            Ok((used, Received::Piece(piece))) if piece.compressed => {
                Taken::Compressed(HeldPiece::from(piece), used)
            }
            Ok((used, Received::Piece(piece))) if echo => {
                let (last, opcode) = (piece.last, echo_opcode(piece.first, piece.kind));
                context.count_message(last);
                let start = used - piece.bytes.len();
                if used == input.len() && out.is_empty() {
                    // The frame is written from the input buffer. Its shorter header fits before the payload, unless the client's
                    // header was used in an earlier turn.
                    let mut header = [0; SERVER_HEADER_MAX];
                    let length = encode_header(last, opcode, used - start, &mut header);
                    if let Some(begin) = start.checked_sub(length) {
                        input[begin..start].copy_from_slice(&header[..length]);
                        return Taken::EchoInPlace(used, begin);
                    }
                }
                push_frame(out, last, opcode, &input[start..used]);
                Taken::Some(used)
            }
            Ok((used, Received::Piece(piece))) => self.offer(piece, used, context),
        }
    }

    /// Offers a piece to the inbox, and holds it if there is no room.
    ///
    /// The piece is the end of the first `used` bytes of the input.
    pub(super) fn offer(&mut self, piece: Piece<'_>, used: usize, context: &Context<'_>) -> Taken {
        match context.device.offer(self.slot, &piece) {
            Offer::Blocked if self.replaces_older_write(&piece, context) => {
                context.count_message(true);
                Taken::Some(used)
            }
            Offer::Blocked => self.hold(piece, used),
            Offer::TooBig => Taken::Wrong(ProtocolError::TooBig),
            Offer::Taken => {
                let taken = if piece.last { 0 } else { self.message() + piece.bytes.len() };
                self.message = u32::try_from(taken).unwrap_or(u32::MAX);
                context.count_message(piece.last);
                Taken::Some(used)
            }
        }
    }

    /// Replaces the client's waiting write of the same property by the piece.
    ///
    /// Returns whether a write was replaced.
    fn replaces_older_write(&self, piece: &Piece<'_>, context: &Context<'_>) -> bool {
        let declared = context.notices.zip(context.manifest.thing).filter(|_| self.speaks_thing());
        let Some((notices, thing)) = declared else { return false };
        let whole = piece.first && piece.last && piece.kind == Kind::Text;
        let text = core::str::from_utf8(piece.bytes).ok().filter(|_| whole);
        text.is_some_and(|text| (notices.replace_write)(context.device, self.slot, thing, text))
    }

    /// Yields the client's reserved place in the inbox, because the client cannot use it now.
    pub(super) fn yield_reservation(&self, context: &Context<'_>) {
        if self.held.is_some() {
            context.device.yield_reservation(self.slot);
        }
    }

    /// Returns the number of bytes of the current message that the inbox has taken.
    fn message(&self) -> usize {
        self.message as usize
    }

    /// Returns the maximum number of bytes of the current message that are processed.
    ///
    /// The maximum is one byte above the limit. So the first error decides, however the input is split.
    pub(super) fn message_budget(&self, context: &Context<'_>) -> usize {
        (context.device.limits().message - self.message()).saturating_add(1)
    }

    /// Returns whether there is nothing to do but to read input and to write frames of the feed.
    pub(super) fn is_quiet(&self) -> bool {
        self.follows
            && !self.replies
            && !self.revoked
            && self.close.is_none()
            && !self.holds()
            && !self.receiver.deflates()
    }

    /// Returns whether a piece is held.
    pub(super) fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// Holds a piece for a later turn.
    ///
    /// The piece is the end of the first `used` bytes of the input.
    pub(super) fn hold(&mut self, piece: Piece<'_>, used: usize) -> Taken {
        self.held = Some(HeldPiece::from(piece));
        // The client's own replies may take the room, so they are fetched.
        self.replies = true;
        Taken::Blocked(used.saturating_sub(piece.bytes.len()))
    }
}

/// Returns the opcode of a frame that sends a piece back.
pub(super) fn echo_opcode(first: bool, kind: Kind) -> Opcode {
    match (first, kind) {
        (false, _) => Opcode::Continuation,
        (true, Kind::Text) => Opcode::Text,
        (true, Kind::Binary) => Opcode::Binary,
    }
}

/// Pushes a frame, for which the output must have room.
fn push_frame(out: &mut Outgoing<'_>, fin: bool, opcode: Opcode, payload: &[u8]) {
    let space = out.spare_mut();
    let header = encode_header(fin, opcode, payload.len(), space);
    space[header..header + payload.len()].copy_from_slice(payload);
    debug_assert!(header <= SERVER_HEADER_MAX);
    out.commit(header + payload.len());
}

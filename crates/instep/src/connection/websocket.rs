//! An open WebSocket: messages come in, frames go out.

use super::inflate::{Inflater, Inflating};
use crate::device::{Device, End, Offer, SlotHandle};
use crate::limits::ROOM_MIN;
use crate::service::Context;
use crate::time::Instant;
use instep_proto::delivery::{Cursor, Feed, Outgoing};
use instep_proto::frame::{CloseCode, Opcode, ProtocolError, SERVER_HEADER_MAX, encode_header};
use instep_proto::message::{Kind, Piece, Received, Receiver};

/// After so much silence a client is told that the device is there: a script cannot see pings.
const KEEPALIVE_INTERVAL_MS: u64 = 5_000;

/// Where an open WebSocket stands.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) slot: SlotHandle,
    /// A reply may wait at the device.
    pub(super) replies: bool,
    /// What let it in does not hold any more.
    pub(super) revoked: bool,
    /// When what let it in expires.
    pub(super) expires_at: Instant,
    /// It waits for an inflater.
    pub(super) awaiting_inflater: bool,
    pub(super) receiver: Receiver,
    /// Bytes of the message in progress that the inbox has taken.
    message: usize,
    held: Option<HeldPiece>,
    /// A compressed message that has begun.
    pub(super) inflating: Option<Inflating>,
    /// Where it stands in the feed, if it follows that: an echo endpoint follows nothing.
    pub(super) cursor: Cursor,
    pub(super) follows: bool,
    /// It is to be closed with this code.
    pub(super) close: Option<CloseCode>,
    /// When it is told that the device is there; never if it does not follow a Thing.
    pub(super) keepalive_at: Instant,
    /// The least revision that it was not told yet. [`u64::MAX`]: it is not told of revisions.
    pub(super) untold: u64,
}

/// A piece of a message that was unmasked, without its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldPiece {
    first: bool,
    last: bool,
    kind: Kind,
    compressed: bool,
    length: usize,
}

impl HeldPiece {
    /// With its bytes, where `used` bytes of the input end with it.
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

/// What came of some input.
pub(super) enum Taken {
    /// So many bytes were used.
    Some(usize),
    /// So many bytes were used, and those of them from this one on are a whole frame to be written. There is no other
    /// output, and no more input.
    EchoInPlace(usize, usize),
    /// A piece of a compressed message, with which so many bytes end: it is to be decompressed.
    Compressed(HeldPiece, usize),
    /// So many bytes were used, and the next thing is incomplete.
    Incomplete(usize),
    /// So many bytes were used; for what comes next there is no room now.
    Blocked(usize),
    /// The client closed the WebSocket.
    Close(Option<CloseCode>),
    /// The client did what it may not do.
    Wrong(ProtocolError),
}

impl Taken {
    /// The same behind so many bytes that were used before.
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
    /// `follows`: not for an echo endpoint. `until`: when what let it in expires. `keepalive_at`: see [`Open::keepalive_after`].
    pub(super) fn new(
        place: SlotHandle,
        cursor: Cursor,
        follows: bool,
        deflate: bool,
        until: Instant,
        alive_at: Instant,
    ) -> Self {
        let receiver = if deflate { Receiver::with_deflate() } else { Receiver::new() };
        Self {
            slot: place,
            replies: false,
            revoked: false,
            expires_at: until,
            awaiting_inflater: false,
            receiver,
            message: 0,
            held: None,
            inflating: None,
            cursor,
            follows,
            close: None,
            keepalive_at: alive_at,
            untold: u64::MAX,
        }
    }

    /// Whether it takes compressed messages from the feed.
    pub(super) fn follows_compressed(&self) -> bool {
        self.receiver.deflates() && !self.echoes()
    }

    pub(super) fn echoes(&self) -> bool {
        !self.follows
    }

    /// Whether there is room for what may have to be said of a piece of input.
    pub(super) fn has_room(&self, input: &[u8], out: &mut Outgoing<'_>) -> bool {
        if input.is_empty() && !self.holds() { out.remaining() >= ROOM_MIN } else { out.has_room(ROOM_MIN) }
    }

    /// Gives its place back, and the inflater that it has.
    pub(super) fn close(self, end: End, device: &Device) -> Option<Inflater> {
        device.release(self.slot, end);
        if !self.slot.notify_app {
            self.slot.client.log_disconnected();
        }
        self.inflating.map(Inflating::into_inflater)
    }

    pub(super) fn lag(&self, feed: &Feed<'_>) -> Option<u64> {
        self.follows.then(|| self.cursor.lag(feed))
    }

    /// Takes one piece of a message or one control frame.
    pub(super) fn take(&mut self, input: &mut [u8], context: &Context<'_>, out: &mut Outgoing<'_>) -> Taken {
        self.awaiting_inflater = false;
        if let Some(held) = self.held.take() {
            // It was unmasked in an earlier turn.
            let used = held.length;
            return if held.compressed {
                Taken::Compressed(held, used)
            } else {
                self.offer(held.piece(input, used), used, context)
            };
        }
        let echo = self.echoes();
        let (most, left) = if echo {
            (out.remaining() - ROOM_MIN / 2, usize::MAX)
        } else {
            (self.message_budget(context), context.device.limits().message - self.message)
        };
        match self.receiver.receive(input, most, left) {
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
                    // It goes back from where it lies. The client's header has four bytes more than ours, but it may
                    // have come, and gone, earlier.
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

    /// Offers a piece, with which `used` bytes end, to the inbox. What it has no room for is held.
    pub(super) fn offer(&mut self, piece: Piece<'_>, used: usize, context: &Context<'_>) -> Taken {
        match context.device.offer(self.slot, &piece) {
            Offer::Blocked if self.takes_place_of_older(&piece, context) => {
                context.count_message(true);
                Taken::Some(used)
            }
            Offer::Blocked => self.hold(piece, used),
            Offer::TooBig => Taken::Wrong(ProtocolError::TooBig),
            Offer::Taken => {
                self.message = if piece.last { 0 } else { self.message + piece.bytes.len() };
                context.count_message(piece.last);
                Taken::Some(used)
            }
        }
    }

    /// The latest wins: a write takes the place of one of the same property that still waits for the application.
    fn takes_place_of_older(&self, piece: &Piece<'_>, context: &Context<'_>) -> bool {
        let declared = context.notices.zip(context.manifest.thing).filter(|_| self.speaks_thing());
        let Some((notices, thing)) = declared else { return false };
        let whole = piece.first && piece.last && piece.kind == Kind::Text;
        let text = core::str::from_utf8(piece.bytes).ok().filter(|_| whole);
        text.is_some_and(|text| (notices.replace_write)(context.device, self.slot, thing, text))
    }

    /// Nothing can be taken now: a place that is kept for what is held is of more use to others.
    pub(super) fn yield_reservation(&self, context: &Context<'_>) {
        if self.held.is_some() {
            context.device.yield_reservation(self.slot);
        }
    }

    /// How many bytes of the message in progress are looked at, at most: none behind the first that is too many.
    /// So what is wrong first decides, however the input is cut.
    pub(super) fn message_budget(&self, context: &Context<'_>) -> usize {
        (context.device.limits().message - self.message).saturating_add(1)
    }

    /// Whether a piece waits that was unmasked before.
    pub(super) fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// Keeps a piece, with which `used` bytes end, for later.
    pub(super) fn hold(&mut self, piece: Piece<'_>, used: usize) -> Taken {
        self.held = Some(HeldPiece::from(piece));
        // Its own replies may be what is in the way.
        self.replies = true;
        Taken::Blocked(used.saturating_sub(piece.bytes.len()))
    }

    /// When a client that follows a Thing is told that the device is there, unless it hears something else before; never for others.
    pub(super) fn keepalive_after(thing: bool, now: Instant) -> Instant {
        if thing { now.after(KEEPALIVE_INTERVAL_MS) } else { Instant::NEVER }
    }

    pub(super) fn speaks_thing(&self) -> bool {
        self.keepalive_at != Instant::NEVER
    }

    /// A frame is on its way to it.
    pub(super) fn note_sent(&mut self, now: Instant) {
        self.keepalive_at = Self::keepalive_after(self.speaks_thing(), now);
    }

    /// Says that the device is there, where it has been silent for long. Who does not read is not silent but behind.
    pub(super) fn send_keepalive(&mut self, now: Instant, context: &Context<'_>, out: &mut Outgoing<'_>) {
        if now >= self.keepalive_at {
            if let Some(notices) = context.notices.filter(|_| out.is_empty()) {
                // There is room: nothing is in it.
                let _ = (notices.push_keepalive)(out);
            }
            self.note_sent(now);
        }
    }

    /// Tells a client that follows a Thing how many events it missed, before those that follow. `false`: there is no room
    /// for that now.
    pub(super) fn tell_missed(&mut self, context: &Context<'_>, out: &mut Outgoing<'_>) -> bool {
        let feed = self.feed(context);
        let mut cursor = self.cursor;
        let Some(notices) = context.notices.filter(|_| self.follows && self.speaks_thing()) else {
            return true;
        };
        let missed = cursor.skip_lost(feed);
        if missed == 0 {
            return true;
        }
        let pushed = (notices.push_missed)(missed, out);
        if pushed {
            self.cursor = cursor;
            self.note_missed(missed, context);
        }
        pushed
    }

    /// Puts replies into the output, each after what was published before it.
    pub(super) fn fetch_replies(&mut self, now: Instant, context: &Context<'_>, out: &mut Outgoing<'_>) {
        let feed = self.feed(context);
        let (mut missed, kept) = (0, out.len());
        if !self.tell_missed(context, out) {
            return;
        }
        if self.follows {
            // A frame that is longer than the room goes as soon as what is before it has gone.
            while context.device.fetch_reply(self.slot, &mut |revision, frame| {
                revision <= context.feed.revision()
                    && out.push_frames(&mut self.cursor, feed, revision, &mut missed)
                    && out.push(frame)
            }) {}
        }
        if out.len() > kept {
            self.note_sent(now);
        }
        (self.replies, self.revoked) = context.device.has_reply(self.slot);
        self.note_missed(missed, context);
    }

    /// Writes what there is to write. Says whether the socket took all of it.
    pub(super) fn flush(
        &mut self,
        now: Instant,
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        let feed = self.feed(context);
        if !self.tell_missed(context, out) {
            // What is kept goes first; then there is room.
            if !out.flush(None, &mut 0, write) {
                return false;
            }
            let _ = self.tell_missed(context, out);
        }
        let (mut missed, before) = (0, self.cursor);
        let follower = self.follows.then_some((&mut self.cursor, feed));
        let all = out.flush(follower, &mut missed, write);
        if self.cursor != before {
            self.note_sent(now);
        }
        self.note_missed(missed, context);
        all && (self.feed(context).revision() < self.untold || self.tell_revision(context, out, write))
    }

    /// Tells up to which revision it has had everything. Says whether the socket took all of it.
    fn tell_revision(
        &mut self,
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        let revision = self.feed(context).revision();
        let Some(notices) = context.notices else { return true };
        // Without room it is told when the socket has taken more.
        if !(notices.push_revision)(revision, out) {
            return false;
        }
        self.untold = revision + 1;
        out.flush(None, &mut 0, write)
    }

    /// What it follows: the same frames either way, the long ones compressed where it takes that.
    pub(super) fn feed<'w>(&self, context: &Context<'w>) -> &'w Feed<'static> {
        context.compressed_feed.filter(|_| self.receiver.deflates()).unwrap_or(context.feed)
    }

    pub(super) fn note_missed(&self, missed: u64, context: &Context<'_>) {
        if missed > 0 {
            context.device.count_missed(missed);
            let client = self.slot.client;
            log::warn!(client = client.number; "[{client}] Missed {missed} events: it reads too slowly");
        }
    }
}

/// The opcode of a frame that sends a piece back.
pub(super) fn echo_opcode(first: bool, kind: Kind) -> Opcode {
    match (first, kind) {
        (false, _) => Opcode::Continuation,
        (true, Kind::Text) => Opcode::Text,
        (true, Kind::Binary) => Opcode::Binary,
    }
}

/// Puts a frame into the output, in which there is room for it.
fn push_frame(out: &mut Outgoing<'_>, fin: bool, opcode: Opcode, payload: &[u8]) {
    let space = out.spare_mut();
    let header = encode_header(fin, opcode, payload.len(), space);
    space[header..header + payload.len()].copy_from_slice(payload);
    debug_assert!(header <= SERVER_HEADER_MAX);
    out.commit(header + payload.len());
}

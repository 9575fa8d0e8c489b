//! permessage-deflate (RFC 7692).
//!
//! The module has the interface to a driver's compression, and the decompression of messages.

use super::inflate::{Inflated, Inflater, Inflating};
use super::websocket::{Open, Taken, echo_opcode};
use crate::device::Offer;
use crate::limits::ROOM_MIN;
use crate::service::Context;
use crate::time::Instant;
use core::fmt::{Debug, Display};
use instep_proto::deflate::PermessageDeflate;
use instep_proto::delivery::Outgoing;
use instep_proto::frame::{COMPRESSED, ProtocolError, SERVER_HEADER_MAX, encode_header};
use instep_proto::http::Fields;
use instep_proto::message::{Kind, Piece};
use log::Level;

/// Compression of a driver that has the memory for it.
///
/// No state is kept from one message to the next.
pub trait Compression: Debug {
    /// Lends an inflater for one message.
    ///
    /// Returns `None` if all of them are in use.
    fn borrow_inflater(&self) -> Option<Inflater>;

    /// Decompresses as much of `input` as `out` has room for.
    ///
    /// `last` is set if the message ends with this input.
    ///
    /// # Errors
    /// [`ProtocolError::BadCompression`].
    fn inflate(
        &self,
        inflater: &Inflater,
        input: &[u8],
        last: bool,
        out: &mut [u8],
    ) -> Result<Inflated, ProtocolError>;

    /// Takes an inflater back.
    fn return_inflater(&self, inflater: Inflater);

    /// Returns whether all inflaters are in use.
    fn is_exhausted(&self) -> bool;

    /// Compresses a whole payload, and returns its length in `out`.
    ///
    /// Returns `None` if that would save nothing.
    fn deflate(&self, payload: &[u8], out: &mut [u8]) -> Option<usize>;

    /// Returns the functions by which clients use compression.
    ///
    /// A provided method, so that they are linked only with a driver that implements this trait.
    #[doc(hidden)]
    fn takes(&self) -> &'static TakesCompressed {
        &TakesCompressed {
            find_offer: PermessageDeflate::offered_in,
            display: |deflate| deflate,
            take: Open::take_compressed,
            is_overdue: Open::is_overdue,
        }
    }
}

/// Function table of the negotiation of compression and of compressed messages.
#[doc(hidden)]
#[derive(Debug)]
pub struct TakesCompressed {
    /// Finds an acceptable offer in the handshake.
    pub(super) find_offer: fn(Fields<'_>) -> Option<PermessageDeflate>,
    /// Returns the text of the response to that offer.
    pub(super) display: fn(&PermessageDeflate) -> &dyn Display,
    /// Takes a piece of a compressed message.
    pub(super) take: TakeCompressed,
    /// Returns whether an incomplete message holds an inflater for too long.
    pub(super) is_overdue: fn(&mut Open, &dyn Compression, Instant, timeout: u64) -> bool,
}

type TakeCompressed =
    fn(&mut Open, &dyn Compression, Instant, Piece<'_>, usize, &Context<'_>, &mut Outgoing<'_>) -> Taken;

impl Open {
    /// Returns whether an incomplete message has stalled for `timeout` ms.
    ///
    /// Returns `true` only if other clients need its inflater, and logs that.
    fn is_overdue(&mut self, compression: &dyn Compression, now: Instant, timeout: u64) -> bool {
        let Some(inflating) =
            self.inflating.as_mut().filter(|inflating| now >= inflating.deadline(now, timeout))
        else {
            return false;
        };
        if compression.is_exhausted() {
            let client = self.slot.client;
            client.log(
                Level::Info,
                format_args!("Closed with 1013: its incomplete message holds memory that other clients need"),
            );
            return true;
        }
        inflating.since = now.as_lower_millis();
        false
    }

    /// Takes a piece of a compressed message.
    ///
    /// The piece is the end of the first `used` bytes of the input. Only the part of it is taken whose decompressed bytes
    /// have room.
    fn take_compressed(
        &mut self,
        compression: &dyn Compression,
        now: Instant,
        piece: Piece<'_>,
        used: usize,
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
    ) -> Taken {
        // The application must have fetched the message before, and an inflater must be free.
        let probe = Piece { last: false, bytes: &[], ..piece };
        if !self.echoes() && context.device.offer(self.slot, &probe) == Offer::Blocked {
            return self.hold(piece, used);
        }
        let inflating = match self.inflating.take() {
            Some(inflating) => inflating,
            None => match compression.borrow_inflater() {
                Some(inflater) => Inflating { inflater, begun: false, since: now.as_lower_millis() },
                None => {
                    self.awaiting_inflater = true;
                    return self.hold(piece, used);
                }
            },
        };
        let max = if self.echoes() { usize::MAX } else { self.message_budget(context) };
        let inflating = self.inflating.insert(Inflating { since: now.as_lower_millis(), ..inflating });
        let space = out.spare_mut();
        let room = (space.len() - ROOM_MIN / 2).min(SERVER_HEADER_MAX.saturating_add(max));
        let result = compression.inflate(
            &inflating.inflater,
            piece.bytes,
            piece.last,
            &mut space[SERVER_HEADER_MAX..room],
        );
        let Inflated { used: inflated, produced, done } = match result {
            Ok(inflated) => inflated,
            Err(error) => return Taken::Wrong(error),
        };
        let first = !inflating.begun;
        inflating.begun |= produced > 0 || done;
        let bytes = &space[SERVER_HEADER_MAX..SERVER_HEADER_MAX + produced];
        if piece.kind == Kind::Text
            && let Err(error) = self.receiver.check_decompressed(bytes, done)
        {
            return Taken::Wrong(error);
        }
        if self.echoes() {
            context.count_message(done);
            if produced > 0 || done {
                echo(compression, first, done, piece.kind, produced, out);
            }
        } else {
            let part = Piece { first, last: false, kind: piece.kind, compressed: false, bytes };
            if let Taken::Wrong(error) = self.offer(part, 0, context) {
                return Taken::Wrong(error);
            }
        }
        let rest = piece.bytes.len() - inflated;
        if done {
            if let Some(inflating) = self.inflating.take() {
                compression.return_inflater(inflating.inflater);
            }
            if !self.echoes() {
                let end = Piece { first: false, last: true, kind: piece.kind, compressed: false, bytes: &[] };
                return self.offer(end, used, context);
            }
        } else if rest > 0 || piece.last {
            // The rest is decompressed when there is room.
            self.hold(Piece { bytes: &piece.bytes[inflated..], ..piece }, 0);
            return Taken::Some(used - rest);
        }
        Taken::Some(used)
    }
}

/// Sends back `length` bytes.
///
/// The bytes are in the spare space of `out`, after room for a header. They are compressed if they are a whole message and
/// become shorter.
fn echo(
    compression: &dyn Compression,
    first: bool,
    last: bool,
    kind: Kind,
    length: usize,
    out: &mut Outgoing<'_>,
) {
    let space = out.spare_mut();
    let (payload, rest) = space[SERVER_HEADER_MAX..].split_at_mut(length);
    let deflated = if first && last { compression.deflate(payload, rest) } else { None };
    let (start, length, bit) = match deflated {
        Some(deflated) => (SERVER_HEADER_MAX + length, deflated, COMPRESSED),
        None => (SERVER_HEADER_MAX, length, 0),
    };
    let header = encode_header(last, echo_opcode(first, kind), length, space);
    space[0] |= bit;
    space.copy_within(start..start + length, header);
    out.commit(header + length);
}

//! Messages that are one short frame, unmasked where they lie.

use super::piece::Kind;
use crate::frame::{CONTROL_PAYLOAD_MAX, unmask};

/// Length of the header of a short frame of a client, in bytes.
const HEADER: usize = 6;

/// Message of a client that is one whole frame with at most 125 bytes of payload.
#[derive(Debug)]
pub struct ShortMessage<'i> {
    /// Kind of the message.
    pub kind: Kind,
    mask: [u8; 4],
    payload: &'i mut [u8],
}

impl<'i> ShortMessage<'i> {
    /// Unmasks the message at the start of `input`.
    ///
    /// `input` must begin with a frame, between two messages. Returns `None`, and changes nothing, if the input begins with
    /// anything else than a whole, short, uncompressed and valid message, for which [`Receiver`](super::Receiver) is.
    pub fn unmask(input: &'i mut [u8]) -> Option<Self> {
        let (&mut [first, second, a, b, c, d], rest) = input.split_first_chunk_mut::<HEADER>()?;
        let kind = match first {
            0x81 => Kind::Text,
            0x82 => Kind::Binary,
            _ => return None,
        };
        let length = usize::from(second & 0x7f);
        if second & 0x80 == 0 || length > CONTROL_PAYLOAD_MAX {
            return None;
        }
        let payload = rest.get_mut(..length)?;
        let mask = [a, b, c, d];
        unmask(mask, 0, payload);
        let message = Self { kind, mask, payload };
        // Most texts are ASCII, which takes less time to check.
        let is_text = || message.payload.is_ascii() || core::str::from_utf8(message.payload).is_ok();
        if kind == Kind::Text && !is_text() {
            message.mask();
            return None;
        }
        Some(message)
    }

    /// Returns the payload.
    pub fn payload(&self) -> &[u8] {
        self.payload
    }

    /// Returns the length of the frame, in bytes.
    pub fn frame_length(&self) -> usize {
        HEADER + self.payload.len()
    }

    /// Restores the input.
    pub fn mask(self) {
        unmask(self.mask, 0, self.payload);
    }
}

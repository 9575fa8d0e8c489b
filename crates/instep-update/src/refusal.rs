//! Reasons why an image is not accepted.

use core::fmt::{self, Display};

/// Declares [`Refusal`]: each row has the name, the status, the code and the sentence of the answer.
///
/// The rows are a table, because the linker scripts of ESP32 chips place the tables of a `match` in RAM. The sentences that
/// begin in lower case are those of the server of `instep`, so that an image has them once.
macro_rules! refusals {
    ($($(#[$about:meta])* $name:ident = $status:literal, $code:literal, $sentence:literal;)+) => {
        /// Reason why an image is not accepted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[$about])* $name,)+
        }

        static ROWS: &[(u16, &str, &str)] = &[$(($status, $code, $sentence),)+];
    };
}

refusals! {
    /// The device has no second slot.
    NoSecondSlot = 404, "no-slot", "this device has no room for a second image: update it by cable";
    /// The running image is on trial itself.
    OnTrial = 409, "on-trial", "the running image is on trial: try again in a few minutes";
    /// Content that is not an image.
    NotAnImage = 422, "not-an-image", "This file is not a firmware image.";
    /// An image without a descriptor of instep.
    NoDescriptor = 422, "no-descriptor", "This image does not say which board it is for; use an image that instep made.";
    /// An image for another chip.
    OtherChip = 422, "other-chip", "This image is for another chip.";
    /// An image for another board.
    OtherBoard = 422, "other-board", "This image is made for another board.";
    /// An image of another application.
    OtherApplication = 409, "other-application", "This image is of another application; confirm that it may replace this one.";
    /// An image with a lower version.
    LowerVersion = 409, "lower-version", "This image has a lower version; confirm that it may replace this one.";
    /// Content that is longer than a slot.
    TooLong = 413, "too-long", "the image is longer than its slot: build a smaller one";
    /// Content that ends before the image does.
    CutShort = 422, "cut-short", "This image is incomplete; send it again.";
    /// Content that goes on after the image.
    TooMuch = 422, "too-much", "This file goes on after the image; send the image alone.";
    /// An image whose segments cannot be.
    WrongSegments = 422, "wrong-segments", "This image is damaged: its segments are wrong.";
    /// An image that starts outside of its segments.
    WrongEntry = 422, "wrong-entry", "This image is damaged: it starts outside of its segments.";
    /// An image whose checksum is wrong.
    WrongChecksum = 422, "wrong-checksum", "This image is damaged: its checksum is wrong; send it again.";
    /// An image without a hash.
    NoHash = 422, "no-hash", "This image has no hash; make it with a hash.";
    /// An image whose hash is wrong.
    WrongHash = 422, "wrong-hash", "This image is damaged: its hash is wrong; send it again.";
    /// An image without a signature, where one is needed.
    NotSigned = 403, "not-signed", "This image is not signed; this device accepts signed images only.";
    /// An image whose signature is wrong.
    WrongSignature = 403, "wrong-signature", "The signature of this image is wrong; sign it with the key of this device.";
    /// The flash holds something else than what was written.
    WrongReadBack = 503, "wrong-read-back", "The flash did not keep what was written; try again.";
    /// The flash failed.
    FlashFailed = 503, "flash-failed", "The flash failed; try again.";
}

impl Refusal {
    /// Returns the status code of an HTTP answer.
    pub fn status(self) -> u16 {
        ROWS[self as usize].0
    }

    /// Returns the code of an HTTP answer.
    pub fn code(self) -> &'static str {
        ROWS[self as usize].1
    }

    /// Returns one sentence for a person.
    pub fn sentence(self) -> &'static str {
        ROWS[self as usize].2
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for Refusal {}

//! Reasons why an image is not accepted.

use core::fmt::{self, Display};

/// Reason why an image is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The device has no second slot.
    NoSecondSlot,
    /// The running image is on trial itself.
    OnTrial,
    /// Content that is not an image.
    NotAnImage,
    /// An image without a descriptor of instep.
    NoDescriptor,
    /// An image for another chip.
    OtherChip,
    /// An image for another board.
    OtherBoard,
    /// An image of another application.
    OtherApplication,
    /// An image with a lower version.
    LowerVersion,
    /// Content that is longer than a slot.
    TooLong,
    /// Content that ends before the image does.
    CutShort,
    /// Content that goes on after the image.
    TooMuch,
    /// An image whose segments cannot be.
    WrongSegments,
    /// An image that starts outside of its segments.
    WrongEntry,
    /// An image whose checksum is wrong.
    WrongChecksum,
    /// An image without a hash.
    NoHash,
    /// An image whose hash is wrong.
    WrongHash,
    /// An image without a signature, where one is needed.
    NotSigned,
    /// An image whose signature is wrong.
    WrongSignature,
    /// The flash holds something else than what was written.
    WrongReadBack,
    /// The flash failed.
    FlashFailed,
}

impl Refusal {
    /// Returns the status code of an HTTP answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::NoSecondSlot => 404,
            Self::OnTrial | Self::OtherApplication | Self::LowerVersion => 409,
            Self::TooLong => 413,
            Self::NotSigned | Self::WrongSignature => 403,
            Self::WrongReadBack | Self::FlashFailed => 503,
            Self::NotAnImage
            | Self::NoDescriptor
            | Self::OtherChip
            | Self::OtherBoard
            | Self::CutShort
            | Self::TooMuch
            | Self::WrongSegments
            | Self::WrongEntry
            | Self::WrongChecksum
            | Self::NoHash
            | Self::WrongHash => 422,
        }
    }

    /// Returns the code of an HTTP answer.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoSecondSlot => "no-slot",
            Self::OnTrial => "on-trial",
            Self::NotAnImage => "not-an-image",
            Self::NoDescriptor => "no-descriptor",
            Self::OtherChip => "other-chip",
            Self::OtherBoard => "other-board",
            Self::OtherApplication => "other-application",
            Self::LowerVersion => "lower-version",
            Self::TooLong => "too-long",
            Self::CutShort => "cut-short",
            Self::TooMuch => "too-much",
            Self::WrongSegments => "wrong-segments",
            Self::WrongEntry => "wrong-entry",
            Self::WrongChecksum => "wrong-checksum",
            Self::NoHash => "no-hash",
            Self::WrongHash => "wrong-hash",
            Self::NotSigned => "not-signed",
            Self::WrongSignature => "wrong-signature",
            Self::WrongReadBack => "wrong-read-back",
            Self::FlashFailed => "flash-failed",
        }
    }

    /// Returns one sentence for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoSecondSlot => "This device cannot be updated: its flash has no second slot.",
            Self::OnTrial => "The running firmware is on trial; try again when it is confirmed.",
            Self::NotAnImage => "This file is not a firmware image.",
            Self::NoDescriptor => {
                "This image does not say which board it is for; use an image that instep made."
            }
            Self::OtherChip => "This image is for another chip.",
            Self::OtherBoard => "This image is for another board.",
            Self::OtherApplication => {
                "This image is of another application; confirm that it may replace this one."
            }
            Self::LowerVersion => "This image has a lower version; confirm that it may replace this one.",
            Self::TooLong => "This image is larger than the space for it.",
            Self::CutShort => "This image is incomplete; send it again.",
            Self::TooMuch => "This file goes on after the image; send the image alone.",
            Self::WrongSegments => "This image is damaged: its segments are wrong.",
            Self::WrongEntry => "This image is damaged: it starts outside of its segments.",
            Self::WrongChecksum => "This image is damaged: its checksum is wrong; send it again.",
            Self::NoHash => "This image has no hash; make it with a hash.",
            Self::WrongHash => "This image is damaged: its hash is wrong; send it again.",
            Self::NotSigned => "This image is not signed; this device accepts signed images only.",
            Self::WrongSignature => {
                "The signature of this image is wrong; sign it with the key of this device."
            }
            Self::WrongReadBack => "The flash did not keep what was written; try again.",
            Self::FlashFailed => "The flash failed; try again.",
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for Refusal {}

//! Pieces of messages and control frames, as a receiver returns them.

use crate::frame::CloseReason;

/// Type of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, checked as UTF-8.
    Text,
    /// Binary data.
    Binary,
}

/// Piece of a message: as much of one frame's payload as the input held.
///
/// Text is checked, but a piece may end within a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'i> {
    /// Whether this is the first piece of the message.
    pub first: bool,
    /// Whether this is the last piece of the message.
    pub last: bool,
    /// Type of the message.
    pub kind: Kind,
    /// Whether the message is compressed, so `bytes` are not checked as text.
    pub compressed: bool,
    /// Unmasked bytes, possibly none.
    pub bytes: &'i [u8],
}

/// Result of [`Receiver::receive`](super::Receiver::receive).
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'i> {
    /// No whole header or control frame.
    ///
    /// Unused input must be passed again with more behind it. It has at most [`PART_MAX`](super::PART_MAX) bytes, a part of a
    /// control frame's payload.
    Incomplete,
    /// Piece of a message.
    Piece(Piece<'i>),
    /// Ping, with the payload of the pong to send.
    Ping(&'i [u8]),
    /// Pong.
    Pong,
    /// Close frame. Later input must be ignored.
    Close(CloseReason),
}

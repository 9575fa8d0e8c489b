//! Messages (RFC 6455 section 5.4), reassembled from frames in pieces.

mod receiver;
mod utf8;

pub use receiver::{Kind, PART_MAX, Piece, Received, Receiver};
pub use utf8::Utf8;

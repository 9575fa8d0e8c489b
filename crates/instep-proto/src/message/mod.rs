//! Messages (RFC 6455 section 5.4), reassembled from frames in pieces.

mod piece;
mod receiver;
mod short;
mod utf8;

pub use piece::{Kind, Piece, Received};
pub use receiver::{PART_MAX, Receiver};
pub use short::ShortMessage;
pub use utf8::Utf8;

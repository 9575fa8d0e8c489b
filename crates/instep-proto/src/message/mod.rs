//! Messages of RFC 6455 section 5.4: frames and fragments put together, in pieces, as they come.

mod receiver;
mod utf8;

pub use receiver::{Kind, PART_MAX, Piece, Received, Receiver};
pub use utf8::Utf8;

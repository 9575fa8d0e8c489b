//! What the client of a message broker needs of a device.
//!
//! A broker is one more follower of the device's feed, and its commands are requests like those over HTTP. The crate
//! `instep-mqtt` is such a client. Firmware that does not name this module links none of it.

mod description;
mod followed;

pub use description::StreamedDescription;
pub use followed::{CommandId, Control, Followed, escaped, shortest};

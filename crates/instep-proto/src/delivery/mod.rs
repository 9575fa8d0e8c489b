//! Delivery of retained state and events to clients.
//!
//! There is no queue per client. A [`Feed`] keeps the latest frame of each topic and the last few events, each
//! with the revision at which it was published. A client is a [`Cursor`], and still needs every newer frame,
//! oldest first. A slow client and a new client are handled alike.

mod cursor;
mod feed;
mod newest;
mod outbox;
mod outgoing;
mod ring;
mod table;

pub use cursor::{Cursor, Next};
pub use feed::{Feed, PublishError};
pub use newest::Newest;
pub use outbox::{FixedBuffer, Full, Outbox, Storage};
pub use outgoing::{Outgoing, SendWindow};
pub use ring::{Ring, RingEntry};
pub use table::{Table, TableEntry};

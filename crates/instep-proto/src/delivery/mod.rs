//! Delivery: a retained table, an event ring, and followers of both.
//!
//! There is no queue per client. A [`Feed`] keeps the latest frame of each topic and the last few events,
//! each with the revision at which it was published. A client is a [`Cursor`]: what it still needs is all
//! that is newer, oldest first. A client that was slow and a client that is new are the same thing.

mod cursor;
mod feed;
mod outbox;
mod outgoing;
mod ring;
mod table;

pub use cursor::{Cursor, Next};
pub use feed::{Feed, PublishError};
pub use outbox::{FixedBuffer, Full, Outbox, Storage};
pub use outgoing::{Outgoing, SendWindow};
pub use ring::{Ring, RingEntry};
pub use table::{Table, TableEntry};

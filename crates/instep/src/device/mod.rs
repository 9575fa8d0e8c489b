//! The device: what the application publishes, and who is there to hear it.

mod backlog;
mod by_http;
mod counts;
mod error;
mod history;
mod inbox;
mod keep;
mod macros;
mod page_values;
mod places;
mod properties;
mod queue;
mod requests;
mod responder;
mod restore;
mod shared;
mod slot;
mod state;
mod wakes;

pub(crate) use counts::End;
pub use counts::{Counts, DropReason, RefusalReason};
pub use error::SendError;
pub(crate) use history::Past;
pub use history::{HistoryPoint, Recorder};
pub use inbox::{Inbox, Invoked, Message};
pub use instep_proto::delivery::PublishError;
pub use page_values::PageValueError;
pub(crate) use places::{Offer, SlotHandle};
pub use requests::Request;
pub use responder::Responder;
pub use shared::Device;
pub use slot::{ClientId, Slot as SlotMemory};
pub use state::{Follower, Memory};

//! The device: its published state, its clients' slots, and the inbox.

mod admission;
mod backlog;
mod confirm;
mod counters;
mod error;
#[cfg(feature = "gateway")]
mod gateway;
mod history;
mod http_requests;
mod in_place;
mod inbox;
mod keep;
mod macros;
mod open_request;
mod page_values;
mod properties;
mod queue;
mod requests;
mod responder;
mod restore;
mod shared;
mod slot;
mod state;
mod wakers;

pub(crate) use admission::{Offer, SlotHandle};
pub(crate) use counters::End;
pub use counters::{Counts, DropReason, RefusalReason};
pub use error::SendError;
#[cfg(feature = "gateway")]
pub use gateway::Forwarded;
pub(crate) use history::Past;
pub use history::{HistoryPoint, Recorder};
pub use inbox::{Inbox, Invoked, Message};
pub use instep_proto::delivery::PublishError;
pub use page_values::PageValueError;
pub use requests::Request;
pub use responder::Responder;
pub use shared::Device;
pub use slot::{ClientId, Slot as SlotMemory};
pub use state::{Follower, Memory};

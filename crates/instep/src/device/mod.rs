//! The device: its published state, its clients' slots, and the inbox.

mod admission;
mod backlog;
mod confirm;
mod counters;
mod error;
mod free_slots;
#[cfg(feature = "gateway")]
mod gateway;
mod history;
mod hold;
mod http_requests;
mod in_place;
mod inbox;
mod keep;
mod lock;
mod macros;
mod open_request;
mod page_values;
#[cfg(feature = "gateway")]
mod past_values;
mod properties;
mod queue;
mod requests;
mod responder;
mod restore;
mod shared;
mod slot;
mod slot_index;
mod state;
mod wakers;

pub(crate) use admission::{Offer, SlotHandle};
pub(crate) use counters::End;
pub use counters::{Counts, DropReason, RefusalReason};
pub use error::SendError;
#[cfg(feature = "gateway")]
pub use gateway::Forwarded;
pub use history::{HistoryPoint, Past, Recorder};
pub use inbox::{Inbox, Invoked, Message};
pub use instep_proto::delivery::PublishError;
pub use page_values::PageValueError;
#[cfg(feature = "gateway")]
pub use past_values::PastValues;
pub use requests::Request;
pub use responder::Responder;
pub use shared::Device;
pub use slot::{ClientId, Slot as SlotMemory};
pub use slot_index::SlotIndex;
pub use state::{Follower, Memory};

//! The list of all devices: its page, which is live, and the directory of the Web of Things.
//!
//! The list is a retained table, as the properties of a device are: each device has a place in it, which is a topic.

mod admittance;
mod app;
mod description;
mod directory;
mod places;
mod row;

pub use admittance::Admittance;
pub use app::List;

//! The devices that the broker told of, from the ground up: limits, what is known of a device, its table, the memory of all, all tables, the lock.

mod changes;
mod description;
mod device;
mod follower;
mod frame;
mod history;
mod left_out;
mod limits;
mod memory;
mod names;
mod shared;
mod summary;
mod tables;

pub use changes::{Changes, Position};
pub use description::Description;
pub use follower::{Change, Follower};
pub use frame::Frame;
pub use limits::FleetLimits;
pub use shared::{Fleet, FleetCounts, Following};
pub use summary::{Presence, Since, Summary};

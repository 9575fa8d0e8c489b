//! A gateway: it shows the devices that a broker tells of to any number of viewers.
//!
//! * [`Fleet`]: what the broker told of each device, and the way of commands to the devices;
//! * [`Follower`]: what follows one device, such as a device that viewers look at.

#![forbid(unsafe_code)]

mod command;
mod fleet;
mod notices;

pub use command::{Command, CommandError, Reply, Wait};
pub use fleet::{
    Change, Changes, Description, Fleet, FleetLimits, Follower, Following, Frame, Presence, Since, Summary,
};
pub use notices::Notices;

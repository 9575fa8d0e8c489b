//! A gateway: it shows the devices that a broker tells of to any number of viewers.
//!
//! * [`Fleet`]: what the broker told of each device, and the way of commands to the devices;
//! * [`Follower`]: what follows one device, such as a device that viewers look at;
//! * [`Gateway`]: the devices that viewers look at, for a server;
//! * [`Notices`]: messages between gateways;
//! * [`List`]: the page with all devices, and their directory;
//! * [`Broker`]: the broker, whose client fills the fleet.
//!
//! The broker's retained messages are the device's table again, and a gateway follows them as any client follows a table: a
//! connection to the broker begins with all that is stored there, so a start and a new connection are one code path.
//! A device that nobody looks at is a row of frames, each as it came; an event is passed to followers, and kept for nobody.

#![forbid(unsafe_code)]

// The tests of the crate's own files have a set-up in common with those in `tests`.
#[cfg(test)]
extern crate self as instep_gateway;

mod broker;
mod command;
mod fleet;
mod list;
mod notices;
mod shown;

pub use broker::Broker;
pub use command::{Command, CommandError, Reply, Wait};
pub use fleet::{
    Change, Changes, Description, Fleet, FleetCounts, FleetLimits, Follower, Following, Frame, Position,
    Presence, Since, Summary,
};
pub use list::{Admittance, List};
pub use notices::Notices;
pub use shown::{Gateway, GatewayLimits, Pages};

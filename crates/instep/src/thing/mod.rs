//! The Thing: what a device is and can do, declared once. Its page, its JSON, its routes and its description follow.
//!
//! The words are those of the W3C Web of Things (Thing, property, action, event); the kinds are those of Home
//! Assistant (switch, number, sensor, ...).

mod decimal;
mod declare;

pub use declare::{History, Interaction, Kind, Thing};

//! The section of the panel that updates the firmware, with a device that is updated by the real HTTP.

mod choice;
mod garden;
mod outcome;
mod upload;

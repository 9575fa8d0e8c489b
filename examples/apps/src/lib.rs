//! The example applications of instep. Each is short, and builds for every board.
//!
//! An application is a `const APP`, which declares what it serves, and an `async fn run`. It is generic over its
//! hardware (`embedded-hal`), and names neither a chip nor a network stack.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

/// Documents whose examples are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/your-own-device.md")]
struct YourOwnDevice;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/update.md")]
struct Update;

pub mod chat;
pub mod console;
mod debounced;
mod dimmed;
pub mod echo;
pub mod hello;
mod inverted;
pub mod knob;
pub mod lamp;
mod led;
pub mod led_json;
pub mod led_plain;
pub mod led_state;
pub mod led_words;
mod machine;
pub mod motor;
mod no_dimmer;
mod page;
pub mod push_button;
mod run;
pub mod soft_ap;
pub mod soil;
pub mod thermometer;
pub mod toggle;
mod unconnected;
pub mod weather;
pub mod workshop;

pub use debounced::Debounced;
pub use dimmed::{Dimmed, Light, LightError, Pulses};
pub use inverted::Inverted;
pub use led::{LED, Led};
pub use machine::Machine;
pub use no_dimmer::NoDimmer;
pub use run::{ALL, find, run};
pub use unconnected::Unconnected;

//! Settings that survive power loss at any moment.
//!
//! [`Settings`] is what a device knows of itself: its network, its passwords, its name, and what the application
//! keeps. It is plain memory, shared by reference, and never waits. A [`Saver`] brings what changed into a
//! [`Storage`], at most every [`SAVE_EVERY`] milliseconds and when it is told to. There are two: [`FlashStorage`],
//! and with the feature `std` [`FileStorage`].
//!
//! ```
//! # use embassy_futures::block_on;
//! # use instep_settings::*;
//! # fn device<S: Storage>(storage: S, mut now: impl FnMut() -> u64) { block_on(async {
//! let settings = Settings::new(); // a firmware has it in a static
//! let (mut saver, opened) = Saver::open(&settings, storage).await;
//! if opened.is_warning() {
//!     println!("{opened}");
//! }
//! // What was given when this was built wins once, when it is new.
//! let network = Network::new(NetworkName::new(b"workshop").unwrap(), None);
//! settings.take_build(Build { network: Some(network), ..Build::default() });
//!
//! // An output that is as it was before the power went.
//! const LED: KeptName = KeptName::new("led");
//! let led = KeptSwitch::new(Kept::by(&settings), LED, PowerUp::Last);
//! let on = led.at_start();
//! led.switched(!on).unwrap();
//!
//! // Beside the application; the time is the caller's, in milliseconds.
//! saver.turn(now()).await.unwrap();
//! let due = saver.due(); // call `turn` then; without a time, wait for `settings.changed()`
//! // Before the power is switched off, or after somebody set a password.
//! saver.save().await.unwrap();
//! # assert!(due.is_some());
//! # }) }
//! ```
//!
//! # What holds
//!
//! * After a loss of power each setting has its old value or its new one. A network and its password are one setting.
//! * What cannot be read means defaults, one line for the log ([`LoadOutcome`]), and a device that runs.
//! * Settings that a newer version wrote are left alone until somebody sets something (see [`LoadOutcome::Newer`]).
//! * Passwords are never printed: `***` stands for them.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

mod build_defaults;
#[cfg(feature = "std")]
mod file;
mod flash;
mod kept;
mod kept_value;
mod record;
mod saver;
mod settings;
mod storage;
mod table;
mod values;

pub use build_defaults::Build;
#[cfg(feature = "std")]
pub use file::{FileError, FileStorage};
pub use flash::{FlashError, FlashStorage};
pub use kept::{Kept, KeptSwitch, PowerUp};
pub use kept_value::{KEPT_MAX, KEPT_NAME_MAX, KEPT_VALUE_MAX, KeepError, KeptName, KeptValue};
pub use record::{Key, Record, VERSION};
pub use saver::{LoadOutcome, SAVE_EVERY, Saver};
pub use settings::Settings;
pub use storage::{Loaded, Storage};
pub use values::{DeviceName, Network, NetworkName, PasswordHash, WifiPassword, WrongValue};

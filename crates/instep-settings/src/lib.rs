//! Settings that survive a power loss at any moment.
//!
//! [`Settings`] are a device's network, passwords and name, and the values that the application persists. They live in
//! memory. Tasks share them by reference, and no call blocks. A [`Saver`] writes changes to a [`Storage`], at most
//! every [`SAVE_EVERY`] milliseconds, and on request. There are two storages: [`FlashStorage`], and with the
//! feature `std` [`FileStorage`].
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
//! // A setting of the build replaces the stored one only if it differs from the setting of the previous build.
//! let network = Network::new(NetworkName::new(b"workshop").unwrap(), None);
//! settings.take_build(Build { network: Some(network), ..Build::default() });
//!
//! // An output that keeps its state across a power loss.
//! const LED: KeptName = KeptName::new("led");
//! let led = KeptSwitch::new(Kept::by(&settings), LED, PowerUp::Last);
//! let on = led.at_start();
//! led.switched(!on).unwrap();
//!
//! // The saver runs beside the application, on the caller's clock in milliseconds.
//! saver.turn(now()).await.unwrap();
//! let due = saver.due(); // call `turn` at this time, or after `settings.changed()` if it is `None`
//! // Save now before the power is switched off, or after a password was set.
//! saver.save().await.unwrap();
//! # assert!(due.is_some());
//! # }) }
//! ```
//!
//! # Guarantees
//!
//! * After a power loss each setting has its old value or its new one. A network and its password are one
//!   setting.
//! * If the settings cannot be read, the device runs with defaults, and [`LoadOutcome`] is one line for the log.
//! * Settings of a newer version are left alone until a person sets one (see [`LoadOutcome::Newer`]).
//! * Passwords are never printed; `***` replaces them.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

#[cfg(feature = "mqtt")]
mod broker;
mod build_defaults;
#[cfg(feature = "std")]
mod file;
mod fingerprint;
mod flash;
mod kept;
mod kept_value;
#[cfg(feature = "thing")]
mod property_store;
mod record;
mod saver;
mod setting;
mod settings;
mod slots;
mod storage;
mod table;
mod values;

#[cfg(feature = "mqtt")]
pub use broker::{BROKER_PASSWORD_MAX, BROKER_URL_MAX, BrokerPassword, BrokerUrl};
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

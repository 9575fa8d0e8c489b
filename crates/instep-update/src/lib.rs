//! Firmware updates that return to the old image if the new one fails.
//!
//! The flash has two slots, each with an image in ESP-IDF's format, and the partition `otadata`, by which ESP-IDF's
//! boot loader chooses a slot. [`Updater`] writes a new image into the slot that does not run, and makes it the boot
//! loader's choice. The new image then is on trial: its [`Updater`] says so at the start, and [`Trial`] decides from
//! what happens whether it stays.
//!
//! ```
//! # use instep_update::*;
//! # fn restart() -> ! { panic!() }
//! // The application descriptor, and this one directly behind it, are at the start of the image. In firmware for an
//! // ESP32 chip: #[unsafe(link_section = ".flash.appdesc.instep")] #[used]
//! static DESCRIPTOR: Descriptor = Descriptor::new("esp32c3-devkit", "lamp", "0.2.0");
//! const RUNNING: Identity = Identity::new(Chip::ESP32C3, "0.2.0", &DESCRIPTOR);
//!
//! # fn device(flash: &dyn Flash, booted: Slot, reset: ResetReason, mut now: impl FnMut() -> u64)
//! #     -> Result<(), Refusal> {
//! let layout = Layout::new(
//!     Partition { offset: 0xd000, size: 0x2000 },
//!     [Partition { offset: 0x1_0000, size: 0x1f_0000 }, Partition { offset: 0x20_0000, size: 0x1f_0000 }],
//! )?;
//! // Directly after the watchdog, before anything that can fail.
//! let (mut updater, at_start) = Updater::open(flash, layout, booted, &RUNNING, reset)?;
//! match at_start {
//!     AtStart::Settled => {}
//!     AtStart::GivenUp(_) => restart(), // into the old image
//!     AtStart::OnTrial { before, .. } => {
//!         let mut trial = Trial::new(before, Times::default(), now());
//!         trial.address(now(), true);
//!         trial.answered(now(), Network::Joined);
//!         match trial.poll(now()) {
//!             Progress::Undecided { until: _ } => {} // poll again at this time, or after the next input
//!             Progress::Decided(verdict) => updater.conclude(verdict)?,
//!         }
//!     }
//! }
//!
//! // An upload, sector by sector. Other tasks run between the steps.
//! # let (first, next) = ([0; SECTOR_SIZE], [0; SECTOR_SIZE]);
//! let mut writer = updater.begin(&first, Allowed::default())?;
//! for sector in [first, next] {
//!     let mut left = &sector[..];
//!     while !left.is_empty() {
//!         left = writer.write(left)?;
//!     }
//! }
//! writer.verify()?.activate(Network::Joined)?;
//! restart()
//! # }
//! ```
//!
//! # Guarantees
//!
//! * After a power loss at any moment the boot loader starts a whole image: the old one or the new one.
//! * No slot holds a loadable image that was not checked, because the first word of an image is written last.
//! * An image that is on trial accepts no upload, because the other slot holds the image to return to.
//! * The running slot is given by the board, which reads it from the MMU. It is never concluded from `otadata`, because
//!   the boot loader starts the other slot if the chosen one cannot be loaded.
//!
//! # What it cannot tell
//!
//! An image that dies before [`Updater::open`] (in start-up code, in the initialisation of statics) makes no mark, so
//! nothing counts its starts. With the boot loader's rollback on, the second start ends its trial all the same.
//! Flash encryption is not supported, because marks clear single bits of a word that was written.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod at_start;
mod boot;
mod descriptor;
#[cfg(feature = "signature")]
mod ed25519;
mod flash;
mod identity;
mod image;
mod inspect;
mod label;
mod last_try;
mod layout;
mod name;
mod otadata;
mod refusal;
#[cfg(feature = "signature")]
mod signature;
mod trial;
mod updater;
mod verdict;
mod version;
mod writer;

pub use at_start::{AGAIN_MAX, AtStart, ResetReason};
pub use boot::{Boot, boot};
pub use descriptor::Descriptor;
pub use flash::Flash;
pub use identity::{Allowed, Chip, Identity};
pub use image::{ImageCheck, SIGNATURE_LENGTH, WholeImage};
pub use inspect::inspect;
pub use label::{LABEL_LENGTH, Label};
pub use last_try::LastTry;
pub use layout::{Layout, Partition, SECTOR_SIZE, Slot};
pub use name::Name;
pub use otadata::{ENTRY_LENGTH, Entry, Otadata, State, next_sequence};
pub use refusal::Refusal;
#[cfg(feature = "signature")]
pub use signature::{PublicKey, SIGNED_TEXT_MAX, signed_text};
pub use trial::{Progress, Times, Trial};
pub use updater::Updater;
pub use verdict::{Confirmation, Network, Reason, Verdict};
pub use writer::{Verified, Writer};

//! Firmware updates: `instep-update` behind the route `/firmware`.
//!
//! A board shares its flash between the settings and the updates. Both use it for one operation at a time, in one executor: the
//! updates through a `RefCell` ([`Flash`]), and the settings through a part of the same one, such as
//! `embassy_embedded_hal::flash::partition::BlockingPartition`. At its start, after the watchdog and before all else, the board
//! calls [`UpdateMemory::start`]. That counts the start of an image on trial, and restarts into the old image if the new one
//! failed before. The board gives [`Firmware::upload`] to [`Server::with_update`](crate::Server::with_update), and runs
//! [`Firmware::run`] in a task of its own:
//!
//! ```no_run
//! # use embassy_net::Stack;
//! use instep_embassy::update::{
//!     Chip, Descriptor, Flash, Identity, Image, Layout, Network, ResetReason, Slot, Times, UpdateMemory,
//!     permission,
//! };
//!
//! const DESCRIPTOR: Descriptor = Descriptor::new("esp32c3-devkit", "lamp", "0.2.0");
//! static IDENTITY: Identity = Identity::new(Chip::ESP32C3, "0.2.0", &DESCRIPTOR);
//! static UPDATES: UpdateMemory = UpdateMemory::new();
//!
//! # async fn device(
//! #     flash: &'static dyn Flash, layout: Layout, running: Slot, reset: ResetReason, restart: fn() -> !,
//! #     server: instep_embassy::Server, station: Stack<'static>,
//! # ) {
//! let image = Image {
//!     identity: &IDENTITY,
//!     layout,
//!     running,
//!     reset,
//!     permission: const { permission(option_env!("INSTEP_UPDATE")) },
//!     times: &Times::DEFAULT,
//!     restart,
//! };
//! let firmware = UPDATES.start(flash, image);
//! let server = server.with_update(firmware.upload()); // for the drivers
//! firmware.run(server.device, &[(Network::Joined, station)], async || { /* save the settings */ }).await
//! # }
//! ```

mod install;
mod judge;
mod lifecycle;
mod memory;
mod settings;
mod tell;
mod watch;

#[cfg(feature = "signature")]
pub use instep_update::PublicKey;
pub use instep_update::{
    Chip, Descriptor, Flash, Identity, Layout, Network, Partition, ResetReason, Slot, Times,
};
pub use lifecycle::{Firmware, Image};
pub use memory::UpdateMemory;
pub use settings::permission;
#[cfg(feature = "signature")]
pub use settings::public_key;
pub(crate) use watch::report_served;

//! A device as firmware in QEMU, on the machine `virt` with a 32-bit RISC-V processor.
//!
//! [`main!`] joins an application with the driver for microcontrollers, `instep-embassy`. It adds all that firmware needs
//! beside the application: the static memory, the network, the log, the log-in, and settings by environment variables at
//! build time, which QEMU's option `-append "instep.NAME=VALUE"` overrides when the machine starts.
//!
//! With the feature `update`, and where `INSTEP_FLASH` of the launcher names a file, the firmware is updated over HTTP, and the
//! properties of a Thing that are declared as `kept` survive. `INSTEP_UPDATE=open` at build time lets everyone update it without a
//! password, and `INSTEP_UPDATE_KEY` makes it accept only images that are signed with that key.
//!
//! With the feature `mqtt` and `INSTEP_MQTT=mqtt://HOST`, the device is published at an MQTT broker; QEMU's user network reaches
//! the machine that runs it at 10.0.2.2.
//!
//! The application gets its inputs and outputs by names from `Io`. All of them are simulated.
//!
//! A program without an operating system needs linker scripts, which only its own build script can name:
//!
//! ```
//! # let is_firmware = true;
//! // In `fn main` of build.rs, for this target and the feature that names this crate:
//! if is_firmware {
//!     println!("cargo::rustc-link-arg-bins=-Tmemory.x");
//!     println!("cargo::rustc-link-arg-bins=-Tlink.x");
//! }
//! ```
//!
//! The network stack must know more neighbors than it does by default, which `.cargo/config.toml` states:
//!
//! ```toml
//! [env]
//! SMOLTCP_IFACE_NEIGHBOR_CACHE_COUNT = "32"
//! ```
//!
//! On other targets [`main!`] expands to nothing, and the rest of this crate is not compiled.

#![no_std]

#[cfg(all(target_arch = "riscv32", feature = "mqtt"))]
mod broker;
#[cfg(target_arch = "riscv32")]
mod broker_macro;
#[cfg(target_arch = "riscv32")]
#[doc(hidden)]
pub mod expansion;
#[cfg(all(target_arch = "riscv32", feature = "update"))]
mod fault;
#[cfg(target_arch = "riscv32")]
mod io;
mod main_macro;
#[cfg(target_arch = "riscv32")]
mod settings;
#[cfg(target_arch = "riscv32")]
mod start;
#[cfg(all(target_arch = "riscv32", feature = "update"))]
mod update;
#[cfg(target_arch = "riscv32")]
mod update_macro;

#[cfg(all(target_arch = "riscv32", feature = "update"))]
#[doc(hidden)]
pub use fault::{Fault, leave_out};
#[cfg(target_arch = "riscv32")]
pub use io::{I2cBus, I2cBusError, I2cDevice, Input, Io, Output};
#[cfg(target_arch = "riscv32")]
pub use qemu_machine::{Boot, ResetReason, log_also_to};
#[cfg(target_arch = "riscv32")]
pub use settings::with_page;

//! A device on ESP32 chips: Wi-Fi, set-up in a network of its own, settings, log-in, log and watchdog.
//!
//! `main` of the firmware owns the chip. It hands over [`Parts`] for the device, and keeps all other peripherals for the
//! application:
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//!
//! use embassy_executor::Spawner;
//! use esp_hal::clock::CpuClock;
//! use esp_hal::gpio::{Input, InputConfig, Level, Output, OutputConfig, Pull};
//! use instep_esp::Parts;
//!
//! #[esp_rtos::main]
//! async fn main(spawner: Spawner) {
//!     let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
//!     let pump = Output::new(chip.GPIO3, Level::Low, OutputConfig::default());
//!     let parts = Parts {
//!         wifi: chip.WIFI,
//!         flash: chip.FLASH,
//!         timers: chip.TIMG0,
//!         interrupt: chip.FROM_CPU_INTR0,
//!         button: Some(Input::new(chip.GPIO9, InputConfig::default().with_pull(Pull::Up))),
//!     };
//!     let mut board = instep_esp::start!(garden::APP, "my-board", spawner, parts).await;
//!     garden::run(board.device, &mut board.inbox, pump).await
//! }
//! ```
//!
//! [`start!`] starts the log, the heap of the radio, the scheduler and the watchdog, and reads the settings. Then the
//! application begins. When it waits for the first time, the networks start.
//!
//! With the feature `update`, the firmware is updated over HTTP: see `docs/guide/update.md`.
//!
//! With the feature `mqtt`, the device is published at an MQTT broker: see `docs/reference/mqtt.md`.
//!
//! The build takes its settings from environment variables, such as `INSTEP_WIFI_SSID`: see `docs/guide/esp32.md`.
//!
//! A feature selects the chip. The crate is empty for other targets than those of the chips.

#![no_std]
// For other targets, where the crate is empty, its text has links to nothing.
#![cfg_attr(
    not(any(target_arch = "riscv32", target_arch = "xtensa")),
    allow(rustdoc::broken_intra_doc_links)
)]
#![cfg(any(target_arch = "riscv32", target_arch = "xtensa"))]

#[cfg(feature = "mqtt")]
mod broker;
mod config;
mod disconnect;
#[doc(hidden)]
pub mod expansion;
mod flash;
mod limits;
mod lines;
mod log;
mod memory;
mod networks;
mod queues;
mod radio;
mod servers;
mod settings;
mod start;
#[cfg(feature = "update")]
mod update;
mod update_macro;
mod watchdog;

pub use log::log_also_to;
pub use settings::restart;
pub use start::{Board, Parts};

#[cfg(feature = "backtrace")]
use esp_backtrace as _;

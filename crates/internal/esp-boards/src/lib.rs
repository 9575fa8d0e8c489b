//! The boards that have firmware for an ESP32 chip, as data: `instep new`, `examples/esp32` and `cargo xtask` have the same
//! table.

#![no_std]
#![forbid(unsafe_code)]

mod boards;

pub use boards::{BOARDS, Board};

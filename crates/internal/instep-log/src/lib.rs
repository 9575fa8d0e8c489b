//! Lines of a board's log on their way to its serial port.

#![no_std]
#![forbid(unsafe_code)]

mod ring;

pub use ring::Ring;

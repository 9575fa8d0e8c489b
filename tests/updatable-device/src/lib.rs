//! A device on Linux whose firmware is updated by the real HTTP.
//!
//! The server, `/firmware`, the checks of an image and its signature are those of a device. The flash and the restart are
//! simulated: a [`Device`] stops its server, and serves again at the same port as the image that it received, or as the one before.
//! The test says by [`Fate`] what becomes of a new image.

#![forbid(unsafe_code)]

mod device;
mod flash;
mod image;

pub use device::{Device, Fate, Setup};
pub use image::Sample;

//! Calls of the C library and of the kernel that no well-kept safe crate offers.

pub mod memory;
pub mod socket;

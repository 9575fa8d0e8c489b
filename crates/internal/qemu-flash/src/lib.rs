//! The flash of the machine in QEMU, which outlives QEMU.
//!
//! QEMU's machine `virt` has no flash that behaves like a chip's, so a part of its RAM stands for one. QEMU keeps the RAM
//! in a file: `-object memory-backend-file,id=r,size=16M,share=on,mem-path=FILE -M virt,memory-backend=r`.
//!
//! The flash has the partitions and the image format of an ESP32, with a chip id that no chip has. A boot stub chooses the
//! slot, as the boot loader of a chip does. Without the stub, QEMU loads an ELF file, and the slots are not used.

#![cfg_attr(not(feature = "host"), no_std)]

#[cfg(feature = "host")]
mod entry;
#[cfg(feature = "host")]
mod file;
mod hand_over;
#[cfg(feature = "host")]
mod image;
mod layout;

#[cfg(feature = "host")]
pub use entry::{State, entry};
#[cfg(feature = "host")]
pub use file::FlashFile;
pub use hand_over::{HandOver, ResetReason};
#[cfg(feature = "host")]
pub use image::{ImageError, image, seal};
pub use layout::{
    CHIP, FLASH_ADDRESS, FLASH_SIZE, HAND_OVER_ADDRESS, OTADATA, PAGE, PARTITION_TABLE, PARTITIONS, PROGRAM,
    Partition, RAM, RAM_SIZE, SECTOR, SETTINGS, SLOTS,
};

//! Images for updates: the firmware with another version or a fault, hashed and signed anew.

use crate::machine::path;
use instep_update::{ImageCheck, inspect, signed_text};
use qemu_flash::{image, seal};
use std::fs;

/// Seed of the key in `INSTEP_UPDATE_KEY` of the firmware (`xtask/src/qemu.rs`).
const SEED: [u8; 32] = *b"the seed of a key for tests only";
/// Length of a name in an image, with the NULs behind it.
const NAME: usize = 32;
/// Length of a signature.
pub const SIGNATURE: usize = 64;

/// Fault of an image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None = b'-' as isize,
    Panics = b'P' as isize,
    Hangs = b'H' as isize,
    NeverJoins = b'N' as isize,
    AnswersNothing = b'D' as isize,
    FailsCheck = b'C' as isize,
}

/// Returns an image without a signature.
pub fn unsigned(version: &str, fault: Fault) -> Vec<u8> {
    let elf = fs::read(path("INSTEP_UPDATE_IMAGE")).expect("cannot read the firmware");
    let mut image = image(&elf).expect("no image");
    let mark = image.windows(8).position(|bytes| bytes == b"FAULT = ").expect("the image has no mark");
    image[mark + 8] = fault as u8;
    rename(&mut image, env!("CARGO_PKG_VERSION"), version);
    seal(&mut image);
    image
}

/// Returns a signed image.
pub fn signed(version: &str, fault: Fault) -> Vec<u8> {
    sign(unsigned(version, fault))
}

/// Returns a signed image for another board.
pub fn for_other_board(version: &str) -> Vec<u8> {
    let mut image = unsigned(version, Fault::None);
    rename(&mut image, "qemu-riscv32", "qemu-riscv64");
    seal(&mut image);
    sign(image)
}

/// Adds the signature.
pub fn sign(mut image: Vec<u8>) -> Vec<u8> {
    let mut check = ImageCheck::new(u32::MAX);
    check.take(&image).expect("the image is damaged");
    let hash = check.finish().expect("the image is not whole").hash;
    let text = signed_text(&inspect(&image[..4096]).expect("the image has no descriptor"), &hash);
    let signature = salty::Keypair::from(&SEED).sign(text.as_bytes());
    image.extend(signature.to_bytes());
    image
}

/// Replaces a name wherever it is, with NULs behind it.
fn rename(image: &mut [u8], old: &str, new: &str) {
    let padded = |name: &str| {
        let mut bytes = name.as_bytes().to_vec();
        bytes.resize(NAME, 0);
        bytes
    };
    let (old, new) = (padded(old), padded(new));
    let places: Vec<usize> = (0..image.len() - NAME).filter(|at| image[*at..].starts_with(&old)).collect();
    assert!(!places.is_empty(), "the image has no such name");
    for at in places {
        image[at..at + NAME].copy_from_slice(&new);
    }
}

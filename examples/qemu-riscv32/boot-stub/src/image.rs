//! Checks of an image, those of `esp_image_format.c` of ESP-IDF.

use core::fmt::{self, Display};
use qemu_flash::{CHIP, PROGRAM};
use sha2::{Digest as _, Sha256};

const HEADER: usize = 24;
const MAX_SEGMENTS: u8 = 16;

/// Reason why an image does not load.
#[derive(Clone, Copy)]
pub enum Problem {
    /// The first byte is not that of an image, or no slot has as many bytes.
    NoImage,
    /// The image is for that chip.
    OtherChip(u16),
    /// A segment, or the entry, lies outside of the memory for programs.
    Misplaced(u32),
    /// The checksum is wrong.
    Checksum,
    /// The hash is wrong or missing.
    Hash,
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImage => f.write_str("it has no whole image"),
            Self::OtherChip(chip) => write!(f, "the image is for the chip {chip:#x}"),
            Self::Misplaced(address) => write!(f, "the address {address:#x} is not for programs"),
            Self::Checksum => f.write_str("the checksum is wrong"),
            Self::Hash => f.write_str("the hash is wrong"),
        }
    }
}

/// Segments of a checked image.
#[derive(Clone, Copy)]
pub struct Segments {
    /// Address of the first instruction.
    pub entry: u32,
    count: u8,
}

impl Segments {
    /// Iterates over the segments of the image, each with its address.
    pub fn iter(self, image: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
        let mut at = HEADER;
        (0..self.count).map_while(move |_| {
            let (address, length) = (word(image, at)?, word(image, at + 4)? as usize);
            let bytes = image.get(at + 8..)?.get(..length)?;
            at += 8 + length;
            Some((address, bytes))
        })
    }
}

/// Checks the image at the start of a slot.
pub fn check(slot: &[u8]) -> Result<Segments, Problem> {
    let segments = Segments { entry: word(slot, 4).ok_or(Problem::NoImage)?, count: slot[1] };
    if slot[0] != 0xE9 || !(1..=MAX_SEGMENTS).contains(&segments.count) {
        return Err(Problem::NoImage);
    }
    let chip = u16::from_le_bytes([slot[12], slot[13]]);
    if chip != CHIP {
        return Err(Problem::OtherChip(chip));
    }
    let (mut checksum, mut end, mut count, mut has_entry) = (0xEF, HEADER, 0, false);
    for (address, bytes) in segments.iter(slot) {
        let last = u64::from(address) + bytes.len() as u64;
        if address % 4 != 0
            || bytes.len() % 4 != 0
            || address < PROGRAM.start
            || last > u64::from(PROGRAM.end)
        {
            return Err(Problem::Misplaced(address));
        }
        checksum = bytes.iter().fold(checksum, |sum, byte| sum ^ byte);
        end += 8 + bytes.len();
        count += 1;
        has_entry |= segments.entry >= address && u64::from(segments.entry) < last;
    }
    // The last byte before the hash, at a multiple of 16, is the checksum.
    let hash_at = (end + 1).next_multiple_of(16);
    match slot.get(hash_at..hash_at + 32) {
        Some(_) if count != segments.count => Err(Problem::NoImage),
        Some(_) if !has_entry => Err(Problem::Misplaced(segments.entry)),
        Some(_) if slot[hash_at - 1] != checksum => Err(Problem::Checksum),
        Some(hash) if slot[23] == 1 && Sha256::digest(&slot[..hash_at]).as_slice() == hash => Ok(segments),
        Some(_) => Err(Problem::Hash),
        None => Err(Problem::NoImage),
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

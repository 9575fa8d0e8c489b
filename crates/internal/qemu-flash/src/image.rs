//! Images of firmware, in the format of an ESP32.
//!
//! See "Firmware Image Format" in the documentation of esptool.

use crate::layout::{CHIP, PROGRAM, SLOTS};
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Display};

/// Length of the image's header, in bytes.
const HEADER: usize = 24;
/// Length of a segment's header, in bytes: its address and its length.
const SEGMENT_HEADER: usize = 8;
/// First byte of an image.
const MAGIC: u8 = 0xE9;
/// Position of the number of segments in the header.
const SEGMENTS: usize = 1;
/// Start value of the checksum.
const CHECKSUM: u8 = 0xEF;
/// Length of everything before the hash is a multiple of this, in bytes.
const ALIGNMENT: usize = 16;
/// Length of the hash, in bytes.
const HASH: usize = 32;
/// Magic word of an application descriptor, `ESP_APP_DESC_MAGIC_WORD`.
const DESCRIPTOR: [u8; 4] = 0xABCD_5432_u32.to_le_bytes();

/// Reason why no image can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// The bytes are not an ELF file for a 32-bit processor.
    NotFirmware,
    /// No segment begins with an application descriptor.
    NoDescriptor,
    /// A segment lies outside of the memory for programs, or begins between two words.
    Misplaced {
        /// Address of the segment.
        address: u32,
    },
    /// The image is longer than a slot.
    TooLarge {
        /// Length of the image, in bytes.
        length: usize,
    },
}

impl Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFirmware => f.write_str("this is no firmware: it is not an ELF file of 32 bits"),
            Self::NoDescriptor => f.write_str(
                "this firmware cannot be updated: it has no application descriptor; add qemu_machine::app_descriptor!()",
            ),
            Self::Misplaced { address } => {
                write!(f, "this firmware is for another machine: it has a segment at {address:#x}")
            }
            Self::TooLarge { length } => write!(f, "the image does not fit: it has {length} bytes"),
        }
    }
}

impl std::error::Error for ImageError {}

/// Makes the image of a firmware.
///
/// Its first segment is the one that begins with the application descriptor. Its last bytes are their hash.
///
/// # Errors
/// If the bytes are not a firmware for this machine, or the image does not fit a slot.
pub fn image(elf: &[u8]) -> Result<Vec<u8>, ImageError> {
    let (entry, mut segments) = parse(elf).ok_or(ImageError::NotFirmware)?;
    segments.sort_by_key(|segment| (!segment.bytes.starts_with(&DESCRIPTOR), segment.address));
    if !segments.first().is_some_and(|segment| segment.bytes.starts_with(&DESCRIPTOR)) {
        return Err(ImageError::NoDescriptor);
    }
    let mut image = header(u8::try_from(segments.len()).map_err(|_| ImageError::NotFirmware)?, entry);
    for Segment { address, bytes } in segments {
        let length = bytes.len().next_multiple_of(4);
        let end = u64::from(address) + length as u64;
        if address % 4 != 0 || address < PROGRAM.start || end > u64::from(PROGRAM.end) {
            return Err(ImageError::Misplaced { address });
        }
        image.extend(address.to_le_bytes());
        image.extend(u32::try_from(length).expect("the segment ends within the memory").to_le_bytes());
        image.extend(bytes);
        image.resize(image.len() + length - bytes.len(), 0);
    }
    image.resize((image.len() + 1).next_multiple_of(ALIGNMENT) + HASH, 0);
    seal(&mut image);
    let slot = SLOTS[0].end - SLOTS[0].start;
    if image.len() > slot as usize {
        return Err(ImageError::TooLarge { length: image.len() });
    }
    Ok(image)
}

/// Writes the checksum and the hash of an image, after its bytes were changed.
///
/// # Panics
/// If the bytes are not an image of [`image`], with the lengths that it gave to the segments.
pub fn seal(image: &mut [u8]) {
    let mut checksum = CHECKSUM;
    let mut position = HEADER;
    for _ in 0..image[SEGMENTS] {
        let length = word(image, position + 4).expect("the segment has a header") as usize;
        let bytes = &image[position + SEGMENT_HEADER..][..length];
        checksum = bytes.iter().fold(checksum, |sum, byte| sum ^ byte);
        position += SEGMENT_HEADER + length;
    }
    let hash_at = (position + 1).next_multiple_of(ALIGNMENT);
    image[hash_at - 1] = checksum;
    let hash = Sha256::digest(&image[..hash_at]);
    image[hash_at..hash_at + HASH].copy_from_slice(&hash);
}

/// A loaded part of an ELF file.
struct Segment<'a> {
    address: u32,
    bytes: &'a [u8],
}

fn header(segments: u8, entry: u32) -> Vec<u8> {
    // The mode, size and speed of the flash are those of a C3 with 4 MB. This machine ignores them.
    let mut header = vec![MAGIC, segments, 2, 0x2F];
    header.extend(entry.to_le_bytes());
    header.extend([0xEE, 0, 0, 0]);
    header.extend(CHIP.to_le_bytes());
    // Revisions of the chip: any.
    header.extend([0, 0, 0, 0xFF, 0xFF]);
    // The last byte says that there is a hash behind the image.
    header.extend([0, 0, 0, 0, 1]);
    header
}

/// Returns the entry address of an ELF file, and the segments that have bytes.
fn parse(elf: &[u8]) -> Option<(u32, Vec<Segment<'_>>)> {
    /// Class of 32 bits, little-endian.
    const IDENTITY: &[u8] = b"\x7FELF\x01\x01";
    const LOADED: u32 = 1;
    elf.starts_with(IDENTITY).then_some(())?;
    let (start, size, count) = (word(elf, 28)? as usize, half(elf, 42)?, half(elf, 44)?);
    let mut segments = Vec::new();
    for number in 0..count {
        let header = elf.get(start + number * size..)?;
        let (offset, length) = (word(header, 4)? as usize, word(header, 16)? as usize);
        if word(header, 0)? == LOADED && length > 0 {
            // The physical address, because start-up code copies initial values to the virtual one.
            segments.push(Segment { address: word(header, 12)?, bytes: elf.get(offset..offset + length)? });
        }
    }
    Some((word(elf, 24)?, segments))
}

fn word(bytes: &[u8], position: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(position..position + 4)?.try_into().ok()?))
}

fn half(bytes: &[u8], position: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(position..position + 2)?.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with a segment of code at 0x8000_0000, and the descriptor behind it.
    fn firmware(descriptor: &[u8], code_at: u32) -> Vec<u8> {
        let mut elf = b"\x7FELF\x01\x01".to_vec();
        elf.resize(52 + 3 * 32, 0);
        elf[24..28].copy_from_slice(&0x8000_0000_u32.to_le_bytes());
        elf[28] = 52;
        elf[42] = 32;
        elf[44] = 3;
        let parts: [(u32, &[u8]); 3] = [(code_at, b"code..."), (0x8000_1000, descriptor), (0x8000_2000, &[])];
        for (number, (address, bytes)) in parts.into_iter().enumerate() {
            let offset = u32::try_from(elf.len()).unwrap();
            let length = u32::try_from(bytes.len()).unwrap();
            let header = [1, offset, 0xDEAD_0000, address, length, length].map(u32::to_le_bytes).concat();
            elf[52 + number * 32..][..24].copy_from_slice(&header);
            elf.extend(bytes);
        }
        elf
    }

    #[test]
    fn image_begins_with_descriptor_and_ends_with_hash() {
        let image = image(&firmware(&DESCRIPTOR, 0x8000_0000)).unwrap();
        assert_eq!((image[0], image[1], image[12], image[13], image[23]), (0xE9, 2, 0x51, 0x7F, 1));
        assert_eq!(&image[4..8], [0, 0, 0, 0x80]);
        assert_eq!(&image[24..36], [[0, 0x10, 0, 0x80], [4, 0, 0, 0], DESCRIPTOR].concat());
        assert_eq!(&image[36..52], [&[0, 0, 0, 0x80, 8, 0, 0, 0][..], b"code...\0"].concat());
        let (checked, hash) = image.split_at(64);
        assert_eq!(hash, Sha256::digest(checked).as_slice());
        let checksum = DESCRIPTOR.iter().chain(b"code...").fold(0xEF, |sum, byte| sum ^ byte);
        assert_eq!(&checked[52..], [&[0; 11][..], &[checksum]].concat());
    }

    #[test]
    fn patched_image_is_sealed_as_new_one() {
        let mut patched = image(&firmware(&DESCRIPTOR, 0x8000_0000)).unwrap();
        let whole = patched.clone();
        patched[44] ^= 1;
        assert_ne!(patched, whole);
        seal(&mut patched);
        assert_ne!(patched[63..], whole[63..]);
        patched[44] ^= 1;
        seal(&mut patched);
        assert_eq!(patched, whole);
    }

    #[test]
    fn other_file_is_rejected() {
        for other in [&b""[..], b"\x7FELF", b"\x7FELF\x02\x01", &firmware(&DESCRIPTOR, 0)[..80]] {
            assert_eq!(image(other), Err(ImageError::NotFirmware), "{other:?}");
        }
        assert_eq!(image(&firmware(b"data", 0x8000_0000)), Err(ImageError::NoDescriptor));
        for address in [0x4200_0000, 0x803F_FFFC, 0x8000_0002, u32::MAX - 3] {
            assert_eq!(image(&firmware(&DESCRIPTOR, address)), Err(ImageError::Misplaced { address }));
        }
    }
}

//! Images in ESP-IDF's format, made and checked without the code under test.

#![allow(dead_code, reason = "each test uses its part of it")]

use instep_update::{Chip, Descriptor};
use sha2::{Digest, Sha256};

pub const BOARD: &str = "esp32c3-devkit";
pub const APPLICATION: &str = "lamp";
/// Address of the first instruction.
pub const ENTRY: u32 = 0x4200_0120;

/// What an image is made of.
#[derive(Clone, Debug)]
pub struct Sample {
    pub chip: Chip,
    pub board: &'static str,
    pub application: &'static str,
    pub version: String,
    pub entry: u32,
    /// Segments behind the first one, as addresses and lengths.
    pub segments: Vec<(u32, usize)>,
}

impl Sample {
    pub fn new(version: &str) -> Self {
        Self {
            chip: Chip::ESP32C3,
            board: BOARD,
            application: APPLICATION,
            version: version.to_owned(),
            entry: ENTRY,
            segments: vec![(0x4038_0000, 600), (ENTRY - 0x120, 1200), (0x3fc8_0000, 4)],
        }
    }

    /// Makes the image.
    pub fn make(&self) -> Vec<u8> {
        let mut image = vec![0xe9, 1 + u8::try_from(self.segments.len()).unwrap(), 2, 0x2f];
        image.extend(self.entry.to_le_bytes());
        image.extend([0xee, 0, 0, 0]);
        image.extend(self.chip.0.to_le_bytes());
        image.extend([0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 1]);
        let mut first = app_descriptor(&self.version);
        first.extend(Descriptor::new(self.board, self.application, "0.2.0").to_bytes());
        first.extend((0..700_u32).flat_map(|word| word.wrapping_mul(0x9e37_79b1).to_le_bytes()));
        let mut sum = 0xef;
        let mut segment = |image: &mut Vec<u8>, address: u32, data: &[u8]| {
            image.extend(address.to_le_bytes());
            image.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            image.extend(data);
            sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
        };
        segment(&mut image, 0x3c00_0020, &first);
        let seed = self.version.bytes().fold(0, u8::wrapping_add);
        for (address, length) in &self.segments {
            let data: Vec<u8> = (seed..=u8::MAX).cycle().take(*length).collect();
            segment(&mut image, *address, &data);
        }
        image.resize(image.len() + 15 - image.len() % 16, 0);
        image.push(sum);
        seal(&mut image);
        image
    }
}

/// Appends the hash.
pub fn seal(image: &mut Vec<u8>) {
    let hash = Sha256::digest(&image);
    image.extend(hash);
}

fn app_descriptor(version: &str) -> Vec<u8> {
    let mut bytes = vec![0; 256];
    bytes[..4].copy_from_slice(&0xabcd_5432_u32.to_le_bytes());
    bytes[16..16 + version.len()].copy_from_slice(version.as_bytes());
    bytes[48..54].copy_from_slice(b"sample");
    bytes
}

/// Returns the version of the image in a slot if the boot loader can load it.
pub fn load(slot: &[u8]) -> Option<String> {
    if slot.first() != Some(&0xe9) || slot[23] != 1 {
        return None;
    }
    let (mut end, mut sum) = (24, 0xef);
    for _ in 0..slot[1] {
        let head = slot.get(end..end + 8)?;
        let length = usize::try_from(u32::from_le_bytes(head[4..].try_into().unwrap())).unwrap();
        let data = slot.get(end + 8..)?.get(..length)?;
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
        end += 8 + length;
    }
    end += 15 - end % 16;
    let hash = slot.get(end + 1..end + 33)?;
    if slot[end] != sum || *hash != *Sha256::digest(&slot[..=end]) {
        return None;
    }
    let version = &slot[48..80];
    let length = version.iter().position(|byte| *byte == 0).unwrap();
    Some(String::from_utf8(version[..length].to_vec()).unwrap())
}

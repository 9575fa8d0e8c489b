//! Images in ESP-IDF's format.

use instep_update::{Chip, Descriptor, Identity, inspect};
use sha2::{Digest as _, Sha256};

/// What an image is made of.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The chip of the image.
    pub chip: Chip,
    /// The name of the board.
    pub board: &'static str,
    /// The name of the application.
    pub application: &'static str,
    /// The version.
    pub version: &'static str,
    /// The length of the program, in bytes.
    pub length: usize,
}

impl Sample {
    /// Returns an image of 40 KB for the devices of this crate.
    pub fn new(version: &'static str) -> Self {
        Self { chip: Chip::ESP32C3, board: "devkit", application: "garden", version, length: 40_000 }
    }

    /// Makes the image.
    pub fn make(&self) -> Vec<u8> {
        let mut image = vec![0xe9, 2, 2, 0x2f, 0x20, 1, 0, 0x42, 0xee, 0, 0, 0];
        image.extend(self.chip.0.to_le_bytes());
        image.extend([0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 1]);
        let mut first = vec![0; 256];
        first[..4].copy_from_slice(&0xabcd_5432_u32.to_le_bytes());
        first[16..16 + self.version.len()].copy_from_slice(self.version.as_bytes());
        first.extend(Descriptor::new(self.board, self.application, "0.2.0").to_bytes());
        let program: Vec<u8> = (0..=250).cycle().take(self.length.next_multiple_of(4)).collect();
        let mut sum = 0xef;
        for (address, data) in [(0x3c00_0020_u32, first), (0x4200_0000, program)] {
            image.extend(address.to_le_bytes());
            image.extend(u32::try_from(data.len()).expect("the image is small").to_le_bytes());
            sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
            image.extend(data);
        }
        image.resize(image.len() + 15 - image.len() % 16, 0);
        image.push(sum);
        let hash = Sha256::digest(&image);
        image.extend(hash);
        image
    }

    /// Returns what the image says of itself.
    pub(crate) fn identity(&self) -> Identity {
        inspect(&self.make()).expect("the image has both descriptors")
    }
}

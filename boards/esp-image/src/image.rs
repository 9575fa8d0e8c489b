//! Images for a chip's flash.

use espflash::Error;
use espflash::flasher::{FlashData, FlashSettings, FlashSize};
use espflash::image_format::Metadata;
use espflash::image_format::idf::IdfBootloaderFormat;
use espflash::target::Chip;
use std::path::Path;

/// Slot that is written over a cable. The other slot is for updates.
const SLOT: &str = "ota_0";

/// Magic number, the first byte of every image.
const IMAGE: u8 = 0xE9;
/// Position of the chip's id in the header.
const CHIP: std::ops::Range<usize> = 12..14;
/// Position of the application descriptor's magic word, after the headers of the image and of its first segment.
const DESCRIPTOR: std::ops::Range<usize> = 32..36;
/// Magic word of an application descriptor, `ESP_APP_DESC_MAGIC_WORD`.
const APPLICATION: [u8; 4] = 0xABCD_5432_u32.to_le_bytes();

/// Images of a firmware.
#[derive(Debug)]
pub struct Images {
    /// Image of the application, for a slot.
    pub application: Vec<u8>,
    /// Image of the whole flash: boot loader, partition table, and the application in its slot. It overwrites the
    /// settings.
    pub first: Vec<u8>,
    /// Size of a slot, in bytes.
    pub slot: u32,
}

impl Images {
    /// Makes the images of a firmware.
    ///
    /// # Errors
    /// One sentence, if the firmware is for another chip, or does not fit its slot.
    pub fn new(chip: Chip, elf: &[u8], partitions: &Path) -> Result<Images, String> {
        built_for(chip, elf)?;
        let flash = FlashData::new(
            FlashSettings::new(None, Some(FlashSize::_4Mb), None),
            0,
            None,
            chip,
            chip.default_xtal_frequency(),
        );
        let format = IdfBootloaderFormat::new(elf, &flash, Some(partitions), None, None, Some(SLOT));
        let format = format.map_err(|error| match error {
            Error::ElfTooBig(size, slot) => {
                format!("the firmware does not fit: it has {size} bytes, and its slot {slot}; build it with less in it")
            }
            Error::Partition(error) => format!("{}: {error}", partitions.display()),
            error => format!("cannot make an image: {error}"),
        })?;
        let slot = format.partition_table().find(SLOT).map_or(0, |slot| slot.size());
        let mut first = Vec::new();
        for segment in format.clone().flash_segments() {
            first.resize(segment.addr as usize, 0xFF);
            first.extend_from_slice(segment.data());
        }
        let application = format.ota_segments().flat_map(|segment| segment.data().to_vec()).collect();
        Ok(Images { application, first, slot })
    }
}

/// Rejects a firmware for another chip.
fn built_for(chip: Chip, elf: &[u8]) -> Result<(), String> {
    match Metadata::from_bytes(Some(elf)).chip_name() {
        Some(name) if name == chip.to_string() => Ok(()),
        Some(name) => Err(format!("this firmware was built for {name}, not for {chip}")),
        None => Err(format!("this is no firmware for {chip}: it does not name its chip")),
    }
}

/// Checks that the image is an application for that chip.
///
/// # Errors
/// One sentence, if it is not.
pub fn check(chip: Chip, image: &[u8]) -> Result<(), String> {
    let number = image.get(CHIP).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    match number {
        Some(number) if image[0] == IMAGE => {
            if number != chip.id() {
                let other = CHIPS.into_iter().find(|chip| chip.id() == number);
                let other = other.map_or(format!("the chip number {number}"), |chip| chip.to_string());
                return Err(format!("this is an image for {other}, not for {chip}"));
            }
        }
        _ => return Err("this is no image for the ESP32 family".to_owned()),
    }
    match image.get(DESCRIPTOR) {
        Some(bytes) if bytes == APPLICATION => Ok(()),
        _ => Err("this is no application image: one with the boot loader in it would clear the settings"
            .to_owned()),
    }
}

/// Chips that have a board.
const CHIPS: [Chip; 5] = [Chip::Esp32, Chip::Esp32s2, Chip::Esp32s3, Chip::Esp32c3, Chip::Esp32c6];

#[cfg(test)]
mod tests {
    use super::*;

    fn image(chip: Chip) -> Vec<u8> {
        let mut image = vec![0; 64];
        image[0] = IMAGE;
        image[CHIP].copy_from_slice(&chip.id().to_le_bytes());
        image[DESCRIPTOR].copy_from_slice(&APPLICATION);
        image
    }

    #[test]
    fn application_for_another_chip_is_rejected() {
        for chip in CHIPS {
            assert_eq!(check(chip, &image(chip)), Ok(()));
        }
        let other = check(Chip::Esp32c3, &image(Chip::Esp32c6));
        assert_eq!(other, Err("this is an image for esp32c6, not for esp32c3".to_owned()));
        let mut unknown = image(Chip::Esp32);
        unknown[12] = 0xEE;
        let unknown = check(Chip::Esp32, &unknown);
        assert_eq!(unknown, Err("this is an image for the chip number 238, not for esp32".to_owned()));
    }

    #[test]
    fn other_image_is_rejected() {
        for other in [&b""[..], b"\xE9", b"\x7FELF and so on and on", &[0xFF; 64]] {
            let refused = check(Chip::Esp32c3, other);
            assert_eq!(refused, Err("this is no image for the ESP32 family".to_owned()), "{other:?}");
        }
        let mut boot_loader = image(Chip::Esp32c3);
        boot_loader[DESCRIPTOR].fill(0);
        assert!(check(Chip::Esp32c3, &boot_loader).unwrap_err().contains("settings"));
        boot_loader.truncate(20);
        assert!(check(Chip::Esp32c3, &boot_loader).unwrap_err().contains("settings"));
    }

    #[test]
    fn firmware_without_a_chip_is_rejected() {
        let refused = Images::new(Chip::Esp32c3, b"\x7FELF", Path::new("none")).unwrap_err();
        assert_eq!(refused, "this is no firmware for esp32c3: it does not name its chip");
    }
}

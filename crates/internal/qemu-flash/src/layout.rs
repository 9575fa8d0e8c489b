//! Addresses in the machine, and the partitions of the flash.

use core::ops::Range;

/// Address of the machine's RAM.
pub const RAM: u32 = 0x8000_0000;
/// Size of the machine's RAM, in bytes.
pub const RAM_SIZE: u32 = 16 << 20;
/// Addresses of a program, to which the boot stub copies the segments of an image.
pub const PROGRAM: Range<u32> = RAM..0x8040_0000;

/// Address of the flash.
///
/// No linker script names this memory, so neither start-up code nor the stack reaches it.
pub const FLASH_ADDRESS: u32 = 0x8090_0000;
/// Size of the flash, in bytes.
pub const FLASH_SIZE: u32 = 4 << 20;
/// Size of a sector, the smallest part that is erased, in bytes.
pub const SECTOR: u32 = 4096;
/// Size of a page, the largest part that is written at once, in bytes.
pub const PAGE: u32 = 256;

/// Address of the [`HandOver`](crate::HandOver).
///
/// It is above the boot stub and below the device tree, which QEMU loads at 0x80E0_0000.
pub const HAND_OVER_ADDRESS: u32 = 0x80DF_F000;

const _: () = assert!(FLASH_ADDRESS + FLASH_SIZE <= HAND_OVER_ADDRESS, "the words are in the flash");

/// Chip id of images for this machine, which no chip has.
pub const CHIP: u16 = 0x7F51;

/// Offset of the partition table in the flash.
pub const PARTITION_TABLE: u32 = 0x8000;

/// A partition of the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Name.
    pub name: &'static str,
    /// Type: 0 for an application, 1 for data.
    pub kind: u8,
    /// Subtype.
    pub subtype: u8,
    /// Offset in the flash.
    pub offset: u32,
    /// Size, in bytes.
    pub size: u32,
}

/// The partitions, as those of the boards with an ESP32 chip.
pub const PARTITIONS: [Partition; 4] = [
    Partition { name: "instep", kind: 1, subtype: 6, offset: 0x9000, size: 0x4000 },
    Partition { name: "otadata", kind: 1, subtype: 0, offset: 0xd000, size: 0x2000 },
    Partition { name: "ota_0", kind: 0, subtype: 0x10, offset: 0x1_0000, size: 0x1F_0000 },
    Partition { name: "ota_1", kind: 0, subtype: 0x11, offset: 0x20_0000, size: 0x1F_0000 },
];

/// Offsets of the settings in the flash.
pub const SETTINGS: Range<u32> = PARTITIONS[0].range();
/// Offsets of the two sectors that select the slot.
pub const OTADATA: Range<u32> = PARTITIONS[1].range();
/// Offsets of the two slots.
pub const SLOTS: [Range<u32>; 2] = [PARTITIONS[2].range(), PARTITIONS[3].range()];

impl Partition {
    const fn range(self) -> Range<u32> {
        self.offset..self.offset + self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_equal_those_of_boards() {
        let file = include_str!("../../../../examples/esp32/partitions.csv");
        let rows = file.lines().filter(|line| !line.starts_with('#'));
        let rows: [[&str; 5]; 4] = rows
            .map(|row| row.split(',').map(str::trim).collect::<Vec<_>>().try_into().unwrap())
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        for ([name, kind, subtype, offset, size], partition) in rows.into_iter().zip(PARTITIONS) {
            let number = |text: &str| u32::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap();
            let kind = ["app", "data"].into_iter().position(|known| known == kind).unwrap();
            let subtype = match subtype {
                "undefined" => 6,
                "ota" => 0,
                slot => 0x10 + slot.strip_prefix("ota_").unwrap().parse::<u8>().unwrap(),
            };
            let row = (name, kind, subtype, number(offset), number(size));
            let ours = (partition.name, usize::from(partition.kind), partition.subtype);
            assert_eq!(row, (ours.0, ours.1, ours.2, partition.offset, partition.size));
        }
    }

    #[test]
    fn partitions_are_whole_sectors_of_flash() {
        for partition in PARTITIONS {
            assert_eq!((partition.offset % SECTOR, partition.size % SECTOR), (0, 0), "{partition:?}");
            assert!(
                partition.offset > PARTITION_TABLE && partition.range().end <= FLASH_SIZE,
                "{partition:?}"
            );
        }
    }
}

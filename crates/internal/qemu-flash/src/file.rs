//! The file with the machine's RAM, which keeps the flash when QEMU ends.

use crate::image::image;
use crate::layout::{FLASH_ADDRESS, FLASH_SIZE, PARTITION_TABLE, PARTITIONS, RAM, RAM_SIZE, SLOTS};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// First bytes of an entry of the partition table.
const ENTRY: [u8; 2] = [0xAA, 0x50];

/// A file with the machine's RAM, a part of which is the flash.
#[derive(Debug)]
pub struct FlashFile {
    file: File,
    path: PathBuf,
}

impl FlashFile {
    /// Makes a file with a flash as a cable would write it: the partition table, an image in slot 0, and nothing else.
    ///
    /// It replaces a file of that name.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn create(path: &Path, image: &[u8]) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        file.set_len(u64::from(RAM_SIZE))?;
        let flash = Self { file, path: path.to_owned() };
        flash.put(0, &vec![0xFF; FLASH_SIZE as usize])?;
        flash.put(PARTITION_TABLE, &partition_table())?;
        flash.put(SLOTS[0].start, image)?;
        Ok(flash)
    }

    /// Opens a file that exists.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Opens a file, or makes it if it does not exist, with the image of the ELF file `firmware` in slot 0.
    ///
    /// # Errors
    /// If a file cannot be read or written, or the firmware has no image.
    pub fn open_or_create(path: &Path, firmware: &Path) -> io::Result<Self> {
        if path.exists() {
            return Self::open(path);
        }
        Self::create(path, &image(&std::fs::read(firmware)?).map_err(io::Error::other)?)
    }

    /// Replaces bytes of the flash, whatever they were. A running machine sees it at once.
    ///
    /// # Errors
    /// If the file cannot be written.
    ///
    /// # Panics
    /// If the bytes end behind the flash.
    pub fn put(&self, offset: u32, bytes: &[u8]) -> io::Result<()> {
        assert!(offset as usize + bytes.len() <= FLASH_SIZE as usize, "the bytes end behind the flash");
        self.file.write_all_at(bytes, position(offset))
    }

    /// Reads bytes of the flash.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(&self, offset: u32, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, position(offset))?;
        Ok(bytes)
    }

    /// Returns the arguments with which QEMU has its RAM in this file, in place of `-M` and `-m`.
    pub fn qemu_arguments(&self) -> [String; 6] {
        // QEMU takes a single comma for the end of the name.
        let path = self.path.display().to_string().replace(',', ",,");
        let object = format!("memory-backend-file,id=ram,size={RAM_SIZE},share=on,mem-path={path}");
        ["-M", "virt,memory-backend=ram", "-m", "16M", "-object", &object].map(str::to_owned)
    }
}

fn position(offset: u32) -> u64 {
    u64::from(FLASH_ADDRESS - RAM) + u64::from(offset)
}

/// Returns the partition table, whose end is a row of ones.
fn partition_table() -> Vec<u8> {
    let mut table = Vec::new();
    for partition in PARTITIONS {
        table.extend(ENTRY);
        table.extend([partition.kind, partition.subtype]);
        table.extend(partition.offset.to_le_bytes());
        table.extend(partition.size.to_le_bytes());
        let mut name = partition.name.as_bytes().to_vec();
        name.resize(16, 0);
        table.extend(name);
        table.extend([0; 4]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_file_has_table_and_image_in_erased_flash() {
        let path = std::env::temp_dir().join(format!("instep-flash-{}", std::process::id()));
        let flash = FlashFile::create(&path, b"image").unwrap();
        assert_eq!(flash.read(0x8000, 4).unwrap(), [0xAA, 0x50, 1, 6]);
        assert_eq!(flash.read(0x8000 + 4 * 32, 32).unwrap(), [0xFF; 32]);
        assert_eq!(flash.read(0x1_0000, 6).unwrap(), b"image\xFF");
        assert_eq!(flash.read(0xD000, 0x2000).unwrap(), [0xFF; 0x2000]);
        flash.put(0x3F_FFFF, b"x").unwrap();
        assert_eq!(FlashFile::open(&path).unwrap().read(0x3F_FFFF, 1).unwrap(), b"x");
        std::fs::remove_file(&path).unwrap();
    }
}

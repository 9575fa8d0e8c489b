//! A flash whose power can be cut at every step.

#![allow(dead_code, reason = "each test uses its part of it")]

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// Words of 4 bytes. Erasing sets bits, writing clears them.
#[derive(Clone)]
pub struct MockFlash {
    pub bytes: Vec<u8>,
    /// Steps before the power is cut, unless `None`.
    ///
    /// A step writes a word or erases an eighth of a page.
    pub power: Option<usize>,
    /// Mask of the bits that a write or an erasure
    /// leaves unchanged when the power is cut.
    pub torn: u8,
    /// Number of erasures of each page.
    pub erased: Vec<usize>,
    /// Number of bytes written.
    pub written: usize,
    /// Whether reading fails.
    pub broken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MockError {
    PowerCut,
    Misuse(NorFlashErrorKind),
    Broken,
}

impl core::fmt::Display for MockError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl NorFlashError for MockError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl MockFlash {
    pub fn new(pages: usize) -> Self {
        Self {
            bytes: vec![0xff; pages * PAGE],
            power: None,
            torn: 0x5a,
            erased: vec![0; pages],
            written: 0,
            broken: false,
        }
    }

    pub fn end(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap()
    }

    fn step(&mut self) -> Result<(), MockError> {
        match &mut self.power {
            None => Ok(()),
            // Without power nothing changes.
            Some(0) => Err(MockError::PowerCut),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    fn inside(&self, from: usize, length: usize, unit: usize) -> Result<(), MockError> {
        if !from.is_multiple_of(unit) || !length.is_multiple_of(unit) {
            return Err(MockError::Misuse(NorFlashErrorKind::NotAligned));
        }
        if from + length > self.bytes.len() {
            return Err(MockError::Misuse(NorFlashErrorKind::OutOfBounds));
        }
        Ok(())
    }
}

impl ErrorType for MockFlash {
    type Error = MockError;
}

impl ReadNorFlash for MockFlash {
    const READ_SIZE: usize = 4;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), MockError> {
        let from = offset as usize;
        self.inside(from, bytes.len(), Self::READ_SIZE)?;
        if self.broken {
            return Err(MockError::Broken);
        }
        bytes.copy_from_slice(&self.bytes[from..from + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for MockFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), MockError> {
        let (from, to) = (from as usize, to as usize);
        self.inside(from, to - from, PAGE)?;
        for page in from / PAGE..to / PAGE {
            self.erased[page] += 1;
            for eighth in 0..8 {
                let start = page * PAGE + eighth * PAGE / 8;
                let cut = self.step();
                for byte in &mut self.bytes[start..][..PAGE / 8] {
                    // After an interrupted erasure some bits are set and some are not.
                    *byte = if cut.is_ok() { 0xff } else { *byte | !self.torn };
                }
                cut?;
            }
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), MockError> {
        let from = offset as usize;
        self.inside(from, bytes.len(), Self::WRITE_SIZE)?;
        for (index, word) in bytes.chunks(Self::WRITE_SIZE).enumerate() {
            let cut = self.step();
            for (to, byte) in self.bytes[from + index * Self::WRITE_SIZE..].iter_mut().zip(word) {
                assert_eq!(*to, 0xff, "a word is written once");
                // Cut off, some bits have fallen and some have not.
                *to &= if cut.is_ok() { *byte } else { *byte | self.torn };
            }
            cut?;
            self.written += word.len();
        }
        Ok(())
    }
}

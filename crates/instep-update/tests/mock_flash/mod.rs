//! A flash whose power can be cut at every step.

#![allow(dead_code, reason = "each test uses its part of it")]

use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use std::cell::{RefCell, RefMut};
use std::rc::Rc;

/// Bytes of a sector.
pub const SECTOR: usize = 4096;
/// Steps of an erasure.
const STEPS: usize = 8;

/// What a cut leaves of the bytes that were being erased or written.
#[derive(Clone, Copy, Debug)]
pub enum Torn {
    /// They are as before.
    Nothing,
    /// The bits of the mask are as before.
    Half(u8),
    /// An erasure leaves anything in the whole sector, a write any of its bits.
    Anything,
}

/// Words of 4 bytes. Erasing sets bits, writing clears them.
#[derive(Clone, Debug)]
pub struct MockFlash {
    pub bytes: Vec<u8>,
    /// Steps before the power is cut, unless `None`.
    ///
    /// A step is a word of an entry, a quarter of a page, or an eighth of an erasure.
    pub power: Option<usize>,
    pub torn: Torn,
    /// Number of erasures of each sector.
    pub erased: Vec<usize>,
    /// Number of writes.
    pub writes: usize,
    /// Bit that writing cannot clear, as byte and mask.
    pub stuck: Option<(usize, u8)>,
    /// The number of next writes that fail and change nothing.
    pub refused_writes: u32,
    dice: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MockError {
    PowerCut,
    Refused,
}

impl NorFlashError for MockError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl MockFlash {
    pub fn new(length: usize) -> Self {
        Self {
            bytes: vec![0xff; length],
            power: None,
            torn: Torn::Half(0x5a),
            erased: vec![0; length / SECTOR],
            writes: 0,
            stuck: None,
            refused_writes: 0,
            dice: 1,
        }
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

    fn roll(&mut self) -> u8 {
        // xorshift, Marsaglia.
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 17;
        self.dice ^= self.dice << 5;
        self.dice.to_le_bytes()[1]
    }

    fn assert_inside(&self, from: usize, length: usize, unit: usize) {
        assert!(from.is_multiple_of(unit) && length.is_multiple_of(unit), "{from}, {length} are not aligned");
        assert!(from + length <= self.bytes.len(), "{from}, {length} are out of bounds");
    }

    /// Reads words.
    pub fn read_now(&self, from: usize, bytes: &mut [u8]) -> Result<(), MockError> {
        self.assert_inside(from, bytes.len(), 4);
        if self.power == Some(0) {
            return Err(MockError::PowerCut);
        }
        bytes.copy_from_slice(&self.bytes[from..from + bytes.len()]);
        Ok(())
    }

    /// Erases a sector.
    pub fn erase_now(&mut self, from: usize) -> Result<(), MockError> {
        self.assert_inside(from, SECTOR, SECTOR);
        self.erased[from / SECTOR] += 1;
        for eighth in 0..STEPS {
            let start = from + eighth * SECTOR / STEPS;
            if self.step().is_ok() {
                self.bytes[start..start + SECTOR / STEPS].fill(0xff);
                continue;
            }
            match self.torn {
                Torn::Nothing => {}
                Torn::Half(mask) => {
                    self.bytes[start..start + SECTOR / STEPS].iter_mut().for_each(|byte| *byte |= !mask);
                }
                Torn::Anything => {
                    for index in from..from + SECTOR {
                        self.bytes[index] = self.roll();
                    }
                }
            }
            return Err(MockError::PowerCut);
        }
        Ok(())
    }

    /// Writes words.
    pub fn write_now(&mut self, from: usize, bytes: &[u8]) -> Result<(), MockError> {
        self.assert_inside(from, bytes.len(), 4);
        self.writes += 1;
        if self.refused_writes > 0 {
            self.refused_writes -= 1;
            return Err(MockError::Refused);
        }
        let unit = if bytes.len() <= 32 { 4 } else { 64 };
        for (index, part) in bytes.chunks(unit).enumerate() {
            let cut = self.step();
            for (offset, byte) in (from + index * unit..).zip(part) {
                let kept = match (cut, self.torn) {
                    (Ok(()), _) => 0,
                    (_, Torn::Nothing) => 0xff,
                    (_, Torn::Half(mask)) => mask,
                    (_, Torn::Anything) => self.roll(),
                };
                let stuck = self.stuck.filter(|(stuck, _)| *stuck == offset).map_or(0, |(_, mask)| mask);
                self.bytes[offset] &= byte | kept | stuck;
            }
            cut?;
        }
        Ok(())
    }
}

/// A flash that a test changes while a firmware has it.
#[derive(Clone)]
pub struct SharedFlash(Rc<RefCell<MockFlash>>);

impl SharedFlash {
    pub fn new(flash: &MockFlash) -> Self {
        Self(Rc::new(RefCell::new(flash.clone())))
    }

    pub fn flash(&self) -> RefMut<'_, MockFlash> {
        self.0.borrow_mut()
    }
}

impl ErrorType for SharedFlash {
    type Error = MockError;
}

impl ReadNorFlash for SharedFlash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), MockError> {
        self.flash().read_now(offset as usize, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash().bytes.len()
    }
}

impl NorFlash for SharedFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), MockError> {
        assert_eq!(to - from, 4096, "more than a sector is erased at once");
        self.flash().erase_now(from as usize)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), MockError> {
        assert!(bytes.as_ptr().addr().is_multiple_of(4), "bytes are not aligned");
        self.flash().write_now(offset as usize, bytes)
    }
}

impl MultiwriteNorFlash for SharedFlash {}

impl ErrorType for MockFlash {
    type Error = MockError;
}

impl ReadNorFlash for MockFlash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), MockError> {
        self.read_now(offset as usize, bytes)
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for MockFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), MockError> {
        assert_eq!(to - from, 4096, "more than a sector is erased at once");
        self.erase_now(from as usize)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), MockError> {
        assert!(bytes.as_ptr().addr().is_multiple_of(4), "bytes are not aligned");
        self.write_now(offset as usize, bytes)
    }
}

impl MultiwriteNorFlash for MockFlash {}

//! Storage of settings in flash.
//!
//! One page is current. It begins with a header. All records follow as they were when the page was begun, then
//! the records that changed since. When the page is full, all records are written to the next page, and its header
//! last, which makes the next page the current one. So data that a power loss left half written or half erased is
//! never read. Pages are used in turn, in a circle. If the header of the current page is damaged, the previous page
//! becomes current, as it does after a power loss.
//!
//! | Header, 32 bytes | |
//! |---|---|
//! | 4 | `ins1` |
//! | 4 | number of the page: one more than the number of the previous page |
//! | 4 | end of the records that were written before the header |
//! | 8 | checksum of the page's number and of that end |
//! | 12 | 0xff |
//!
//! | Record, whole words | |
//! |---|---|
//! | 1, 1 | lengths of the key and of the value |
//! | .. | the key, the value |
//! | 8 | checksum of the page's number and of the bytes above |

use crate::record::{KEY_MAX, VALUE_MAX};
use crate::slots::SLOTS;
use crate::{Key, Loaded, Record, Storage};
use core::fmt::{self, Debug, Display};
use core::ops::Range;
use embedded_storage_async::nor_flash::NorFlash;
use sha1::{Digest, Sha1};

/// Maximum write size of a flash, in bytes.
///
/// A header has this length, so it is whole words of any flash.
const WORD_MAX: usize = 32;
/// Length of a header, in bytes.
const HEADER_LENGTH: usize = WORD_MAX;
/// Offset of the first record, in bytes.
const FIRST: u32 = 32;
const _: () = assert!(FIRST as usize == HEADER_LENGTH);
/// Start of a header.
const MAGIC: [u8; 4] = *b"ins1";
/// Length of a checksum, in bytes.
const CHECKSUM_LENGTH: usize = 8;
/// Maximum length of a record, in bytes.
const RECORD_MAX: usize = (2 + KEY_MAX + VALUE_MAX + CHECKSUM_LENGTH).next_multiple_of(WORD_MAX);
/// Minimum length of a page, in bytes, for all records.
const PAGE_MIN: usize = HEADER_LENGTH + SLOTS * RECORD_MAX;
const _: () = assert!(PAGE_MIN <= 4096, "all records must fit into a page of 4 KiB");

/// Storage in a part of a flash: two or more pages of at least 4 KiB each.
///
/// All pages wear alike, so more pages last longer. `embassy_embedded_hal::adapter::BlockingAsync` adapts a
/// blocking driver, such as the driver of esp-storage.
pub struct FlashStorage<F> {
    flash: F,
    range: Range<u32>,
    /// Current page; `None` if no page is current, or the pages are not loaded yet.
    current: Option<Current>,
    loaded: bool,
    buffer: Buffer,
}

/// Current page.
#[derive(Clone, Copy, Debug)]
struct Current {
    page: u32,
    number: u32,
    /// Offset of the next record; `None` if no record can be appended.
    end: Option<u32>,
}

/// Buffer that is aligned to words, as some flashes require.
#[repr(align(4))]
struct Buffer([u8; RECORD_MAX]);

/// Reason why a flash cannot store settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlashError<E> {
    /// Error of the flash's driver.
    Flash(E),
    /// Range of less than two pages, of partial pages, or beyond the end of the flash.
    Range,
    /// Pages smaller than 4 KiB, or words larger than 32 bytes.
    Geometry,
}

impl<E: Debug> Display for FlashError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
            Self::Range => {
                f.write_str("settings need two or more whole pages of the flash; check the partition table")
            }
            Self::Geometry => {
                f.write_str("settings need a flash with pages of 4 KiB or more and words of at most 32 bytes")
            }
        }
    }
}

impl<E: Debug> core::error::Error for FlashError<E> {}

impl<F: NorFlash> FlashStorage<F> {
    const PAGE: u32 = {
        assert!(F::ERASE_SIZE <= u32::MAX as usize / 2, "a page must be shorter than 2 GiB");
        #[allow(clippy::cast_possible_truncation, reason = "the assertion above limits it")]
        let page = F::ERASE_SIZE as u32;
        page
    };

    /// Creates a storage in `range`, which must be whole pages.
    ///
    /// # Errors
    /// [`FlashError::Range`] or [`FlashError::Geometry`] if the flash or the range cannot be used.
    pub fn new(flash: F, range: Range<u32>) -> Result<Self, FlashError<F::Error>> {
        let words = F::WRITE_SIZE > 0
            && WORD_MAX.is_multiple_of(F::WRITE_SIZE)
            && F::WRITE_SIZE.is_multiple_of(F::READ_SIZE)
            && F::ERASE_SIZE.is_multiple_of(WORD_MAX);
        if !words || F::ERASE_SIZE < PAGE_MIN {
            return Err(FlashError::Geometry);
        }
        let inside = usize::try_from(range.end).is_ok_and(|end| end <= flash.capacity());
        let whole = range.start.is_multiple_of(Self::PAGE) && range.end.is_multiple_of(Self::PAGE);
        if !inside || !whole || range.end.saturating_sub(range.start) < 2 * Self::PAGE {
            return Err(FlashError::Range);
        }
        Ok(Self { flash, range, current: None, loaded: false, buffer: Buffer([0; RECORD_MAX]) })
    }

    fn pages(&self) -> Range<u32> {
        0..(self.range.end - self.range.start) / Self::PAGE
    }

    async fn read(&mut self, page: u32, offset: u32, length: usize) -> Result<&[u8], F::Error> {
        let bytes = &mut self.buffer.0[..length];
        self.flash.read(self.range.start + page * Self::PAGE + offset, bytes).await?;
        Ok(bytes)
    }

    async fn write(&mut self, page: u32, offset: u32, length: usize) -> Result<(), F::Error> {
        self.flash.write(self.range.start + page * Self::PAGE + offset, &self.buffer.0[..length]).await
    }

    async fn erase(&mut self, page: u32) -> Result<(), F::Error> {
        let from = self.range.start + page * Self::PAGE;
        self.flash.erase(from, from + Self::PAGE).await
    }

    /// Returns whether a page is erased from `offset` on.
    async fn is_erased(&mut self, page: u32, mut offset: u32) -> Result<bool, F::Error> {
        while offset < Self::PAGE {
            let length = RECORD_MAX.min((Self::PAGE - offset) as usize);
            let bytes = self.read(page, offset, length).await?;
            if bytes.iter().any(|byte| *byte != 0xff) {
                return Ok(false);
            }
            offset += length_of(bytes);
        }
        Ok(true)
    }

    /// Returns the record at `offset` of a page, and the offset of the next one.
    async fn record(
        &mut self,
        page: u32,
        number: u32,
        offset: u32,
    ) -> Result<Option<(Key, &[u8], u32)>, F::Error> {
        let length = RECORD_MAX.min((Self::PAGE - offset) as usize);
        let bytes = self.read(page, offset, length).await?;
        Ok(read_record(bytes, number).map(|(key, value, length)| (key, value, offset + word_up::<F>(length))))
    }

    /// Writes a record at `offset` of a page, and returns the offset of the next one.
    ///
    /// Returns `None` if the record does not fit.
    async fn add(
        &mut self,
        page: u32,
        number: u32,
        offset: u32,
        record: &Record,
    ) -> Result<Option<u32>, F::Error> {
        let length = write_record(&mut self.buffer.0, record, number);
        let end = offset + word_up::<F>(length);
        if end > Self::PAGE {
            return Ok(None);
        }
        self.write(page, offset, (end - offset) as usize).await?;
        Ok(Some(end))
    }
}

impl<F: NorFlash> Storage for FlashStorage<F> {
    type Error = FlashError<F::Error>;

    async fn load(&mut self, each: &mut dyn FnMut(&Key, &[u8])) -> Result<Loaded, Self::Error> {
        let (mut newest, mut blank) = (None, true);
        for page in self.pages() {
            let header = self.read(page, 0, HEADER_LENGTH).await.map_err(FlashError::Flash)?;
            if let Some((number, first)) = read_header(header)
                && newest.is_none_or(|(_, newest, _)| number > newest)
            {
                newest = Some((page, number, first));
            }
            blank = blank && self.is_erased(page, 0).await.map_err(FlashError::Flash)?;
        }
        let Some((page, number, first)) = newest else {
            self.loaded = true;
            return Ok(if blank { Loaded::Nothing } else { Loaded::Corrupt });
        };
        let mut offset = FIRST;
        while offset < Self::PAGE {
            match self.record(page, number, offset).await.map_err(FlashError::Flash)? {
                Some((key, value, next)) => {
                    each(&key, value);
                    offset = next;
                }
                None => break,
            }
        }
        let clean = self.is_erased(page, offset).await.map_err(FlashError::Flash)?;
        (self.current, self.loaded) = (Some(Current { page, number, end: clean.then_some(offset) }), true);
        Ok(if offset >= first { Loaded::Records } else { Loaded::Corrupt })
    }

    async fn append(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<bool, Self::Error> {
        let Some(Current { page, number, end: Some(mut offset) }) = self.current else { return Ok(false) };
        for record in records {
            // Nothing may be appended after an interrupted or failed write.
            self.current = Some(Current { page, number, end: None });
            match self.add(page, number, offset, &record).await.map_err(FlashError::Flash)? {
                Some(next) => offset = next,
                None => return Ok(false),
            }
            self.current = Some(Current { page, number, end: Some(offset) });
        }
        Ok(true)
    }

    async fn replace(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<(), Self::Error> {
        // A page becomes the current one only if its number is the highest.
        if !self.loaded {
            self.load(&mut |_, _| {}).await?;
        }
        let (page, number) = match self.current {
            Some(Current { page, number, .. }) => ((page + 1) % self.pages().end, number.saturating_add(1)),
            None => (0, 1),
        };
        // A failed write may still have made the new page the current one, so nothing may be appended to the
        // old one.
        (self.current, self.loaded) = (None, false);
        self.erase(page).await.map_err(FlashError::Flash)?;
        let mut offset = FIRST;
        for record in records {
            // `PAGE_MIN` has space for all records, so none is dropped.
            if let Some(next) = self.add(page, number, offset, &record).await.map_err(FlashError::Flash)? {
                offset = next;
            }
        }
        write_header(&mut self.buffer.0, number, offset);
        self.write(page, 0, HEADER_LENGTH).await.map_err(FlashError::Flash)?;
        (self.current, self.loaded) = (Some(Current { page, number, end: Some(offset) }), true);
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), Self::Error> {
        // The current page is erased last, so that after an interruption no older page becomes current.
        let last = self.current.take().map_or(0, |current| current.page);
        // If this fails, the pages must be loaded again.
        self.loaded = false;
        for page in self.pages().filter(|page| *page != last).chain([last]) {
            self.erase(page).await.map_err(FlashError::Flash)?;
        }
        self.loaded = true;
        Ok(())
    }
}

impl<F> Debug for FlashStorage<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { range, current, .. } = self;
        f.debug_struct("FlashStorage").field("range", range).field("current", current).finish_non_exhaustive()
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a part of a page is shorter than 2 GiB")]
fn length_of(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}

#[allow(clippy::cast_possible_truncation, reason = "a record has at most RECORD_MAX bytes")]
fn word_up<F: NorFlash>(length: usize) -> u32 {
    length.next_multiple_of(F::WRITE_SIZE) as u32
}

/// Returns the checksum of `bytes` on the page with the number `number`.
fn checksum(number: u32, bytes: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    // The number makes records of an earlier use of the page invalid.
    let digest: [u8; 20] =
        Sha1::new().chain_update(number.to_le_bytes()).chain_update(bytes).finalize().into();
    let mut first = [0; CHECKSUM_LENGTH];
    first.copy_from_slice(&digest[..CHECKSUM_LENGTH]);
    first
}

/// Parses a header into the page's number and the end of its first records.
///
/// The first records were written before the header.
fn read_header(bytes: &[u8]) -> Option<(u32, u32)> {
    let (number, rest) = bytes.strip_prefix(&MAGIC)?.split_first_chunk()?;
    let (first, rest) = rest.split_first_chunk()?;
    let number = u32::from_le_bytes(*number);
    let good = rest.starts_with(&checksum(number, first));
    good.then_some((number, u32::from_le_bytes(*first)))
}

fn write_header(buffer: &mut [u8], number: u32, first: u32) {
    let first = first.to_le_bytes();
    buffer[..HEADER_LENGTH].fill(0xff);
    buffer[..4].copy_from_slice(&MAGIC);
    buffer[4..8].copy_from_slice(&number.to_le_bytes());
    buffer[8..12].copy_from_slice(&first);
    buffer[12..12 + CHECKSUM_LENGTH].copy_from_slice(&checksum(number, &first));
}

/// Parses a record: its key, its value and its length.
fn read_record(bytes: &[u8], number: u32) -> Option<(Key, &[u8], usize)> {
    let [key, value, ..] = *bytes else { return None };
    let value_start = 2 + usize::from(key);
    let length = value_start + usize::from(value);
    let (record, rest) = bytes.split_at_checked(length)?;
    if !rest.starts_with(&checksum(number, record)) {
        return None;
    }
    Some((Key::from_bytes(&record[2..value_start])?, &record[value_start..], length + CHECKSUM_LENGTH))
}

/// Writes a record, and returns its length.
fn write_record(buffer: &mut [u8; RECORD_MAX], record: &Record, number: u32) -> usize {
    let (key, value) = (record.key().as_bytes(), record.value());
    let (value_start, length) = (2 + key.len(), 2 + key.len() + value.len());
    buffer.fill(0xff);
    // Key and value are shorter than 256 bytes, so this cannot fail.
    buffer[0] = u8::try_from(key.len()).unwrap_or_default();
    buffer[1] = u8::try_from(value.len()).unwrap_or_default();
    buffer[2..value_start].copy_from_slice(key);
    buffer[value_start..length].copy_from_slice(value);
    let checksum = checksum(number, &buffer[..length]);
    buffer[length..length + CHECKSUM_LENGTH].copy_from_slice(&checksum);
    length + CHECKSUM_LENGTH
}

//! Settings in flash.
//!
//! One page is current. It begins with a header, then come all records as they were when it was begun, then those that changed
//! since. When it is full, all records are written to the page after it, and its header last: only that makes it the
//! current one. So whatever a cut leaves half written or half erased is never what is read. Pages take turns, all around.
//! If the beginning of the current page is damaged, the page before it holds: a cut leaves the same.
//!
//! | Header, 32 bytes | |
//! |---|---|
//! | 4 | `ins1` |
//! | 4 | the page's number: one more than that of the page before |
//! | 4 | where the records end that were written before the header |
//! | 8 | checksum of these |
//!
//! | Record, whole words | |
//! |---|---|
//! | 1, 1 | lengths of the key and of the value |
//! | .. | the key, the value |
//! | 8 | checksum of the page's number and of all that |

use crate::record::{KEY_MAX, VALUE_MAX};
use crate::table::SLOTS;
use crate::{Key, Loaded, Record, Storage};
use core::fmt::{self, Debug, Display};
use core::ops::Range;
use embedded_storage_async::nor_flash::NorFlash;
use sha1::{Digest, Sha1};

/// The widest word of a flash. A header has as many bytes, so it is whole words of any.
const WORD_MAX: usize = 32;
const HEADER: usize = WORD_MAX;
/// Where the first record is.
const FIRST: u32 = 32;
const _: () = assert!(FIRST as usize == HEADER);
const MAGIC: [u8; 4] = *b"ins1";
const CHECKSUM: usize = 8;
/// The longest record.
const RECORD_MAX: usize = (2 + KEY_MAX + VALUE_MAX + CHECKSUM).next_multiple_of(WORD_MAX);
/// All records have room in it.
const PAGE_MIN: usize = HEADER + SLOTS * RECORD_MAX;
const _: () = assert!(PAGE_MIN <= 4096, "pages of 4 KiB are what flashes have");

/// A part of a flash: two of its pages or more, each of at least 4 KiB. All pages wear alike, so more of them live longer.
///
/// A driver that waits, such as that of esp-storage, becomes one that does not by
/// `embassy_embedded_hal::adapter::BlockingAsync`.
pub struct FlashStorage<F> {
    flash: F,
    range: Range<u32>,
    /// None: there is none, or it is not known yet.
    current: Option<Current>,
    loaded: bool,
    buffer: Buffer,
}

/// The page that is current.
#[derive(Clone, Copy, Debug)]
struct Current {
    page: u32,
    number: u32,
    /// Where the next record comes. None: no record can follow what is there.
    end: Option<u32>,
}

/// Some flashes want whole words of memory, too.
#[repr(align(4))]
struct Buffer([u8; RECORD_MAX]);

/// Why a flash does not store settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlashError<E> {
    /// The flash says so.
    Flash(E),
    /// That part of it is less than two pages, not made of whole ones, or beyond its end.
    Range,
    /// Its pages are smaller than 4 KiB, or its words larger than 32 bytes.
    Geometry,
}

impl<E: Debug> Display for FlashError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
            Self::Range => {
                f.write_str("settings need two or more whole pages of the flash: look at the partition table")
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
        assert!(F::ERASE_SIZE <= u32::MAX as usize / 2, "pages are counted in 32 bits");
        #[allow(clippy::cast_possible_truncation, reason = "it was just looked at")]
        let page = F::ERASE_SIZE as u32;
        page
    };

    /// The bytes from the range's start to its end, in whole pages.
    ///
    /// # Errors
    /// If that cannot be used: [`FlashError::Range`], [`FlashError::Geometry`].
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

    async fn read(&mut self, page: u32, at: u32, length: usize) -> Result<&[u8], F::Error> {
        let bytes = &mut self.buffer.0[..length];
        self.flash.read(self.range.start + page * Self::PAGE + at, bytes).await?;
        Ok(bytes)
    }

    async fn write(&mut self, page: u32, at: u32, length: usize) -> Result<(), F::Error> {
        self.flash.write(self.range.start + page * Self::PAGE + at, &self.buffer.0[..length]).await
    }

    async fn erase(&mut self, page: u32) -> Result<(), F::Error> {
        let from = self.range.start + page * Self::PAGE;
        self.flash.erase(from, from + Self::PAGE).await
    }

    /// Whether the page is erased from there on.
    async fn is_erased(&mut self, page: u32, mut at: u32) -> Result<bool, F::Error> {
        while at < Self::PAGE {
            let length = RECORD_MAX.min((Self::PAGE - at) as usize);
            let bytes = self.read(page, at, length).await?;
            if bytes.iter().any(|byte| *byte != 0xff) {
                return Ok(false);
            }
            at += length_of(bytes);
        }
        Ok(true)
    }

    /// The record at that place of a page, and where the next one is.
    async fn record(
        &mut self,
        page: u32,
        number: u32,
        at: u32,
    ) -> Result<Option<(Key, &[u8], u32)>, F::Error> {
        let length = RECORD_MAX.min((Self::PAGE - at) as usize);
        let bytes = self.read(page, at, length).await?;
        Ok(read_record(bytes, number).map(|(key, value, length)| (key, value, at + word_up::<F>(length))))
    }

    /// Writes a record behind the others of a page, and tells where the next one comes, or that there is no room.
    async fn add(
        &mut self,
        page: u32,
        number: u32,
        at: u32,
        record: &Record,
    ) -> Result<Option<u32>, F::Error> {
        let length = write_record(&mut self.buffer.0, record, number);
        let end = at + word_up::<F>(length);
        if end > Self::PAGE {
            return Ok(None);
        }
        self.write(page, at, (end - at) as usize).await?;
        Ok(Some(end))
    }
}

impl<F: NorFlash> Storage for FlashStorage<F> {
    type Error = FlashError<F::Error>;

    async fn load(&mut self, each: &mut dyn FnMut(&Key, &[u8])) -> Result<Loaded, Self::Error> {
        let (mut newest, mut blank) = (None, true);
        for page in self.pages() {
            let header = self.read(page, 0, HEADER).await.map_err(FlashError::Flash)?;
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
        let mut at = FIRST;
        while at < Self::PAGE {
            match self.record(page, number, at).await.map_err(FlashError::Flash)? {
                Some((key, value, next)) => {
                    each(&key, value);
                    at = next;
                }
                None => break,
            }
        }
        let clean = self.is_erased(page, at).await.map_err(FlashError::Flash)?;
        (self.current, self.loaded) = (Some(Current { page, number, end: clean.then_some(at) }), true);
        Ok(if at >= first { Loaded::Records } else { Loaded::Corrupt })
    }

    async fn append(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<bool, Self::Error> {
        let Some(Current { page, number, end: Some(mut at) }) = self.current else { return Ok(false) };
        for record in records {
            // If this is cut off, or dropped, or fails, nothing can follow it.
            self.current = Some(Current { page, number, end: None });
            match self.add(page, number, at, &record).await.map_err(FlashError::Flash)? {
                Some(next) => at = next,
                None => return Ok(false),
            }
            self.current = Some(Current { page, number, end: Some(at) });
        }
        Ok(true)
    }

    async fn replace(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<(), Self::Error> {
        // Without the number of the current page, what is written might not become the current one.
        if !self.loaded {
            self.load(&mut |_, _| {}).await?;
        }
        let (page, number) = match self.current {
            Some(Current { page, number, .. }) => ((page + 1) % self.pages().end, number.saturating_add(1)),
            None => (0, 1),
        };
        // If this fails, the new page may hold all the same: nothing may be added to the old one.
        (self.current, self.loaded) = (None, false);
        self.erase(page).await.map_err(FlashError::Flash)?;
        let mut at = FIRST;
        for record in records {
            // There is room for all that there can be.
            if let Some(next) = self.add(page, number, at, &record).await.map_err(FlashError::Flash)? {
                at = next;
            }
        }
        write_header(&mut self.buffer.0, number, at);
        self.write(page, 0, HEADER).await.map_err(FlashError::Flash)?;
        (self.current, self.loaded) = (Some(Current { page, number, end: Some(at) }), true);
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), Self::Error> {
        // The current page last: cut off before, it is what holds, and nothing older comes back.
        let last = self.current.take().map_or(0, |current| current.page);
        // If this fails, what is left is to be looked at again.
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

#[allow(clippy::cast_possible_truncation, reason = "it is a part of a page")]
fn length_of(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}

#[allow(clippy::cast_possible_truncation, reason = "it is the length of a record")]
fn word_up<F: NorFlash>(length: usize) -> u32 {
    length.next_multiple_of(F::WRITE_SIZE) as u32
}

fn checksum(number: u32, bytes: &[u8]) -> [u8; CHECKSUM] {
    // With the number, what is left of an earlier use of a page is nothing.
    let digest: [u8; 20] =
        Sha1::new().chain_update(number.to_le_bytes()).chain_update(bytes).finalize().into();
    let mut first = [0; CHECKSUM];
    first.copy_from_slice(&digest[..CHECKSUM]);
    first
}

/// The page's number, and where the records end that are surely there.
fn read_header(bytes: &[u8]) -> Option<(u32, u32)> {
    let (number, rest) = bytes.strip_prefix(&MAGIC)?.split_first_chunk()?;
    let (first, rest) = rest.split_first_chunk()?;
    let number = u32::from_le_bytes(*number);
    let good = rest.starts_with(&checksum(number, first));
    good.then_some((number, u32::from_le_bytes(*first)))
}

fn write_header(buffer: &mut [u8], number: u32, first: u32) {
    let first = first.to_le_bytes();
    buffer[..HEADER].fill(0xff);
    buffer[..4].copy_from_slice(&MAGIC);
    buffer[4..8].copy_from_slice(&number.to_le_bytes());
    buffer[8..12].copy_from_slice(&first);
    buffer[12..12 + CHECKSUM].copy_from_slice(&checksum(number, &first));
}

/// A key, a value, and how long their record is.
fn read_record(bytes: &[u8], number: u32) -> Option<(Key, &[u8], usize)> {
    let [key, value, ..] = *bytes else { return None };
    let value_at = 2 + usize::from(key);
    let length = value_at + usize::from(value);
    let (record, rest) = bytes.split_at_checked(length)?;
    if !rest.starts_with(&checksum(number, record)) {
        return None;
    }
    Some((Key::from_bytes(&record[2..value_at])?, &record[value_at..], length + CHECKSUM))
}

/// How long the record is.
fn write_record(buffer: &mut [u8; RECORD_MAX], record: &Record, number: u32) -> usize {
    let (key, value) = (record.key().as_bytes(), record.value());
    let (value_at, length) = (2 + key.len(), 2 + key.len() + value.len());
    buffer.fill(0xff);
    // Both are shorter than 256 bytes.
    buffer[0] = u8::try_from(key.len()).unwrap_or_default();
    buffer[1] = u8::try_from(value.len()).unwrap_or_default();
    buffer[2..value_at].copy_from_slice(key);
    buffer[value_at..length].copy_from_slice(value);
    let checksum = checksum(number, &buffer[..length]);
    buffer[length..length + CHECKSUM].copy_from_slice(&checksum);
    length + CHECKSUM
}

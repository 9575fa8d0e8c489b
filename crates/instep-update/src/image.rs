//! Check of a whole image in ESP-IDF's format, as it comes.
//!
//! | Image | |
//! |---|---|
//! | 24 | header |
//! | 8, .. | for each segment: its address and length; its data, whole words |
//! | .. | zeroes up to the last byte of 16 |
//! | 1 | checksum: exclusive or of 0xef and all data |
//! | 32 | SHA-256 of everything above |
//! | 64 | signature, if the image is signed |

use crate::Refusal;
use sha2::{Digest, Sha256};

/// Length of a signature, in bytes.
pub const SIGNATURE_LENGTH: usize = 64;

/// Length of a header, in bytes.
pub(crate) const HEADER_LENGTH: usize = 24;
/// Length of the head of a segment, in bytes.
const SEGMENT_HEAD: usize = 8;
/// Offset of the application descriptor, the start of the first segment, in bytes.
pub(crate) const APP_DESCRIPTOR: usize = HEADER_LENGTH + SEGMENT_HEAD;
/// Length of a hash, in bytes.
const HASH_LENGTH: usize = 32;
/// First byte of an image.
const MAGIC: u8 = 0xe9;
/// Maximum number of segments that the boot loader accepts.
const SEGMENTS_MAX: u8 = 16;
/// Length of a segment at which the boot loader refuses it, in bytes.
const SEGMENT_LIMIT: u32 = 16 << 20;
/// Start value of the checksum.
const CHECKSUM_START: u8 = 0xef;

/// Header of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) segments: u8,
    pub(crate) entry: u32,
    pub(crate) chip: u16,
}

impl Header {
    /// Parses a header.
    pub(crate) fn parse(bytes: &[u8; HEADER_LENGTH]) -> Result<Self, Refusal> {
        let [magic, segments, _, _, e0, e1, e2, e3, ..] = *bytes;
        if magic != MAGIC {
            return Err(Refusal::NotAnImage);
        }
        if segments == 0 || segments > SEGMENTS_MAX {
            return Err(Refusal::WrongSegments);
        }
        if bytes[23] != 1 {
            return Err(Refusal::NoHash);
        }
        let entry = u32::from_le_bytes([e0, e1, e2, e3]);
        Ok(Self { segments, entry, chip: u16::from_le_bytes([bytes[12], bytes[13]]) })
    }
}

/// A whole image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeImage {
    /// SHA-256 of the image, which is also its last part.
    pub hash: [u8; 32],
    /// Signature behind the image.
    pub signature: Option<[u8; SIGNATURE_LENGTH]>,
}

/// Part of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Header,
    SegmentHead,
    Data { left: u32 },
    Checksum,
    Hash,
    Signature,
}

/// Check of a whole image, as it comes in pieces of any length.
#[derive(Clone, Debug)]
pub struct ImageCheck {
    part: Part,
    /// Bytes of a part that is checked as a whole.
    held: [u8; SIGNATURE_LENGTH],
    filled: u8,
    length: u32,
    limit: u32,
    segments_left: u8,
    entry: u32,
    entry_found: bool,
    checksum: u8,
    hash: Hash,
}

/// Hash of an image.
#[derive(Clone, Debug)]
enum Hash {
    /// Of the bytes so far.
    Unfinished(Sha256),
    /// Of the whole image.
    Whole([u8; HASH_LENGTH]),
}

impl ImageCheck {
    /// Begins a check of content of at most `limit` bytes, the size of a slot.
    pub fn new(limit: u32) -> Self {
        Self {
            part: Part::Header,
            held: [0; SIGNATURE_LENGTH],
            filled: 0,
            length: 0,
            limit,
            segments_left: 0,
            entry: 0,
            entry_found: false,
            checksum: CHECKSUM_START,
            hash: Hash::Unfinished(Sha256::new()),
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// The first reason why this is no whole image. The check is of no use then.
    pub fn take(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        let length = u32::try_from(bytes.len()).ok().and_then(|length| self.length.checked_add(length));
        if length.is_none_or(|length| length > self.limit) {
            return Err(Refusal::TooLong);
        }
        while !bytes.is_empty() {
            let filled = usize::from(self.filled);
            let wanted = match self.part {
                Part::Header => HEADER_LENGTH,
                Part::SegmentHead => SEGMENT_HEAD,
                Part::Data { left } => {
                    bytes = self.take_data(bytes, left);
                    continue;
                }
                // Up to the last byte of 16, from where the last segment ended.
                Part::Checksum => filled + 16 - self.offset_in_16(),
                Part::Hash => HASH_LENGTH,
                Part::Signature if filled == SIGNATURE_LENGTH => return Err(Refusal::TooMuch),
                Part::Signature => SIGNATURE_LENGTH,
            };
            let (now, rest) = bytes.split_at_checked(wanted.saturating_sub(filled)).unwrap_or((bytes, &[]));
            self.held.iter_mut().skip(filled).zip(now).for_each(|(to, from)| *to = *from);
            let filled = filled + now.len();
            // Cannot be more, because no part is longer than SIGNATURE_LENGTH.
            self.filled = u8::try_from(filled).unwrap_or(u8::MAX);
            self.note(now);
            bytes = rest;
            if filled == wanted && self.part != Part::Signature {
                self.end_part(wanted)?;
                self.filled = 0;
            }
        }
        Ok(())
    }

    /// Ends the check.
    ///
    /// # Errors
    /// [`Refusal::CutShort`] if the image is not whole, [`Refusal::TooMuch`] if it is followed by something that is no
    /// signature.
    pub fn finish(&self) -> Result<WholeImage, Refusal> {
        let (Part::Signature, Hash::Whole(hash)) = (self.part, &self.hash) else {
            return Err(Refusal::CutShort);
        };
        let signature = match usize::from(self.filled) {
            0 => None,
            SIGNATURE_LENGTH => Some(self.held),
            _ => return Err(Refusal::TooMuch),
        };
        Ok(WholeImage { hash: *hash, signature })
    }

    /// Returns the number of bytes that were taken.
    pub(crate) fn length(&self) -> u32 {
        self.length
    }

    fn offset_in_16(&self) -> usize {
        (self.length & 15) as usize
    }

    /// Counts and hashes bytes.
    fn note(&mut self, bytes: &[u8]) {
        #[allow(clippy::cast_possible_truncation, reason = "`take` has checked that the length fits")]
        let length = bytes.len() as u32;
        self.length += length;
        if let Hash::Unfinished(sha) = &mut self.hash {
            sha.update(bytes);
        }
    }

    /// Takes data of a segment, and returns the bytes behind it.
    fn take_data<'a>(&mut self, bytes: &'a [u8], left: u32) -> &'a [u8] {
        let (now, rest) = bytes.split_at_checked(left as usize).unwrap_or((bytes, &[]));
        self.checksum = now.iter().fold(self.checksum, |sum, byte| sum ^ byte);
        let before = self.length;
        self.note(now);
        self.begin_data(left - (self.length - before));
        rest
    }

    /// Goes on with the data of a segment, or with the next segment.
    fn begin_data(&mut self, left: u32) {
        self.part = match (left, self.segments_left) {
            (0, 0) => Part::Checksum,
            (0, _) => Part::SegmentHead,
            _ => Part::Data { left },
        };
    }

    /// Checks a part that has been held as a whole.
    fn end_part(&mut self, length: usize) -> Result<(), Refusal> {
        match self.part {
            Part::Header => {
                let header = self.held.first_chunk().ok_or(Refusal::NotAnImage)?;
                let header = Header::parse(header)?;
                (self.segments_left, self.entry) = (header.segments, header.entry);
                self.part = Part::SegmentHead;
            }
            Part::SegmentHead => self.end_segment_head()?,
            Part::Checksum => {
                if self.held.get(length - 1) != Some(&self.checksum) {
                    return Err(Refusal::WrongChecksum);
                }
                if !self.entry_found {
                    return Err(Refusal::WrongEntry);
                }
                if let Hash::Unfinished(sha) = &mut self.hash {
                    self.hash = Hash::Whole(sha.finalize_reset().into());
                }
                self.part = Part::Hash;
            }
            Part::Hash => {
                let is_right = matches!(&self.hash, Hash::Whole(hash) if self.held.starts_with(hash));
                if !is_right {
                    return Err(Refusal::WrongHash);
                }
                self.part = Part::Signature;
            }
            Part::Data { .. } | Part::Signature => {}
        }
        Ok(())
    }

    fn end_segment_head(&mut self) -> Result<(), Refusal> {
        let [a0, a1, a2, a3, l0, l1, l2, l3, ..] = self.held;
        let address = u32::from_le_bytes([a0, a1, a2, a3]);
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        let end = address.checked_add(length).ok_or(Refusal::WrongSegments)?;
        if !length.is_multiple_of(4) || length >= SEGMENT_LIMIT {
            return Err(Refusal::WrongSegments);
        }
        if length > self.limit - self.length {
            return Err(Refusal::TooLong);
        }
        self.entry_found |= (address..end).contains(&self.entry);
        self.segments_left -= 1;
        self.begin_data(length);
        Ok(())
    }
}

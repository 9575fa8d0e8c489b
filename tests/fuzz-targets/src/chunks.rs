//! Content in chunked transfer coding, from any bytes, in any pieces.
//!
//! Input: the limits of extensions and trailer fields in bytes, of their number and of the content in bytes
//! (each a byte, the first and the last times 8), the lengths of the pieces, and the content.

use crate::script::{cut, first, split};
use instep_proto::http::{Chunks, HeadError, HeadLimits};

/// Checks the decoding of `data`.
pub(crate) fn check(data: &[u8]) {
    let (bytes, data) = first(data);
    let (headers, data) = first(data);
    let (max, data) = first(data);
    let (lengths, wire) = split(data);
    let limits = HeadLimits { bytes: usize::from(bytes) * 8, headers: usize::from(headers) };
    let max = u64::from(max) * 8;
    let expected = read(wire);
    let (mut chunks, mut content, mut used) = (Chunks::default(), Vec::new(), 0);
    for part in cut(lengths, wire) {
        let mut part = part.to_vec();
        match chunks.decode(&mut part, max, limits) {
            Ok((length, made)) => {
                assert!(made <= length && length <= part.len());
                content.extend_from_slice(&part[..made]);
                used += length;
                if length < part.len() {
                    break;
                }
            }
            Err(HeadError::TooLarge) => {
                assert!(expected.beside > limits.bytes || expected.fields > limits.headers);
                return;
            }
            Err(error) => {
                assert_eq!((error, expected.end), (HeadError::Chunks, End::Malformed));
                assert!(expected.content.starts_with(&content));
                return;
            }
        }
    }
    assert_eq!(chunks.length(), content.len());
    if chunks.announced() > max {
        assert!(!chunks.is_done() && content.len() as u64 <= max);
        assert!(expected.content.starts_with(&content) && expected.announced > max);
        return;
    }
    assert_eq!(chunks.is_done(), expected.end == End::Done);
    assert_eq!((content, used), (expected.content, expected.used), "{:?}", expected.end);
    assert!(expected.end != End::Malformed);
    assert!(expected.beside <= limits.bytes && expected.fields <= limits.headers);
}

/// End of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    /// The bytes end before it.
    Cut,
    Malformed,
}

/// Result of the model.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) content: Vec<u8>,
    /// Bytes up to the end of the content, or of the available bytes.
    pub(crate) used: usize,
    pub(crate) end: End,
    announced: u64,
    /// Bytes and number of skipped extensions and fields.
    beside: usize,
    fields: usize,
}

/// Reads content line by line (RFC 9112 section 7.1).
pub(crate) fn read(bytes: &[u8]) -> Read {
    let mut read = Read { content: Vec::new(), used: 0, end: End::Cut, announced: 0, beside: 0, fields: 0 };
    read.end = match read.chunks(bytes) {
        Ok(()) => End::Done,
        Err(end) => end,
    };
    if read.end == End::Cut {
        read.used = bytes.len();
    }
    read
}

impl Read {
    fn chunks(&mut self, bytes: &[u8]) -> Result<(), End> {
        while self.size(bytes)? > 0 {
            let length = usize::try_from(self.announced).unwrap_or(usize::MAX) - self.content.len();
            let there = length.min(bytes.len() - self.used);
            self.content.extend_from_slice(&bytes[self.used..self.used + there]);
            self.used += there;
            if there < length {
                return Err(End::Cut);
            }
            self.line(bytes, <[u8]>::is_empty, |_| true)?;
        }
        loop {
            let field = |line: &[u8]| {
                let name = line.iter().position(|byte| !is_token(*byte)).unwrap_or(line.len());
                line.is_empty()
                    || name > 0
                        && (name == line.len()
                            || line[name] == b':' && line[name..].iter().all(|byte| is_text(*byte)))
            };
            let part = self.part(bytes).len();
            (self.beside, self.fields) = (self.beside + part, self.fields + usize::from(part > 0));
            let line = self.line(bytes, field, |line| line.is_empty() || line.contains(&b':'))?;
            if line.is_empty() {
                return Ok(());
            }
        }
    }

    /// Reads the size of the next chunk.
    fn size(&mut self, bytes: &[u8]) -> Result<u64, End> {
        let well = |line: &[u8]| {
            let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            let blanks = line[digits..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let rest = &line[digits + blanks..];
            (line.is_empty() || (1..=16).contains(&digits))
                && (rest.is_empty() || rest[0] == b';' && rest.iter().all(|byte| is_text(*byte)))
        };
        self.beside += self.part(bytes).iter().skip_while(|byte| byte.is_ascii_hexdigit()).count();
        let digits_of = |line: &[u8]| line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        // White space alone behind the size is not an extension.
        let whole = |line: &[u8]| {
            let digits = digits_of(line);
            digits > 0 && (line.len() == digits || line.contains(&b';'))
        };
        let line = self.line(bytes, well, whole)?;
        let digits = digits_of(line);
        let size = u64::from_str_radix(std::str::from_utf8(&line[..digits]).expect("no digits"), 16)
            .expect("not 16 digits");
        self.announced = self.announced.saturating_add(size);
        Ok(size)
    }

    /// Returns the available part of the next line.
    fn part<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let rest = &bytes[self.used..];
        &rest[..rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len())]
    }

    /// Returns the next line without its CR LF.
    ///
    /// `well` tells whether a line may begin so, `whole` whether it may end so.
    fn line<'b>(
        &mut self,
        bytes: &'b [u8],
        well: impl Fn(&[u8]) -> bool,
        whole: impl Fn(&[u8]) -> bool,
    ) -> Result<&'b [u8], End> {
        let line = self.part(bytes);
        let rest = &bytes[self.used + line.len()..];
        if !well(line) || !rest.is_empty() && !whole(line) {
            return Err(End::Malformed);
        }
        match rest {
            [] | [b'\r'] => Err(End::Cut),
            [b'\r', b'\n', ..] => {
                self.used += line.len() + 2;
                Ok(line)
            }
            _ => Err(End::Malformed),
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7e | 0x80..)
}

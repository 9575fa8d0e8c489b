//! Decoder of chunked transfer coding (RFC 9112 section 7.1), in place.

use super::{HeadError, HeadLimits, is_token_byte};

/// Maximum digits of a chunk's size.
///
/// RFC 9112 allows any number of leading zeros.
const DIGITS_MAX: u8 = 16;

/// Position of a decoder between two bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    /// In the digits of a chunk's size.
    #[default]
    Size,
    /// In white space behind the size, which only an extension may follow.
    Blank,
    Extension,
    /// Behind the CR of the size's line.
    SizeEnd,
    Data,
    /// Behind the last byte of a chunk.
    DataEnd,
    /// Behind the CR that follows it.
    DataLineEnd,
    /// At the start of a line behind the last chunk.
    Trailer,
    Name,
    Value,
    /// Behind the CR of a trailer field.
    ValueEnd,
    /// Behind the CR of the empty line that ends the content.
    End,
    Done,
}

/// Decoder of chunked content.
///
/// The decoder decodes in place and stores no bytes, so content may arrive in any pieces.
///
/// Lines end in CRLF only, because requests can be smuggled where two servers differ about the end of a line.
/// Extensions and trailer fields are checked and discarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chunks {
    /// Remaining bytes of the chunk; within a size, its value so far.
    left: u32,
    /// Number of decoded bytes.
    length: u32,
    /// Number of bytes of extensions and trailer fields.
    beside: u32,
    digits: u8,
    fields: u8,
    step: Step,
}

impl Chunks {
    /// Returns how many bytes of content are decoded so far.
    pub fn length(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// Returns how many bytes of content have been announced.
    ///
    /// These are the decoded bytes and the rest of the chunk in progress.
    pub fn announced(&self) -> u64 {
        let left = if self.step == Step::Data { self.left } else { 0 };
        u64::from(self.length) + u64::from(left)
    }

    /// Returns whether the content has ended.
    pub fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Decodes `bytes` in place.
    ///
    /// Returns how many bytes were used, and how many of content result. Bytes stay unused only behind the end
    /// of the content, or if [`announced`](Self::announced) exceeds
    /// `max`, which a later call may raise.
    ///
    /// # Errors
    /// [`HeadError::Chunks`] for malformed framing; [`HeadError::TooLarge`] for extensions and trailer fields
    /// that are together longer than a head, or more fields than a head may have. The decoder must not be used
    /// after an error.
    pub fn decode(
        &mut self,
        bytes: &mut [u8],
        max: u64,
        limits: HeadLimits,
    ) -> Result<(usize, usize), HeadError> {
        let (mut used, mut decoded) = (0, 0);
        // Lengths are stored in 32 bits.
        let max = max.min(u64::from(u32::MAX - 1));
        while used < bytes.len() && !self.is_done() {
            if self.step == Step::Data {
                if self.announced() > max {
                    break;
                }
                let left = usize::try_from(self.left).unwrap_or(usize::MAX);
                let length = left.min(bytes.len() - used);
                bytes.copy_within(used..used + length, decoded);
                (used, decoded) = (used + length, decoded + length);
                // `length` is at most `left`, so it is neither truncated nor too large to subtract.
                let length = u32::try_from(length).unwrap_or(self.left);
                (self.length, self.left) = (self.length + length, self.left - length);
                if self.left == 0 {
                    self.step = Step::DataEnd;
                }
                continue;
            }
            self.step = self.next(bytes[used]).ok_or(HeadError::Chunks)?;
            used += 1;
            let beside = matches!(self.step, Step::Blank | Step::Extension | Step::Name | Step::Value);
            self.beside = self.beside.saturating_add(u32::from(beside));
            let (bytes, fields) = (usize::try_from(self.beside), usize::from(self.fields));
            if bytes.is_ok_and(|bytes| bytes > limits.bytes) || fields > limits.headers {
                return Err(HeadError::TooLarge);
            }
        }
        Ok((used, decoded))
    }

    /// Returns the step behind a byte of the framing; `None` if it is not allowed.
    fn next(&mut self, byte: u8) -> Option<Step> {
        let is_text = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
        let is_name = is_token_byte(byte);
        let has_size = self.digits > 0;
        Some(match (self.step, byte) {
            (Step::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if self.digits < DIGITS_MAX => {
                let digit = char::from(byte).to_digit(16)?;
                // A size above 32 bits exceeds every limit, so it saturates.
                self.left = self.left.checked_mul(16).map_or(u32::MAX, |left| left | digit);
                self.digits += 1;
                Step::Size
            }
            (Step::Size | Step::Blank, b' ' | b'\t') if has_size => Step::Blank,
            (Step::Size | Step::Blank, b';') if has_size => Step::Extension,
            (Step::Size | Step::Extension, b'\r') if has_size => Step::SizeEnd,
            (Step::Extension, _) if is_text => Step::Extension,
            (Step::SizeEnd, b'\n') => {
                self.digits = 0;
                if self.left == 0 { Step::Trailer } else { Step::Data }
            }
            (Step::DataEnd, b'\r') => Step::DataLineEnd,
            (Step::DataLineEnd, b'\n') => Step::Size,
            (Step::Trailer, b'\r') => Step::End,
            (Step::Trailer, _) if is_name => {
                self.fields = self.fields.saturating_add(1);
                Step::Name
            }
            (Step::Name, b':') => Step::Value,
            (Step::Name, _) if is_name => Step::Name,
            (Step::Value, b'\r') => Step::ValueEnd,
            (Step::Value, _) if is_text => Step::Value,
            (Step::ValueEnd, b'\n') => Step::Trailer,
            (Step::End, b'\n') => Step::Done,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    const LIMITS: HeadLimits = HeadLimits { bytes: 40, headers: 2 };

    /// Decodes input in pieces of the given lengths, the last one repeated.
    ///
    /// Returns the content, the decoder, and how many bytes were used.
    fn decode(input: &[u8], pieces: &[usize], max: u64) -> Result<(Vec<u8>, Chunks, usize), HeadError> {
        let (mut chunks, mut content, mut start) = (Chunks::default(), Vec::new(), 0);
        let mut pieces = pieces.iter().copied().chain(std::iter::repeat(*pieces.last().unwrap()));
        while start < input.len() && !chunks.is_done() {
            let length = pieces.next().unwrap().clamp(1, input.len() - start);
            let mut piece = input[start..start + length].to_vec();
            let (used, decoded) = chunks.decode(&mut piece, max, LIMITS)?;
            content.extend_from_slice(&piece[..decoded]);
            start += used;
            if used < length {
                break;
            }
        }
        assert_eq!(chunks.length(), content.len());
        Ok((content, chunks, start))
    }

    #[test]
    fn content_decodes_at_every_split() {
        for (input, content) in [
            ("0\r\n\r\n", ""),
            ("4\r\ntrue\r\n0\r\n\r\n", "true"),
            ("1\r\nt\r\n1\r\nr\r\n2\r\nue\r\n0\r\n\r\n", "true"),
            ("00000000000a\r\n0123456789\r\n000\r\n\r\n", "0123456789"),
            ("A\r\n\r\n0\r\n\r\n\r\n\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n\r\n\n"),
            ("2;a;b=\"; 0\";\t\r\nok\r\n0 ;last\r\n\r\n", "ok"),
            ("2\r\nok\r\n0\r\nA: b\r\nContent-Length:9\r\n\r\n", "ok"),
        ] {
            let whole = format!("{input}GET / HTTP/1.1\r\n");
            for first in 1..=whole.len() {
                for rest in [1, 2, whole.len()] {
                    let (decoded, chunks, used) = decode(whole.as_bytes(), &[first, rest], 100)
                        .unwrap_or_else(|error| panic!("{input:?}: {error}"));
                    assert_eq!(decoded, content.as_bytes(), "{input:?} cut at {first}");
                    assert!(chunks.is_done() && chunks.announced() == content.len() as u64);
                    assert_eq!(used, input.len(), "{input:?}: bytes behind the content were used");
                }
            }
            for cut in 0..input.len() {
                let chunks =
                    decode(&input.as_bytes()[..cut], &[3], 100).map(|(_, chunks, _)| chunks.is_done());
                assert_eq!(chunks, Ok(false), "{input:?} ends at {cut}");
            }
        }
    }

    #[test]
    fn ambiguous_framing_is_an_error() {
        for input in [
            "\r\n",
            "\n",
            ";a\r\n",
            " 1\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            "g\r\n",
            "1_0\r\n",
            "1 1\r\n",
            "1\n",
            "1\rt",
            "1\r\r\n",
            "1;a\n",
            "1;a\rb",
            "1;\0\r\n",
            "1;\x7f\r\n",
            "1 \r\n",
            "1\t\r\n",
            "1\x0b\r\n",
            "1\r\nt\n",
            "1\r\nt\r0",
            "1\r\ntr",
            "1\r\nt0\r\n\r\n",
            "1\r\nt\r\n\r\n",
            "1\r\nt\r\n\n",
            "0\n",
            "0\r\n\n",
            "0\r\n\rX",
            "0\r\n\r\r",
            "0\r\nA\r\n",
            "0\r\nA: b\n",
            "0\r\nA: b\rc",
            "0\r\n b: c\r\n",
            "0\r\n: b\r\n",
            "0\r\nA : b\r\n",
            "0\r\nA: b\r\n\tc\r\n",
            "0\r\nA: \0\r\n",
            "0\r\n\u{e9}: b\r\n",
            "00000000000000001\r\n",
        ] {
            for piece in 1..=input.len() {
                let error = decode(input.as_bytes(), &[piece], 100).map(|(content, ..)| content);
                assert_eq!(error, Err(HeadError::Chunks), "{input:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn extensions_and_fields_above_limits_are_errors() {
        let line = |extension: usize| format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(extension));
        let status =
            |input: String| decode(input.as_bytes(), &[7], 100).map(|(_, chunks, _)| chunks.is_done());
        assert_eq!(status(line(39)), Ok(true));
        assert_eq!(status(line(40)), Err(HeadError::TooLarge));
        // Extensions of all chunks and trailer fields share one limit.
        let both =
            |trailer: usize| format!("1;{}\r\nx\r\n0\r\na:{}\r\n\r\n", "e".repeat(29), "t".repeat(trailer));
        assert_eq!(status(both(8)), Ok(true));
        assert_eq!(status(both(9)), Err(HeadError::TooLarge));
        let fields = |count: usize| format!("0\r\n{}\r\n", "a:b\r\n".repeat(count));
        assert_eq!(status(fields(2)), Ok(true));
        assert_eq!(status(fields(3)), Err(HeadError::TooLarge));
    }

    #[test]
    fn content_above_limit_stops_behind_its_size() {
        let ones = "1\r\nx\r\n".repeat(8);
        let (content, chunks, _) = decode(format!("{ones}0\r\n\r\n").as_bytes(), &[5], 8).unwrap();
        assert!(chunks.is_done() && content.len() == 8);
        let (content, chunks, used) = decode(format!("{ones}1\r\nx\r\n").as_bytes(), &[5], 8).unwrap();
        assert!(!chunks.is_done() && content.len() == 8 && chunks.announced() == 9);
        assert_eq!(used, ones.len() + 3);
        // A higher limit lets decoding continue.
        let (mut chunks, mut rest) = (chunks, *b"x\r\n0\r\n\r\n");
        assert_eq!(chunks.decode(&mut rest, 9, LIMITS), Ok((rest.len(), 1)));
        assert!(chunks.is_done());
        for size in ["9", "ffffffff", "100000000", "100000001", "ffffffffffffffff"] {
            let (content, chunks, used) = decode(format!("{size}\r\nx").as_bytes(), &[1], 8).unwrap();
            assert!(content.is_empty() && chunks.announced() > 8 && used == size.len() + 2, "{size}");
            let (_, chunks, _) = decode(format!("{size}\r\nx").as_bytes(), &[1], u64::MAX).unwrap();
            assert!(!chunks.is_done());
        }
    }
}

//! Reference decoder of DEFLATE (RFC 1951), one bit at a time.

/// Maximum length of a code, in bits.
const BITS_MAX: usize = 15;
/// Order of the code length codes (section 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Decompressed bytes of a stream, as far as it is valid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inflated {
    /// The decompressed bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether invalid DEFLATE follows.
    pub(crate) wrong: bool,
}

/// Decompresses the beginning of a stream, up to `max` bytes.
///
/// After a last block another stream, with an empty window, begins at the next byte.
pub(crate) fn inflate(packed: &[u8], max: usize) -> Inflated {
    let mut reader = Reader { packed, index: 0, bytes: Vec::new(), start: 0, max };
    let wrong = loop {
        match reader.block() {
            Ok(false) => {}
            Ok(true) => {
                reader.index = reader.index.next_multiple_of(8);
                reader.start = reader.bytes.len();
            }
            Err(end) => break end == End::Wrong,
        }
    };
    Inflated { bytes: reader.bytes, wrong }
}

/// Reason why decoding stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// No more input, or enough output.
    Over,
    Wrong,
}

struct Reader<'p> {
    packed: &'p [u8],
    /// Index of the next bit.
    index: usize,
    bytes: Vec<u8>,
    /// Index of the stream's first byte in the output.
    start: usize,
    max: usize,
}

impl Reader<'_> {
    fn bit(&mut self) -> Result<usize, End> {
        let byte = self.packed.get(self.index / 8).ok_or(End::Over)?;
        let bit = byte >> (self.index % 8) & 1;
        self.index += 1;
        Ok(usize::from(bit))
    }

    fn bits(&mut self, count: usize) -> Result<usize, End> {
        (0..count).try_fold(0, |bits, place| Ok(bits | self.bit()? << place))
    }

    fn put(&mut self, byte: u8) -> Result<(), End> {
        if self.bytes.len() == self.max {
            return Err(End::Over);
        }
        self.bytes.push(byte);
        Ok(())
    }

    /// Reads a block; returns whether it was the last.
    fn block(&mut self) -> Result<bool, End> {
        // All three bits are checked together.
        let head = self.bits(3)?;
        match head >> 1 {
            0 => self.stored()?,
            1 => {
                let lengths: Vec<usize> = (0..288)
                    .map(|symbol| match symbol {
                        144..=255 => 9,
                        256..=279 => 7,
                        _ => 8,
                    })
                    .collect();
                self.symbols(&Code::new(&lengths), &Code::new(&[5; 30]))?;
            }
            2 => {
                let (literals, distances) = self.codes()?;
                self.symbols(&literals, &distances)?;
            }
            _ => return Err(End::Wrong),
        }
        Ok(head & 1 == 1)
    }

    fn stored(&mut self) -> Result<(), End> {
        self.index = self.index.next_multiple_of(8);
        let both = self.bits(32)?;
        let length = both & 0xffff;
        if length != !both >> 16 & 0xffff {
            return Err(End::Wrong);
        }
        for _ in 0..length {
            let byte = *self.packed.get(self.index / 8).ok_or(End::Over)?;
            self.put(byte)?;
            self.index += 8;
        }
        Ok(())
    }

    /// Reads the codes of a dynamic block.
    fn codes(&mut self) -> Result<(Code, Code), End> {
        let counts = self.bits(14)?;
        let (literals, distances) = ((counts & 31) + 257, (counts >> 5 & 31) + 1);
        // Reserved symbols have no code.
        if literals > 286 || distances > 30 {
            return Err(End::Wrong);
        }
        let mut lengths = [0; 19];
        for place in &ORDER[..(counts >> 10) + 4] {
            lengths[*place] = self.bits(3)?;
        }
        let code = Code::new(&lengths);
        if code.left != 0 && code.longest() > 0 {
            return Err(End::Wrong);
        }
        let mut lengths = Vec::new();
        while lengths.len() < literals + distances {
            // If there are no codes at all, zlib reads lengths of nothing, and only then finds that no code
            // ends the block. The RFC does not define it.
            let symbol = if code.longest() == 0 { self.bit().map(|_| 0)? } else { self.symbol(&code)? };
            let (length, times) = match symbol {
                16 => {
                    let times = 3 + self.bits(2)?;
                    (*lengths.last().ok_or(End::Wrong)?, times)
                }
                17 => (0, 3 + self.bits(3)?),
                18 => (0, 11 + self.bits(7)?),
                length => (length, 1),
            };
            lengths.extend(std::iter::repeat_n(length, times));
            if lengths.len() > literals + distances {
                return Err(End::Wrong);
            }
        }
        let (literals, distances) = lengths.split_at(literals);
        let (ends, literals, distances) = (literals[256] > 0, Code::new(literals), Code::new(distances));
        // A single incomplete code is allowed.
        let whole = |code: &Code| code.left == 0 || (code.left > 0 && code.longest() <= 1);
        if ends && whole(&literals) && whole(&distances) {
            Ok((literals, distances))
        } else {
            Err(End::Wrong)
        }
    }

    fn symbol(&mut self, code: &Code) -> Result<usize, End> {
        let (mut bits, mut first, mut index) = (0, 0, 0);
        for length in 1..=code.longest().max(1) {
            bits = bits << 1 | self.bit()?;
            let count = code.counts[length];
            if bits < first + count {
                return Ok(code.symbols[index + bits - first]);
            }
            index += count;
            first = (first + count) << 1;
        }
        Err(End::Wrong)
    }

    fn symbols(&mut self, literals: &Code, distances: &Code) -> Result<(), End> {
        loop {
            let symbol = self.symbol(literals)?;
            let length = match symbol {
                256 => return Ok(()),
                0..=255 => {
                    self.put(symbol.to_le_bytes()[0])?;
                    continue;
                }
                285 => 258,
                257..=264 => symbol - 254,
                265..=284 => {
                    let extra = (symbol - 261) / 4;
                    ((4 + (symbol - 261) % 4) << extra) + 3 + self.bits(extra)?
                }
                _ => return Err(End::Wrong),
            };
            let symbol = self.symbol(distances)?;
            let distance = match symbol {
                0..=3 => symbol + 1,
                4..=29 => {
                    let extra = symbol / 2 - 1;
                    ((2 + symbol % 2) << extra) + 1 + self.bits(extra)?
                }
                _ => return Err(End::Wrong),
            };
            if distance > self.bytes.len() - self.start {
                return Err(End::Wrong);
            }
            for _ in 0..length {
                self.put(self.bytes[self.bytes.len() - distance])?;
            }
        }
    }
}

/// Huffman code, as section 3.2.2 has it.
struct Code {
    /// Number of symbols with a code of each length.
    counts: [usize; BITS_MAX + 1],
    symbols: Vec<usize>,
    /// Number of unused codes of the greatest length,
    /// less than 0 if there are too many codes.
    left: isize,
}

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; BITS_MAX + 1];
        for length in lengths.iter().filter(|length| **length > 0) {
            counts[*length] += 1;
        }
        let left = counts[1..].iter().fold(1, |left: isize, count: &usize| left * 2 - count.cast_signed());
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        Self { counts, symbols, left }
    }

    fn longest(&self) -> usize {
        self.counts.iter().rposition(|count| *count > 0).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    #[test]
    fn zlib_output_is_inflated_unchanged() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|n| (n * n % 977).to_string().into_bytes()).collect();
        for level in [0, 1, 6, 9] {
            for text in [&text[..], &text[..30], b"", &[7; 1000]] {
                let mut packed = Vec::with_capacity(text.len() * 2 + 1000);
                let mut compress = Compress::new(Compression::new(level), false);
                compress.compress_vec(text, &mut packed, FlushCompress::Sync).unwrap();
                let whole = Inflated { bytes: text.to_vec(), wrong: false };
                assert_eq!(inflate(&packed, usize::MAX), whole, "level {level}");
                assert_eq!(inflate(&packed, 20).bytes, text[..20.min(text.len())]);
            }
        }
    }

    #[test]
    fn examples_of_rfc_7692_section_7_2_3_inflate() {
        let hello = Inflated { bytes: b"Hello".to_vec(), wrong: false };
        for packed in [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0, 0, 0xff, 0xff][..],
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0, 0, 0xff, 0xff],
            &[0xf2, 0x48, 0x05, 0, 0, 0, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0, 0, 0, 0xff, 0xff],
        ] {
            assert_eq!(inflate(packed, usize::MAX), hello);
        }
        assert!(inflate(&[0xff; 3], usize::MAX).wrong);
        // A distance of four at the beginning of the output.
        assert!(inflate(&[0x03, 0x62], usize::MAX).wrong);
    }
}

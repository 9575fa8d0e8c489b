//! Compression of a shard: a bounded pool of inflaters, and one deflater.

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};
use instep::driver::{Compression, Inflated, Inflater};
use instep_proto::deflate::{LENGTH_MIN, TAIL, WINDOW_BITS};
use instep_proto::frame::{
    COMPRESSED, Encoded, Opcode, ProtocolError, SERVER_HEADER_MAX, encode_header, server_payload,
};
use std::cell::{Cell, RefCell};

/// Pool of inflaters, and one deflater.
///
/// An inflater takes about 50 KB, from its first use on. The deflater always exists, and is reset for each
/// message.
#[derive(Debug)]
pub struct Deflate {
    inflaters: RefCell<Vec<Slot>>,
    limit: u16,
    in_use: Cell<u16>,
    deflater: RefCell<Compress>,
}

#[derive(Debug)]
struct Slot {
    decompress: Decompress,
    in_use: bool,
    /// Bytes appended of the tail that senders remove (RFC 7692 section 7.2.2).
    tail: usize,
}

impl Deflate {
    /// Creates a pool for at most `limit` messages that are being decompressed.
    pub fn new(limit: u16) -> Self {
        let deflater = Compress::new_with_window_bits(flate2::Compression::default(), false, WINDOW_BITS);
        Self { inflaters: RefCell::default(), limit, in_use: Cell::new(0), deflater: RefCell::new(deflater) }
    }

    /// Writes a frame into a block, compressed if that makes its payload shorter.
    pub fn encode(&self, frame: &[u8], block: &mut [u8]) -> Encoded {
        let payload = server_payload(frame);
        let Some(length) = self.deflate(payload, &mut block[SERVER_HEADER_MAX..]) else {
            block[..frame.len()].copy_from_slice(frame);
            return 0..frame.len();
        };
        let mut header = [0; SERVER_HEADER_MAX];
        let opcode = if frame[0] & 0x0f == 1 { Opcode::Text } else { Opcode::Binary };
        let header_length = encode_header(true, opcode, length, &mut header);
        header[0] |= COMPRESSED;
        let start = SERVER_HEADER_MAX - header_length;
        block[start..SERVER_HEADER_MAX].copy_from_slice(&header[..header_length]);
        start..SERVER_HEADER_MAX + length
    }
}

impl Compression for Deflate {
    fn borrow_inflater(&self) -> Option<Inflater> {
        let mut inflaters = self.inflaters.borrow_mut();
        let free = inflaters.iter().position(|slot| !slot.in_use);
        let index = match free {
            Some(free) => free,
            None if self.in_use.get() < self.limit => {
                // An inflater with the largest window decompresses data of any window.
                inflaters.push(Slot { decompress: Decompress::new(false), in_use: false, tail: 0 });
                inflaters.len() - 1
            }
            None => return None,
        };
        inflaters[index].in_use = true;
        self.in_use.set(self.in_use.get() + 1);
        u16::try_from(index).ok().map(Inflater)
    }

    fn inflate(
        &self,
        inflater: &Inflater,
        input: &[u8],
        last: bool,
        out: &mut [u8],
    ) -> Result<Inflated, ProtocolError> {
        let Slot { decompress, tail, .. } = &mut self.inflaters.borrow_mut()[usize::from(inflater.0)];
        let (mut used, mut produced) = (0, 0);
        loop {
            let at_end = used == input.len();
            let bytes = match &input[used..] {
                [] if last => &TAIL[*tail..],
                rest => rest,
            };
            let (before_in, before_out) = (decompress.total_in(), decompress.total_out());
            let status = decompress
                .decompress(bytes, &mut out[produced..], FlushDecompress::Sync)
                .map_err(|_| ProtocolError::BadCompression)?;
            let consumed = usize::try_from(decompress.total_in() - before_in).unwrap_or(usize::MAX);
            let written = usize::try_from(decompress.total_out() - before_out).unwrap_or(usize::MAX);
            produced += written;
            if at_end {
                *tail += consumed;
            } else {
                used += consumed;
            }
            if status == Status::StreamEnd {
                // A block with BFINAL ends a stream (RFC 7692 section 7.2.3.4), so the next block begins a new
                // one.
                decompress.reset(false);
            } else if consumed == 0 && written == 0 && !bytes.is_empty() && produced < out.len() {
                return Err(ProtocolError::BadCompression);
            }
            let all_in = used == input.len() && (!last || *tail == TAIL.len());
            if produced == out.len() || all_in {
                // If output space is left, the inflater holds no more output.
                return Ok(Inflated { used, produced, done: last && all_in && produced < out.len() });
            }
        }
    }

    fn return_inflater(&self, inflater: Inflater) {
        let slot = &mut self.inflaters.borrow_mut()[usize::from(inflater.0)];
        slot.decompress.reset(false);
        (slot.in_use, slot.tail) = (false, 0);
        self.in_use.set(self.in_use.get() - 1);
    }

    fn is_exhausted(&self) -> bool {
        self.in_use.get() == self.limit
    }

    fn deflate(&self, payload: &[u8], out: &mut [u8]) -> Option<usize> {
        if payload.len() < LENGTH_MIN {
            return None;
        }
        // The result must be at least one byte shorter than the payload, after the tail is removed.
        let room = (payload.len() - 1 + TAIL.len()).min(out.len());
        let mut deflater = self.deflater.borrow_mut();
        deflater.reset();
        deflater.compress(payload, &mut out[..room], FlushCompress::Sync).ok()?;
        let (mut rest, mut filled) = ([0; 1024], deflater.total_out() == room as u64);
        while filled {
            // Pending output is drained, because a reset drops it but keeps its position, and would run out of space.
            let before = deflater.total_out();
            deflater.compress(&[], &mut rest, FlushCompress::Sync).ok()?;
            filled = deflater.total_out() - before == rest.len() as u64;
        }
        let all = deflater.total_in() == payload.len() as u64;
        let length = usize::try_from(deflater.total_out()).ok()?;
        let whole = all && length < room && out[..length].ends_with(&TAIL);
        whole.then(|| length - TAIL.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use instep_proto::frame::{Payload, encode_frame};
    use test_support::Random;

    /// Decompresses a message cut into `parts`, with `room` bytes of output each time.
    fn inflate(deflate: &Deflate, parts: &[&[u8]], room: usize) -> Result<Vec<u8>, ProtocolError> {
        let inflater = deflate.borrow_inflater().expect("no inflater is free");
        let (mut text, mut out) = (Vec::new(), vec![0; room]);
        for (i, part) in parts.iter().enumerate() {
            let (mut rest, last) = (*part, i + 1 == parts.len());
            loop {
                let inflated = deflate.inflate(&inflater, rest, last, &mut out)?;
                text.extend_from_slice(&out[..inflated.produced]);
                rest = &rest[inflated.used..];
                if inflated.done || (!last && rest.is_empty() && inflated.produced < room) {
                    break;
                }
            }
        }
        deflate.return_inflater(inflater);
        Ok(text)
    }

    #[test]
    fn incompressible_payloads_leave_deflater_usable() {
        let deflate = Deflate::new(1);
        let mut out = vec![0; 3_000];
        let mut random = Random::new(1);
        for _ in 0..100 {
            let noise = random.bytes(2_000);
            for room in [50, 700, 3_000] {
                assert_eq!(deflate.deflate(&noise, &mut out[..room]), None);
            }
        }
    }

    #[test]
    fn compressed_text_in_any_parts_inflates_to_itself() {
        let deflate = Deflate::new(2);
        let text: Vec<u8> = (0..5_000_u32).flat_map(|n| (n / 7).to_string().into_bytes()).collect();
        let mut out = vec![0; text.len()];
        let length = deflate.deflate(&text, &mut out).expect("compressible text was not compressed");
        assert!(length < text.len() / 2);
        for room in [1, 7, 1000, 100_000] {
            let bytes = &out[..length];
            assert_eq!(inflate(&deflate, &[bytes], room).as_ref(), Ok(&text));
            for cut in [0, 1, length / 2, length] {
                assert_eq!(inflate(&deflate, &[&bytes[..cut], &bytes[cut..]], room).as_ref(), Ok(&text));
            }
        }
    }

    #[test]
    fn rfc_7692_section_7_2_3_examples_inflate() {
        let deflate = Deflate::new(1);
        for (message, what) in [
            (&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], "one block"),
            (&[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00], "no compression"),
            (&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], "a block with BFINAL"),
            (&[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00], "two blocks"),
        ] {
            assert_eq!(inflate(&deflate, &[message], 100).as_deref(), Ok(&b"Hello"[..]), "{what}");
            let single: Vec<&[u8]> = message.chunks(1).collect();
            assert_eq!(inflate(&deflate, &single, 2).as_deref(), Ok(&b"Hello"[..]), "{what}");
        }
        assert_eq!(inflate(&deflate, &[b"\x00"], 100).as_deref(), Ok(&b""[..]), "an empty message");
    }

    #[test]
    fn invalid_deflate_data_is_an_error() {
        let deflate = Deflate::new(1);
        assert_eq!(inflate(&deflate, &[b"\xff\xff\xff"], 100), Err(ProtocolError::BadCompression));
    }

    #[test]
    fn inflaters_above_limit_are_not_lent() {
        let deflate = Deflate::new(2);
        let (first, second) = (deflate.borrow_inflater(), deflate.borrow_inflater());
        assert!(deflate.is_exhausted() && deflate.borrow_inflater().is_none());
        deflate.return_inflater(first.expect("no first inflater below the limit"));
        assert!(!deflate.is_exhausted());
        assert_eq!(deflate.borrow_inflater(), Some(Inflater(0)));
        assert_eq!(second, Some(Inflater(1)));
    }

    #[test]
    fn long_frames_are_compressed_if_that_shortens_them() {
        let deflate = Deflate::new(1);
        let mut block = vec![0; 100_000];
        let frame = |payload: &[u8]| {
            let mut block = vec![0; payload.len() + SERVER_HEADER_MAX];
            let range =
                encode_frame(Payload::Binary(payload), &mut block).expect("block too short for the frame");
            block[range].to_vec()
        };
        let short = frame(&[7; LENGTH_MIN - 1]);
        let at = deflate.encode(&short, &mut block);
        assert_eq!(block[at], short);
        let noise = frame(&Random::new(1).bytes(70_000));
        let at = deflate.encode(&noise, &mut block);
        assert_eq!(block[at], noise);
        let long = frame(&[7; LENGTH_MIN]);
        let range = deflate.encode(&long, &mut block);
        let compressed = &block[range];
        assert_eq!((compressed[0], compressed.len() < 20), (0xc2, true));
        assert_eq!(
            inflate(&deflate, &[server_payload(compressed)], 999).as_deref(),
            Ok(&[7; LENGTH_MIN][..])
        );
    }
}

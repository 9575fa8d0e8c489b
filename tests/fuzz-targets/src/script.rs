//! Parts of an input: some bytes are steps, the others go over the wire.

use flate2::{Compress, Compression, FlushCompress};

/// Returns the first byte of `data`, 0 if there is none, and the rest.
pub(crate) fn first(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// Splits `data` into a script, preceded by its length, and the bytes on the wire.
pub(crate) fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = first(data);
    rest.split_at(usize::from(length).min(rest.len()))
}

/// Splits `wire` into parts with these lengths, repeated; 0 stands for 256.
///
/// Without lengths it stays whole.
pub(crate) fn cut<'w>(lengths: &[u8], wire: &'w [u8]) -> Vec<&'w [u8]> {
    let (mut parts, mut rest) = (Vec::new(), wire);
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let length = if *length == 0 { 256 } else { usize::from(*length) };
        let (part, tail) = rest.split_at(length.min(rest.len()));
        parts.push(part);
        rest = tail;
    }
    if lengths.is_empty() {
        parts.push(wire);
    }
    parts
}

/// Makes frames of `bytes`, so that a fuzzer need not get lengths and masks right:
/// a frame's first byte, the length of its payload, the payload. Lengths of 254 and
/// 255 stand for 1,000 and, once, 70,000 bytes. 252 is followed by the length of a
/// payload that is compressed here, and 253 stands for 400 bytes, compressed.
pub(crate) fn dress(mut bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut huge) = (Vec::new(), true);
    while let [opcode, length, rest @ ..] = bytes {
        let (payload, tail) = match length {
            252 => {
                let (length, rest) = first(rest);
                let (payload, tail) = rest.split_at(usize::from(length).min(rest.len()));
                (compress(payload), tail)
            }
            253 => (compress(&b"So it goes. ".repeat(34)), rest),
            254 => (vec![b'x'; 1000], rest),
            255 if std::mem::take(&mut huge) => (vec![b'y'; 70_000], rest),
            length => {
                let (payload, tail) = rest.split_at(usize::from(*length).min(rest.len()));
                (payload.to_vec(), tail)
            }
        };
        bytes = tail;
        frame(*opcode, [0x11, 0x92, 0xa3, *length], &payload, &mut out);
    }
    out
}

/// Compresses a payload as RFC 7692 section 7.2.1 has it.
fn compress(payload: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(payload.len() + 100);
    Compress::new(Compression::default(), false)
        .compress_vec(payload, &mut packed, FlushCompress::Sync)
        .expect("the payload was not compressed");
    packed.truncate(packed.len() - 4);
    packed
}

/// Appends a client's frame.
pub(crate) fn frame(first: u8, key: [u8; 4], payload: &[u8], out: &mut Vec<u8>) {
    out.push(first);
    let length = payload.len() as u64;
    if length < 126 {
        out.push(0x80 | length.to_be_bytes()[7]);
    } else if length < 65_536 {
        out.push(0xfe);
        out.extend(&length.to_be_bytes()[6..]);
    } else {
        out.push(0xff);
        out.extend(length.to_be_bytes());
    }
    out.extend(key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}

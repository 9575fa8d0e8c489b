//! Images of firmware, and what their first bytes tell.
//!
//! Input: options, the length of a piece, the limit (two bytes, little-endian, 0 for none), and the image. Options: 1 puts the
//! padding, the checksum and the hash behind the segments, 2 a signature behind them, 4 cuts the last byte, 8 puts as
//! many bytes behind all as a piece has.

use instep_update::{ImageCheck, Refusal, WholeImage, inspect};
use sha2::{Digest as _, Sha256};

/// Limit without one.
const NO_LIMIT: u32 = 1 << 20;

/// Checks an image.
pub(crate) fn check(data: &[u8]) {
    let [options, piece, low, high, image @ ..] = data else { return };
    let mut image = image.to_vec();
    if options & 1 != 0 {
        seal(&mut image);
    }
    if options & 2 != 0 {
        image.extend((0..64).map(|byte| byte ^ piece));
    }
    if options & 4 != 0 {
        image.pop();
    }
    if options & 8 != 0 {
        image.extend((0..*piece).rev());
    }
    let limit = match u16::from_le_bytes([*low, *high]) {
        0 => NO_LIMIT,
        limit => u32::from(limit),
    };
    let expected = read(&image, limit as usize);
    assert_eq!(taken(&image, 1, limit), expected, "byte by byte");
    let by_pieces = taken(&image, if *piece == 0 { image.len().max(1) } else { usize::from(*piece) }, limit);
    // A whole piece counts before its first byte is looked at.
    assert!(by_pieces == expected || by_pieces == Err(Refusal::TooLong), "{by_pieces:?}, {expected:?}");
    assert_eq!(by_pieces.is_ok(), expected.is_ok());
    for length in [image.len(), image.len().min(512), image.len().min(4096)] {
        let first = &image[..length];
        let told = inspect(first).map(|image| {
            (
                image.chip.0,
                [image.board, image.application, image.instep, image.version]
                    .map(|name| name.as_str().to_owned()),
            )
        });
        assert_eq!(told, tell(first));
    }
}

/// Returns what the code under test says of an image that comes in pieces.
fn taken(image: &[u8], piece: usize, limit: u32) -> Result<WholeImage, Refusal> {
    let mut check = ImageCheck::new(limit);
    image.chunks(piece).try_for_each(|piece| check.take(piece))?;
    check.finish()
}

/// Reads a whole image, by "Firmware Image Format" of esptool. Returns the error at the earliest byte.
fn read(image: &[u8], limit: usize) -> Result<WholeImage, Refusal> {
    // Too much content ends the image at the limit, unless it has an earlier error.
    let known = &image[..image.len().min(limit)];
    let end_of = |error| if image.len() > limit { Refusal::TooLong } else { error };
    let cut = || Err(end_of(Refusal::CutShort));
    let Some(header) = known.get(..24) else { return cut() };
    header_error(header).map_or(Ok(()), Err)?;
    let (mut at, mut sum, mut entry_found) = (24, 0xef, false);
    for _ in 0..header[1] {
        let Some(head) = known.get(at..at + 8) else { return cut() };
        let (address, length) = (word(head, 0), word(head, 4));
        if u32::try_from(u64::from(address) + u64::from(length)).is_err()
            || length % 4 != 0
            || length >= 16 << 20
        {
            return Err(Refusal::WrongSegments);
        }
        at += 8;
        if length as usize > limit - at {
            return Err(Refusal::TooLong);
        }
        let Some(bytes) = known.get(at..at + length as usize) else { return cut() };
        sum = bytes.iter().fold(sum, |sum, byte| sum ^ byte);
        entry_found |= word(header, 4) >= address && word(header, 4) - address < length;
        at += bytes.len();
    }
    let end = at + 16 - at % 16;
    let Some(checksum) = known.get(end - 1) else { return cut() };
    if *checksum != sum {
        return Err(Refusal::WrongChecksum);
    }
    if !entry_found {
        return Err(Refusal::WrongEntry);
    }
    let Some(hash) = known.get(end..end + 32) else { return cut() };
    if *hash != *Sha256::digest(&image[..end]) {
        return Err(Refusal::WrongHash);
    }
    let signature = match &known[end + 32..] {
        _ if known.len() > end + 96 => return Err(Refusal::TooMuch),
        _ if image.len() > limit => return Err(Refusal::TooLong),
        [] => None,
        rest => Some(rest.try_into().map_err(|_| Refusal::TooMuch)?),
    };
    Ok(WholeImage { hash: hash.try_into().expect("a hash has 32 bytes"), signature })
}

fn header_error(header: &[u8]) -> Option<Refusal> {
    match (header[0], header[1], header[23]) {
        (0xe9, 1..=16, 1) => None,
        (0xe9, 1..=16, _) => Some(Refusal::NoHash),
        (0xe9, ..) => Some(Refusal::WrongSegments),
        _ => Some(Refusal::NotAnImage),
    }
}

/// Returns the chip, and the board, the application, the version of instep and the version.
fn tell(first: &[u8]) -> Result<(u16, [String; 4]), Refusal> {
    let header = first.get(..24).ok_or(Refusal::NotAnImage)?;
    header_error(header).map_or(Ok(()), Err)?;
    let version = first
        .get(32..288)
        .filter(|descriptor| word(descriptor, 0) == 0xabcd_5432)
        .and_then(|descriptor| name(&descriptor[16..48]))
        .ok_or(Refusal::NotAnImage)?;
    let behind = &first[288..];
    let names = (0..behind.len() / 4)
        .map(|word| &behind[4 * word..])
        .chain([&behind[behind.len() - behind.len() % 4..]])
        .find(|bytes| bytes.starts_with(b"instep\xd5\x01"))
        .and_then(|bytes| bytes.get(..128))
        .and_then(|bytes| Some([name(&bytes[8..40])?, name(&bytes[40..72])?, name(&bytes[72..104])?]));
    let [board, application, instep] = names.ok_or(Refusal::NoDescriptor)?;
    Ok((u16::from_le_bytes([header[12], header[13]]), [board, application, instep, version]))
}

/// Returns a name: printable ASCII up to the first NUL.
fn name(field: &[u8]) -> Option<String> {
    let text = field.split(|byte| *byte == 0).next()?;
    let is_name = !text.is_empty() && text.iter().all(|byte| (b' '..=b'~').contains(byte));
    is_name.then(|| String::from_utf8_lossy(text).into_owned())
}

/// Puts the padding, the checksum and the hash behind the segments, if they are whole.
fn seal(image: &mut Vec<u8>) {
    let (mut at, mut sum) = (24, 0xef);
    for _ in 0..image.get(1).copied().unwrap_or(0).min(16) {
        let Some(head) = image.get(at..at + 8) else { return };
        let length = word(head, 4) as usize;
        let Some(bytes) = image.get(at + 8..).and_then(|rest| rest.get(..length)) else { return };
        sum = bytes.iter().fold(sum, |sum, byte| sum ^ byte);
        at += 8 + length;
    }
    image.resize(at + 15 - at % 16, 0);
    image.push(sum);
    let hash = Sha256::digest(&image);
    image.extend(hash);
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

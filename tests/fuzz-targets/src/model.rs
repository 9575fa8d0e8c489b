//! Reference for RFC 6455: the required reactions of a server to a byte string,
//! from its first byte to its last.
//!
//! It is written from the RFC alone and reads the whole string at once. A server may notice an error at a
//! later byte. The model reports an error at the first wrong byte, and for a frame in the wrong place at the
//! end of its header.

use crate::inflate::{Inflated, inflate};

/// Action of an endpoint that echoes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A message begins: 1 for text, 2 for binary.
    Begin(u8),
    /// Bytes of the message. Two never follow one another.
    Data(Vec<u8>),
    /// The message ends.
    End,
    /// A pong.
    Pong(Vec<u8>),
    /// The close frame, with its code. It is the last.
    Close(u16),
}

/// Required reactions to a byte string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The actions, in order.
    pub(crate) acts: Vec<Act>,
    /// Whether the cause of the close is within a message.
    ///
    /// The number of that message's bytes that are echoed before is unspecified.
    pub(crate) torn: bool,
    /// Another allowed code, if a second error is right behind the first.
    pub(crate) other_code: Option<u16>,
}

/// Parameters of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Whether permessage-deflate is negotiated.
    pub(crate) deflate: bool,
    /// Maximum length of a message, in bytes.
    pub(crate) limit: usize,
}

/// Header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The first byte: FIN, reserved bits, opcode.
    pub(crate) first: u8,
    /// Bytes of payload.
    pub(crate) length: u64,
    /// The masking key.
    pub(crate) key: [u8; 4],
    /// Bytes of the header.
    pub(crate) size: usize,
}

/// Reads a header as section 5.2 has it, byte by byte.
///
/// Returns `None` if it is incomplete without an error, `Err` if there is one. `deflate`: messages may
/// be compressed (RFC 7692 section 6).
pub(crate) fn header(bytes: &[u8], deflate: bool) -> Result<Option<Header>, ()> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (fin, reserved, opcode) = (first >> 7 == 1, (first >> 4) & 7, first & 15);
    let control = opcode >= 8;
    let compressed = deflate && reserved == 4 && [1, 2].contains(&opcode);
    if (reserved != 0 && !compressed) || ![0, 1, 2, 8, 9, 10].contains(&opcode) || (control && !fin) {
        return Err(());
    }
    let Some(&second) = bytes.get(1) else { return Ok(None) };
    let (masked, short) = (second >> 7 == 1, second & 127);
    if !masked || (control && short > 125) {
        return Err(());
    }
    let extended = [2, 8].into_iter().nth(usize::from(short.saturating_sub(126))).filter(|_| short > 125);
    let mut length = u64::from(short);
    let mut size = 2;
    if let Some(extended) = extended {
        let Some(field) = bytes.get(2..2 + extended) else { return Ok(None) };
        length = field.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
        size += extended;
        // "The minimal number of bytes MUST be used", and the top bit of eight bytes is 0.
        let min = if extended == 2 { 126 } else { 65_536 };
        if length < min || length >= 1 << 63 {
            return Err(());
        }
    }
    let Some(key) = bytes.get(size..size + 4) else { return Ok(None) };
    Ok(Some(Header { first, length, key: [key[0], key[1], key[2], key[3]], size: size + 4 }))
}

/// Message in progress.
struct Message {
    opcode: u8,
    /// Its compressed bytes, if it is compressed.
    packed: Option<Vec<u8>>,
    /// Its bytes so far.
    whole: Vec<u8>,
}

impl Message {
    /// Decompresses more payload, and returns whether it is invalid behind that.
    ///
    /// `last`: the message ends with it.
    fn unpack(&mut self, payload: Vec<u8>, last: bool, max: usize) -> Inflated {
        let Some(packed) = &mut self.packed else { return Inflated { bytes: payload, wrong: false } };
        packed.extend(payload);
        if last {
            packed.extend([0, 0, 0xff, 0xff]);
        }
        let Inflated { bytes, wrong } = inflate(packed, max);
        Inflated { bytes: bytes[self.whole.len()..].to_vec(), wrong }
    }
}

/// Returns the reactions of a server to `bytes`.
pub(crate) fn read(bytes: &[u8], Rules { deflate, limit }: Rules) -> Reading {
    let mut reading = Reading::default();
    let mut message: Option<Message> = None;
    let mut rest = bytes;
    loop {
        let header = match header(rest, deflate) {
            Ok(Some(header)) => header,
            Ok(None) => return reading,
            Err(()) => return reading.close(1002),
        };
        let (fin, opcode) = (header.first >> 7 == 1, header.first & 15);
        rest = &rest[header.size..];
        let length = usize::try_from(header.length).unwrap_or(usize::MAX).min(rest.len());
        let complete = length as u64 == header.length;
        let payload: Vec<u8> = (0..length).map(|index| rest[index] ^ header.key[index % 4]).collect();
        rest = &rest[length..];
        if opcode >= 8 {
            if !complete {
                return reading;
            }
            match opcode {
                8 => return reading.close(close_code(&payload)),
                9 => reading.acts.push(Act::Pong(payload)),
                _ => {}
            }
            continue;
        }
        if (opcode == 0) != message.is_some() {
            return reading.close(1002);
        }
        let packed = message.as_ref().map_or(header.first & 0x40 != 0, |open| open.packed.is_some());
        let whole = message.as_ref().map_or(0, |open| open.whole.len());
        // The header alone shows that.
        if !packed && header.length > (limit - whole) as u64 {
            return reading.tear(1009);
        }
        if payload.is_empty() && !complete {
            return reading;
        }
        if opcode != 0 {
            let packed = (header.first & 0x40 != 0).then(Vec::new);
            message = Some(Message { opcode, packed, whole: Vec::new() });
            reading.acts.push(Act::Begin(opcode));
        }
        let Some(open) = &mut message else { unreachable!("a continuation without a message") };
        let last = fin && complete;
        let Inflated { bytes, wrong } = open.unpack(payload, last, limit.saturating_add(1000));
        let length = bytes.len();
        for (index, byte) in bytes.into_iter().enumerate() {
            open.whole.push(byte);
            // Text that ends within a character is invalid at any length.
            let ends_within =
                last && open.packed.is_none() && index + 1 == length && pending(&open.whole) > 0;
            if open.opcode == 1 && (!could_be_text(&open.whole) || ends_within) {
                return reading.tear(1007);
            }
            if open.whole.len() > limit {
                let other_code = wrong.then_some(1007);
                return Reading { other_code, ..reading.tear(1009) };
            }
            reading.data(byte);
        }
        if wrong {
            return reading.tear(1007);
        }
        if !complete {
            return reading;
        }
        if fin {
            if open.opcode == 1 && pending(&open.whole) > 0 {
                return reading.tear(1007);
            }
            reading.acts.push(Act::End);
            message = None;
        }
    }
}

impl Reading {
    fn close(mut self, code: u16) -> Self {
        self.acts.push(Act::Close(code));
        self
    }

    fn tear(self, code: u16) -> Self {
        Self { torn: true, ..self.close(code) }
    }

    fn data(&mut self, byte: u8) {
        match self.acts.last_mut() {
            Some(Act::Data(data)) => data.push(byte),
            _ => self.acts.push(Act::Data(vec![byte])),
        }
    }

    /// Returns the complete messages: opcode and payload.
    pub(crate) fn messages(&self) -> Vec<(u8, Vec<u8>)> {
        let (mut messages, mut open) = (Vec::new(), (0, Vec::new()));
        for act in &self.acts {
            match act {
                Act::Begin(kind) => open = (*kind, Vec::new()),
                Act::Data(data) => open.1.extend(data),
                Act::End => messages.push(std::mem::take(&mut open)),
                Act::Pong(_) | Act::Close(_) => {}
            }
        }
        messages
    }

    /// Returns the payloads of the pongs.
    pub(crate) fn pongs(&self) -> Vec<Vec<u8>> {
        let pong = |act: &Act| if let Act::Pong(payload) = act { Some(payload.clone()) } else { None };
        self.acts.iter().filter_map(pong).collect()
    }

    /// Returns the code of the close frame, if one is required.
    pub(crate) fn close_code(&self) -> Option<u16> {
        if let Some(Act::Close(code)) = self.acts.last() { Some(*code) } else { None }
    }

    /// Returns whether this close code is allowed.
    pub(crate) fn allows_close(&self, code: Option<u16>) -> bool {
        code == self.close_code() || (code.is_some() && code == self.other_code)
    }

    /// Returns whether an echo may do `done`.
    pub(crate) fn allows(&self, done: &[Act]) -> bool {
        if !self.torn {
            return self.acts == done;
        }
        let (Some((close, before)), Some((last, done))) = (self.acts.split_last(), done.split_last()) else {
            return false;
        };
        // At least everything before the message's last bytes.
        let sure = before.iter().rposition(|act| !matches!(act, Act::Begin(_) | Act::Data(_)));
        close == last && done.len() >= sure.map_or(0, |index| index + 1) && is_beginning(done, before)
    }
}

/// Returns whether `part` is a beginning of
/// `whole`, whose last data may be cut short.
pub(crate) fn is_beginning(part: &[Act], whole: &[Act]) -> bool {
    let Some((last, before)) = part.split_last() else { return true };
    before.len() < whole.len()
        && *before == whole[..before.len()]
        && match (last, &whole[before.len()]) {
            (Act::Data(part), Act::Data(whole)) => whole.starts_with(part),
            (part, whole) => part == whole,
        }
}

/// Returns the code that answers a close frame (sections
/// 5.5.1, 7.4.1 and 7.4.2): its own, 1000 for none, 1002
/// for an invalid code, 1007 for a reason that is not text.
pub(crate) fn close_code(payload: &[u8]) -> u16 {
    let (high, low, reason) = match payload {
        [] => return 1000,
        [_] => return 1002,
        [high, low, reason @ ..] => (*high, *low, reason),
    };
    let code = u16::from(high) * 256 + u16::from(low);
    // 1004 is reserved; 1005, 1006 and 1015 are never sent; 1012 to 1014 were registered later.
    let defined = (1000..=1014).contains(&code) && ![1004, 1005, 1006].contains(&code);
    if !defined && !(3000..=4999).contains(&code) {
        return 1002;
    }
    let text = (0..=reason.len()).all(|end| could_be_text(&reason[..end])) && pending(reason) == 0;
    if text { code } else { 1007 }
}

/// Returns whether `bytes`, of which all but the last were already checked, can be
/// the beginning of UTF-8 (RFC 3629 section 4).
fn could_be_text(bytes: &[u8]) -> bool {
    let Some((&last, before)) = bytes.split_last() else { return true };
    // The beginning of the last byte's character, if it is not its first byte.
    let Some(start) = before.len().checked_sub(pending(before)).filter(|start| *start < before.len()) else {
        return matches!(last, 0..=0x7f | 0xc2..=0xf4);
    };
    match (before[start], before.len() - start) {
        (0xe0, 1) => matches!(last, 0xa0..=0xbf),
        (0xed, 1) => matches!(last, 0x80..=0x9f),
        (0xf0, 1) => matches!(last, 0x90..=0xbf),
        (0xf4, 1) => matches!(last, 0x80..=0x8f),
        _ => matches!(last, 0x80..=0xbf),
    }
}

/// Returns the number of bytes of an incomplete character at the end.
fn pending(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let length = match bytes[bytes.len() - back] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => 1,
        };
        return if length > back { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_check_agrees_with_standard_library() {
        let bytes =
            [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xf0, 0xf4, 0xf5];
        for number in 0..bytes.len().pow(4) {
            let text: Vec<u8> =
                (0..4).map(|place| bytes[number / bytes.len().pow(place) % bytes.len()]).collect();
            let ours = (0..=4).all(|end| could_be_text(&text[..end])) && pending(&text) == 0;
            assert_eq!(ours, std::str::from_utf8(&text).is_ok(), "{text:02x?}");
        }
    }

    #[test]
    fn echo_with_ping_within_message() {
        let mut bytes = Vec::new();
        for (first, payload) in [(0x01, &b"a"[..]), (0x89, b"p"), (0x80, b"b"), (0x88, b"\x03\xe8bye")] {
            crate::script::frame(first, [1, 2, 3, 4], payload, &mut bytes);
        }
        let acts = [
            Act::Begin(1),
            Act::Data(b"a".to_vec()),
            Act::Pong(b"p".to_vec()),
            Act::Data(b"b".to_vec()),
            Act::End,
            Act::Close(1000),
        ];
        let rules = |limit| Rules { deflate: false, limit };
        let reading = read(&bytes, rules(10));
        assert!(reading.allows(&acts) && !reading.allows(&acts[..5]));
        assert_eq!(reading.messages(), [(1, b"ab".to_vec())]);
        assert_eq!(read(&bytes, rules(1)).close_code(), Some(1009));
        assert_eq!(read(&bytes[..bytes.len() - 1], rules(10)).close_code(), None);
    }
}

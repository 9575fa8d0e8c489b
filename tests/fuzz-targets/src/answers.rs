//! Strict reader of a server's bytes: frames, and the responses before them.

use crate::inflate::inflate;
use crate::model::Act;

/// Returns the frames at the start of `bytes` as the acts of an echo, without
/// pings, and the rest, a part of a frame.
///
/// # Panics
/// If a frame violates RFC 6455, or follows a close frame.
pub(crate) fn acts(bytes: &[u8]) -> (Vec<Act>, &[u8]) {
    let (frames, rest) = frames(bytes);
    let (mut acts, mut open) = (Vec::new(), false);
    for Frame { fin, opcode, payload } in frames {
        assert!(!matches!(acts.last(), Some(Act::Close(_))), "a frame after the close frame");
        match opcode {
            8 => {
                let [high, low] = payload[..] else { panic!("a close frame with {payload:?}") };
                acts.push(Act::Close(u16::from(high) * 256 + u16::from(low)));
            }
            9 => assert_eq!(payload, b"", "a ping has a payload"),
            10 => acts.push(Act::Pong(payload)),
            _ => {
                assert_eq!(opcode == 0, open, "a continuation of nothing, or a message within a message");
                if opcode != 0 {
                    acts.push(Act::Begin(opcode));
                }
                match acts.last_mut() {
                    _ if payload.is_empty() => {}
                    Some(Act::Data(data)) => data.extend(payload),
                    _ => acts.push(Act::Data(payload)),
                }
                if fin {
                    acts.push(Act::End);
                }
                open = !fin;
            }
        }
    }
    (acts, rest)
}

/// Frame of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Whether it ends its message.
    pub(crate) fin: bool,
    /// The opcode.
    pub(crate) opcode: u8,
    /// The payload, decompressed.
    pub(crate) payload: Vec<u8>,
}

/// Returns the frames at the start of `bytes`, and the rest, a part of a frame.
///
/// # Panics
/// If one violates RFC 6455.
pub(crate) fn frames(mut bytes: &[u8]) -> (Vec<Frame>, &[u8]) {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        let (fin, opcode) = (first & 0x80 != 0, first & 0x0f);
        let compressed = first & 0x40 != 0;
        assert!(!compressed || [1, 2].contains(&opcode), "first byte {first:#04x}");
        assert!(first & 0x30 == 0 && [0, 1, 2, 8, 9, 10].contains(&opcode), "first byte {first:#04x}");
        assert!(second & 0x80 == 0, "a server's frame is masked");
        let field = match second {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if rest.len() < field {
            break;
        }
        let (length, rest) = rest.split_at(field);
        let length = match field {
            0 => u64::from(*second),
            _ => length.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        assert!(field != 2 || length > 125, "the length is not encoded in the fewest bytes");
        assert!(field != 8 || length > 65_535, "the length is not encoded in the fewest bytes");
        assert!(opcode < 8 || (fin && length < 126), "a control frame in fragments, or too long");
        let length = usize::try_from(length).expect("the length does not fit into usize");
        if rest.len() < length {
            break;
        }
        let (payload, rest) = rest.split_at(length);
        let mut payload = payload.to_vec();
        if compressed {
            assert!(fin, "a fragment is compressed");
            let packed = [&payload[..], &[0, 0, 0xff, 0xff]].concat();
            let inflated = inflate(&packed, usize::MAX);
            assert!(!inflated.wrong, "the payload is not valid DEFLATE");
            payload = inflated.bytes;
        }
        frames.push(Frame { fin, opcode, payload });
        bytes = rest;
    }
    (frames, bytes)
}

/// HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// The status.
    pub(crate) status: u16,
    /// The head, as received.
    pub(crate) head: String,
    /// The body, without chunk framing.
    pub(crate) body: Vec<u8>,
}

/// Returns the responses at the start of `bytes`, up to a 101, and the rest:
/// frames, or a part of a response. `heads` says of each response whether it
/// answers a HEAD, which has no body.
///
/// # Panics
/// If one violates RFC 9112.
pub(crate) fn responses<'b>(mut bytes: &'b [u8], heads: &[bool]) -> (Vec<Response>, &'b [u8]) {
    let mut responses = Vec::new();
    loop {
        let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
            return (responses, bytes);
        };
        let head = std::str::from_utf8(&bytes[..end + 2]).expect("the head is not text");
        let status = head.strip_prefix("HTTP/1.1 ").expect("no status line").get(..3).expect("no status");
        let status = status.parse().expect("the status is not a number");
        let rest = &bytes[end + 4..];
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let bodiless = heads.get(responses.len()) == Some(&true) || matches!(status, 101 | 204 | 304);
        let (body, rest) = if bodiless {
            (Vec::new(), rest)
        } else if let Some(length) = field("Content-Length") {
            let length = length.parse().expect("the length is not a number");
            let Some((body, rest)) = rest.split_at_checked(length) else { return (responses, bytes) };
            (body.to_vec(), rest)
        } else if field("Transfer-Encoding") == Some("chunked") {
            let Some(unchunked) = unchunk(rest) else { return (responses, bytes) };
            unchunked
        } else {
            assert_eq!(field("Connection"), Some("close"), "a body without an end");
            (rest.to_vec(), &[][..])
        };
        responses.push(Response { status, head: head.to_owned(), body });
        bytes = rest;
        if status == 101 {
            return (responses, bytes);
        }
    }
}

fn unchunk(mut bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|end| end == b"\r\n")?;
        let length = std::str::from_utf8(&bytes[..end]).expect("the size of a chunk is not text");
        let length = usize::from_str_radix(length, 16).expect("the size of a chunk is not hexadecimal");
        let (chunk, rest) = bytes[end + 2..].split_at_checked(length)?;
        bytes = rest.strip_prefix(b"\r\n").or_else(|| {
            assert!(rest.len() < 2, "a chunk does not end with CRLF");
            None
        })?;
        body.extend(chunk);
        if length == 0 {
            return Some((body, bytes));
        }
    }
}

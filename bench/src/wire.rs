//! Bytes on the wire: the handshake, frames, payloads.

/// Path of the echo endpoint.
pub const ECHO_PATH: &str = "/echo";
/// Path of the publishing endpoint.
pub const FAN_OUT_PATH: &str = "/";

/// Key that every client sends, from RFC 6455, section 1.3.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The server's answer to it.
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Opcode of the frames after the first of a message.
pub const CONTINUATION: u8 = 0;
/// Opcode of text.
pub const TEXT: u8 = 1;
/// Opcode of a ping.
pub const PING: u8 = 9;
/// Opcode of a pong.
pub const PONG: u8 = 10;

/// Masking key. One for all, because all cost the same to undo.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Returns the echoed text of `size` bytes.
pub fn text(size: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(size).collect()
}

/// Returns a whole message, as a server sends it.
pub fn server_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(opcode, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

/// Returns a whole message, as a client sends it, masked.
pub fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(opcode, payload.len(), 0x80);
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn header(opcode: u8, length: usize, masked: u8) -> Vec<u8> {
    let first = 0x80 | opcode;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..=125), _) => vec![first, masked | length],
        (_, Ok(length)) => [[first, masked | 126], length.to_be_bytes()].concat(),
        _ => [&[first, masked | 127][..], &(length as u64).to_be_bytes()].concat(),
    }
}

/// Frame of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'b> {
    /// Whether it ends its message.
    pub last: bool,
    /// Its opcode.
    pub opcode: u8,
    /// Its payload.
    pub payload: &'b [u8],
}

/// Parser of a server's frames, for any split of the input.
#[derive(Debug, Default)]
pub struct Frames {
    /// The beginning of an incomplete frame.
    held: Vec<u8>,
}

impl Frames {
    /// Passes every frame that `input` completes to `each`.
    ///
    /// # Errors
    /// The first error of `each`.
    pub fn read<E>(
        &mut self,
        mut input: &[u8],
        mut each: impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while !input.is_empty() {
            if self.held.is_empty() {
                let wanted = first_frame(input);
                if input.len() < wanted {
                    self.held.extend_from_slice(input);
                    return Ok(());
                }
                let (whole, rest) = input.split_at(wanted);
                input = rest;
                each(frame(whole))?;
            } else {
                let missing = first_frame(&self.held) - self.held.len();
                let (part, rest) = input.split_at(missing.min(input.len()));
                input = rest;
                self.held.extend_from_slice(part);
                if self.held.len() == first_frame(&self.held) {
                    each(frame(&self.held))?;
                    self.held.clear();
                }
            }
        }
        Ok(())
    }
}

/// Returns the minimum length of the first frame,
/// which is exact once its header is complete.
fn first_frame(bytes: &[u8]) -> usize {
    let header = header_length(bytes);
    match bytes.get(..header) {
        None => header,
        Some([_, _, rest @ ..]) if !rest.is_empty() => {
            let length = rest.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
            header + usize::try_from(length).expect("the length of a frame does not fit into usize")
        }
        Some(short) => header + usize::from(short[1]),
    }
}

fn header_length(bytes: &[u8]) -> usize {
    match bytes.get(1) {
        Some(127) => 10,
        Some(126) => 4,
        _ => 2,
    }
}

fn frame(whole: &[u8]) -> Frame<'_> {
    Frame { last: whole[0] & 0x80 != 0, opcode: whole[0] & 0x0f, payload: &whole[header_length(whole)..] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_at_any_split() {
        let sizes = [0, 1, 125, 126, 65_535, 65_536];
        let stream: Vec<u8> = sizes.iter().flat_map(|size| server_frame(TEXT, &text(*size))).collect();
        for cut in [1, 2, 3, 1000, stream.len()] {
            let (mut frames, mut found) = (Frames::default(), Vec::new());
            for part in stream.chunks(cut) {
                let each = |frame: Frame<'_>| {
                    assert!(frame.last && frame.opcode == TEXT && frame.payload == text(frame.payload.len()));
                    found.push(frame.payload.len());
                    Ok::<_, ()>(())
                };
                frames.read(part, each).unwrap();
            }
            assert_eq!(found, sizes, "cut into parts of {cut}");
        }
    }

    #[test]
    fn client_frames_are_masked() {
        assert_eq!(client_frame(TEXT, b"Hello"), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    }
}

//! Body of a response, written as space becomes free.

use super::template::Template;

/// Overhead of a chunk, in bytes: four digits of its size, and two line ends.
const CHUNK_FRAME: usize = 8;
/// Last chunk.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Source of a device's template values and generated bodies.
pub trait PageValues {
    /// Passes the value of `name` to `each`, in one or more HTML-safe parts.
    ///
    /// Returns whether the value exists.
    fn page_value(&self, name: &str, each: &mut dyn FnMut(&str)) -> bool;

    /// Writes the next part of the body `number` to the start of `out`.
    ///
    /// `number` is the number of a body of [`Reply::streamed`](super::Reply::streamed). `position` is 0 at first, then
    /// the `next` of the previous call. Parts that may change meanwhile must be written whole or not at all.
    fn generate(&self, number: u16, position: u32, out: &mut [u8]) -> Chunk {
        let _ = (number, position, out);
        Chunk { length: 0, next: None }
    }
}

/// Result of [`PageValues::generate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Number of bytes written. It is 0 with a `next` if the next part does not fit.
    pub length: usize,
    /// Position of the next call; `None` at the end.
    pub next: Option<u32>,
}

impl Chunk {
    /// Body that ends early, so the connection is closed for the client to notice.
    pub const BROKEN: Self = Self { length: 0, next: Some(u32::MAX) };
}

/// Source of a body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Static(&'static [u8]),
    Parts(&'static [&'static str]),
    Template { template: Template<'static>, chunked: bool },
    Made { number: u16, chunked: bool },
}

/// Body, and its position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    source: Source,
    /// Offset of the next byte, in 32 bits because assets are shorter than 4 GiB.
    position: u32,
    pub(super) is_done: bool,
    /// Whether the body ended early.
    pub(super) is_broken: bool,
}

impl Body {
    pub(super) fn new(source: Source) -> Self {
        Self { source, position: 0, is_done: false, is_broken: false }
    }

    /// Writes the next bytes to the start of `out`, and returns their number.
    ///
    /// Returns 0 if the body is done, or `out` is too short.
    pub(super) fn produce(&mut self, values: &dyn PageValues, out: &mut [u8]) -> usize {
        if self.is_done {
            return 0;
        }
        match self.source {
            Source::Static(body) => self.produce_parts([body].into_iter(), out),
            Source::Parts(parts) => self.produce_parts(parts.iter().map(|part| part.as_bytes()), out),
            Source::Template { chunked: true, .. } | Source::Made { chunked: true, .. } => {
                self.produce_chunk(values, out)
            }
            Source::Template { .. } | Source::Made { .. } => self.fill(values, out),
        }
    }

    fn produce_parts(&mut self, parts: impl Iterator<Item = &'static [u8]>, out: &mut [u8]) -> usize {
        let (mut used, mut before, mut position) = (0, 0, self.position as usize);
        for part in parts {
            let rest = part.get(position - before..).unwrap_or_default();
            let length = rest.len().min(out.len() - used);
            out[used..used + length].copy_from_slice(&rest[..length]);
            position += length;
            used += length;
            before += part.len();
            if position < before {
                self.position = short(position);
                return used;
            }
        }
        self.is_done = true;
        used
    }

    fn produce_chunk(&mut self, values: &dyn PageValues, out: &mut [u8]) -> usize {
        let room = out.len().min(0xffff);
        let Some(room) = room.checked_sub(CHUNK_FRAME + LAST_CHUNK.len()) else { return 0 };
        let length = self.fill(values, &mut out[6..6 + room]);
        let mut end = 0;
        if length > 0 {
            for (digit, shift) in out.iter_mut().zip([12, 8, 4, 0]) {
                *digit = b"0123456789abcdef"[(length >> shift) & 15];
            }
            out[4..6].copy_from_slice(b"\r\n");
            out[6 + length..8 + length].copy_from_slice(b"\r\n");
            end = length + CHUNK_FRAME;
        }
        if self.is_done && !self.is_broken {
            out[end..end + LAST_CHUNK.len()].copy_from_slice(LAST_CHUNK);
            end += LAST_CHUNK.len();
        }
        end
    }

    fn fill(&mut self, values: &dyn PageValues, out: &mut [u8]) -> usize {
        match self.source {
            Source::Template { template, .. } => {
                let value = |name: &str, each: &mut dyn FnMut(&str)| values.page_value(name, each);
                let (length, position) = template.fill(self.position as usize, 0, value, out);
                self.position = short(position);
                self.is_done = template.segment(position, 1).is_none();
                length
            }
            Source::Made { number, .. } => {
                let made = values.generate(number, self.position, out);
                self.is_broken = made == Chunk::BROKEN;
                let Chunk { length, next } = made;
                self.position = next.unwrap_or(self.position);
                self.is_done = next.is_none() || self.is_broken;
                length
            }
            Source::Static(_) | Source::Parts(_) => 0,
        }
    }
}

fn short(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

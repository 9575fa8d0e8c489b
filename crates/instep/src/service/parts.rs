//! Bodies in parts, each of which is sent whole.

use core::fmt;
use instep_proto::http::{Chunk, Window};

/// Fills `out` with parts, from the one at `position` on.
///
/// `write` writes the part at a position, and returns the position of the next part. A part that does not fit is left for the next
/// chunk.
pub(super) fn whole_parts(
    position: u32,
    out: &mut [u8],
    mut write: impl FnMut(u32, &mut Window<'_>) -> Result<Option<u32>, fmt::Error>,
) -> Chunk {
    let mut chunk = Chunk { length: 0, next: Some(position) };
    while let Some(position) = chunk.next {
        let mut part = Window::new(&mut out[chunk.length..], 0);
        let Ok(next) = write(position, &mut part) else { break };
        chunk = Chunk { length: chunk.length + part.used(), next };
    }
    chunk
}

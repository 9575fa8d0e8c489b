//! Bounded buffers for waiting bytes of one client.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};
use instep_proto::delivery::{FixedBuffer, Storage};

/// Bounded buffer for waiting bytes of one client.
#[derive(Debug)]
pub enum Buffer {
    /// A buffer in static memory, as on a microcontroller.
    Lent(FixedBuffer<'static>),
    /// A buffer in a vector that is freed when it is empty, as on Linux.
    ///
    /// Most clients have nothing waiting, and so take no memory.
    #[cfg(feature = "alloc")]
    Grown {
        /// The bytes, if there are any. A thin pointer, because each client has three buffers.
        bytes: Option<Box<Vec<u8>>>,
        /// The maximum number of bytes.
        limit: usize,
    },
}

impl Buffer {
    /// Creates a buffer in static memory.
    pub fn lent(memory: &'static mut [u8]) -> Self {
        Self::Lent(FixedBuffer::new(memory))
    }

    /// Creates a buffer that grows to `limit` bytes and is freed when it is empty.
    #[cfg(feature = "alloc")]
    pub fn grown(limit: usize) -> Self {
        Self::Grown { bytes: None, limit }
    }

    /// Appends all of the bytes.
    ///
    /// Returns `false`, and appends none, if there is no room.
    #[must_use]
    pub fn append(&mut self, bytes: &[u8]) -> bool {
        let start = self.bytes().len();
        let fits = self.resize(start + bytes.len());
        if fits {
            self.bytes_mut()[start..].copy_from_slice(bytes);
        }
        fits
    }

    /// Empties the buffer.
    pub fn clear(&mut self) {
        // Cannot fail, because a smaller size always fits.
        let _ = self.resize(0);
    }
}

impl Storage for Buffer {
    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Lent(buffer) => buffer.bytes(),
            #[cfg(feature = "alloc")]
            Self::Grown { bytes, .. } => bytes.as_deref().map_or(&[], Vec::as_slice),
        }
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Lent(buffer) => buffer.bytes_mut(),
            #[cfg(feature = "alloc")]
            Self::Grown { bytes, .. } => bytes.as_deref_mut().map_or(&mut [], Vec::as_mut_slice),
        }
    }

    fn capacity(&self) -> usize {
        match self {
            Self::Lent(buffer) => buffer.capacity(),
            #[cfg(feature = "alloc")]
            Self::Grown { limit, .. } => *limit,
        }
    }

    fn resize(&mut self, new: usize) -> bool {
        match self {
            Self::Lent(buffer) => buffer.resize(new),
            #[cfg(feature = "alloc")]
            Self::Grown { bytes, limit } => {
                let fits = new <= *limit;
                if new == 0 {
                    *bytes = None;
                } else if fits {
                    bytes.get_or_insert_default().resize(new, 0);
                }
                fits
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_takes_three_words() {
        assert_eq!(size_of::<Buffer>(), 3 * size_of::<usize>());
    }

    #[test]
    fn append_beyond_limit_appends_nothing() {
        let buffers = [
            Buffer::lent(std::vec![0; 4].leak()),
            #[cfg(feature = "alloc")]
            Buffer::grown(4),
        ];
        for mut buffer in buffers {
            assert!(buffer.append(b"ab"));
            assert!(!buffer.append(b"cde"));
            assert!(buffer.append(b"cd"));
            assert_eq!(buffer.bytes(), b"abcd");
            buffer.clear();
            assert_eq!(buffer.bytes(), b"");
        }
    }
}

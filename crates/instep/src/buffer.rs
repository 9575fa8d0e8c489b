//! Bytes of one client that wait: in memory fixed at compile time, or in a vector that is freed when empty.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use instep_proto::delivery::Storage;

/// A bounded buffer.
#[derive(Debug)]
pub enum Buffer {
    /// In memory that is lent for good, as on a device.
    Lent {
        /// The memory.
        memory: &'static mut [u8],
        /// How much of it is in use.
        length: usize,
    },
    /// In a vector, as on Linux: most clients have nothing waiting, and then it takes no memory.
    #[cfg(feature = "alloc")]
    Grown {
        /// The bytes.
        bytes: Vec<u8>,
        /// The most that it may hold.
        limit: usize,
    },
}

impl Buffer {
    /// A buffer in lent memory.
    pub fn lent(memory: &'static mut [u8]) -> Self {
        Self::Lent { memory, length: 0 }
    }

    /// A buffer that grows to `limit` bytes and is freed when it is empty.
    #[cfg(feature = "alloc")]
    pub fn grown(limit: usize) -> Self {
        Self::Grown { bytes: Vec::new(), limit }
    }

    /// Adds bytes at the end, all or none of them. `false`: there is no room.
    #[must_use]
    pub fn append(&mut self, bytes: &[u8]) -> bool {
        let start = self.bytes().len();
        let fits = self.resize(start + bytes.len());
        if fits {
            self.bytes_mut()[start..].copy_from_slice(bytes);
        }
        fits
    }

    /// Empties it.
    pub fn clear(&mut self) {
        // Shorter always fits.
        let _ = self.resize(0);
    }
}

impl Storage for Buffer {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Lent { memory, length } => &memory[..*length],
            #[cfg(feature = "alloc")]
            Self::Grown { bytes, .. } => bytes,
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Lent { memory, length } => &mut memory[..*length],
            #[cfg(feature = "alloc")]
            Self::Grown { bytes, .. } => bytes,
        }
    }

    fn capacity(&self) -> usize {
        match self {
            Self::Lent { memory, .. } => memory.len(),
            #[cfg(feature = "alloc")]
            Self::Grown { limit, .. } => *limit,
        }
    }

    fn resize(&mut self, new: usize) -> bool {
        match self {
            Self::Lent { memory, length } => {
                let fits = new <= memory.len();
                if fits {
                    *length = new;
                }
                fits
            }
            #[cfg(feature = "alloc")]
            Self::Grown { bytes, limit } => {
                let fits = new <= *limit;
                if new == 0 {
                    *bytes = Vec::new();
                } else if fits {
                    bytes.resize(new, 0);
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
    fn it_takes_all_or_nothing_up_to_its_limit() {
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

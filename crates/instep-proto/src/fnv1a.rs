//! FNV-1a with 64 bits, a small hash that the compiler can compute, too.
//!
//! The hash distinguishes versions, and no security depends on it.

/// Hash of no bytes.
pub const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// Returns the hash of bytes.
pub const fn fnv1a(bytes: &[u8]) -> u64 {
    extend(EMPTY, bytes)
}

/// Returns the hash of the bytes of `hash`, followed by these bytes.
pub const fn extend(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

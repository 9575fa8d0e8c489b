//! How the C library's allocator is to keep house.

// One call of mallopt, which no safe crate that is well kept offers.
#![allow(unsafe_code)]

/// Has small blocks joined with their neighbours as soon as they are freed. By default glibc keeps those up to 128
/// bytes apart for quick use; of each socket, for which tokio wants a block at a multiple of 128, it then keeps a gap
/// that fits nothing else: some 100 bytes for each client.
///
/// To be called before there are threads. Says whether it was done: with another C library it is not.
pub fn join_small_blocks() -> bool {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: mallopt(3) has no conditions but that other threads do not allocate at that moment; even then glibc
        // locks what it changes.
        (unsafe { libc::mallopt(libc::M_MXFAST, 0) }) == 1
    }
    #[cfg(not(target_env = "gnu"))]
    false
}

#[cfg(test)]
mod tests {
    #[test]
    fn glibc_takes_it() {
        assert_eq!(super::join_small_blocks(), cfg!(target_env = "gnu"));
    }
}

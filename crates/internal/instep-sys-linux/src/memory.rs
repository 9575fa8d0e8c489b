//! Tuning of the C library's allocator.

// One call of mallopt, because no well-kept safe crate offers it.
#![allow(unsafe_code)]

/// Makes the allocator join small free blocks with their neighbours at once.
///
/// By default, glibc keeps free blocks of up to 128 bytes apart for fast reuse. tokio aligns its block for each
/// socket to 128 bytes, so a gap of about 100 bytes would stay unused for each client.
///
/// Must be called before other threads start. Returns whether it took effect, which it does with glibc only.
pub fn join_small_blocks() -> bool {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: mallopt(3) only requires that other threads do not allocate at that moment, and even then
        // glibc locks the
        // data that it changes.
        (unsafe { libc::mallopt(libc::M_MXFAST, 0) }) == 1
    }
    #[cfg(not(target_env = "gnu"))]
    false
}

#[cfg(test)]
mod tests {
    #[test]
    fn joining_takes_effect_with_glibc_only() {
        assert_eq!(super::join_small_blocks(), cfg!(target_env = "gnu"));
    }
}

//! Masking (RFC 6455 section 5.3).

/// Unmasks `payload` in place, a word at a time.
///
/// `offset` is the position of `payload` in the frame's payload, in bytes, because the key repeats every four
/// bytes.
pub fn unmask(key: [u8; 4], offset: u64, payload: &mut [u8]) {
    // The key repeats every four bytes, so only the two low bits matter.
    let shift = usize::from(offset.to_le_bytes()[0] & 3);
    let mut key = key;
    key.rotate_left(shift);
    let wide = usize::from_ne_bytes(core::array::from_fn(|i| key[i % 4]));
    let (words, rest) = payload.as_chunks_mut::<{ size_of::<usize>() }>();
    for word in words {
        *word = (usize::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn words_unmask_as_bytes_do_at_every_cut() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for length in 0..40_usize {
            let plain: Vec<u8> = (0..40).take(length).collect();
            let masked: Vec<u8> =
                plain.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            for cut in 0..=length {
                let mut bytes = masked.clone();
                let (head, tail) = bytes.split_at_mut(cut);
                unmask(key, 0, head);
                unmask(key, cut as u64, tail);
                assert_eq!(bytes, plain, "{length} cut at {cut}");
            }
        }
    }

    #[test]
    fn section_5_7_example_is_unmasked() {
        let mut bytes = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        unmask([0x37, 0xfa, 0x21, 0x3d], 0, &mut bytes);
        assert_eq!(&bytes, b"Hello");
    }
}

//! Variable byte integers (MQTT 5, section 1.5.5).

use super::PacketError;

/// Reads an integer, and returns it with its length.
///
/// Returns `None` if the input ends before the integer.
pub(crate) fn read_integer(input: &[u8]) -> Result<Option<(usize, usize)>, PacketError> {
    let mut value = 0;
    for (index, byte) in input.iter().enumerate().take(4) {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            // A longer encoding than necessary is malformed.
            return if index > 0 && *byte == 0 {
                Err(PacketError::Length)
            } else {
                Ok(Some((value, index + 1)))
            };
        }
    }
    if input.len() < 4 { Ok(None) } else { Err(PacketError::Length) }
}

/// Encodes an integer, and returns its bytes with their number.
///
/// Returns `None` if the value is above the maximum.
pub(crate) fn integer(value: usize) -> Option<([u8; 4], usize)> {
    let (mut bytes, mut length, mut rest) = ([0; 4], 0, value);
    for byte in &mut bytes {
        [*byte, ..] = rest.to_le_bytes();
        *byte &= 0x7f;
        rest >>= 7;
        length += 1;
        if rest == 0 {
            return Some((bytes, length));
        }
        *byte |= 0x80;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Maximum value, in four bytes.
    const INTEGER_MAX: usize = 268_435_455;

    proptest! {
        #[test]
        fn integers_are_read_back(value in 0..=INTEGER_MAX, cut in 0_usize..4) {
            let (bytes, length) = integer(value).unwrap();
            prop_assert_eq!(read_integer(&bytes[..length]), Ok(Some((value, length))));
            if cut < length {
                prop_assert_eq!(read_integer(&bytes[..cut]), Ok(None));
            }
        }
    }

    #[test]
    fn examples_of_the_standard() {
        let encoded = |value| integer(value).map(|(bytes, length)| bytes[..length].to_vec());
        assert_eq!(encoded(127), Some(std::vec![0x7f]));
        assert_eq!(encoded(128), Some(std::vec![0x80, 0x01]));
        assert_eq!(encoded(INTEGER_MAX), Some(std::vec![0xff, 0xff, 0xff, 0x7f]));
        assert_eq!(encoded(INTEGER_MAX + 1), None);
        assert_eq!(read_integer(&[0xff, 0xff, 0xff, 0xff]), Err(PacketError::Length));
        assert_eq!(read_integer(&[0x80, 0x00]), Err(PacketError::Length));
    }
}

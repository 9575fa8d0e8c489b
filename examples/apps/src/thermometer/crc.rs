//! Checksum of 1-Wire.

/// Returns the checksum of 8 bits (x⁸ + x⁵ + x⁴ + 1, from the lowest bit) of these bytes.
///
/// It is 0 if the last byte is the checksum of those before it (application note 27 of Maxim).
pub(super) fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x8C } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_of_the_application_note_is_found() {
        // The ROM code of application note 27, and the scratchpad of a DS18B20 after power-up.
        assert_eq!(crc8(&[0x02, 0x1C, 0xB8, 0x01, 0x00, 0x00, 0x00]), 0xA2);
        assert_eq!(crc8(&[0x50, 0x05, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10]), 0x1C);
        assert_eq!(crc8(&[0x02, 0x1C, 0xB8, 0x01, 0x00, 0x00, 0x00, 0xA2]), 0);
    }
}

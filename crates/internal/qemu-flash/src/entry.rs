//! Entries of `otadata`, which select the slot.

/// State of the image in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// The image was never started.
    New = 0,
    /// The boot loader started the image once.
    PendingVerify = 1,
    /// The image is confirmed.
    Valid = 2,
    /// The image gave itself up.
    Invalid = 3,
    /// The image did not confirm itself.
    Aborted = 4,
    /// The boot loader assumes nothing.
    Undefined = u32::MAX,
}

/// Length of an entry, in bytes.
const LENGTH: usize = 32;
const SEQUENCE: core::ops::Range<usize> = 0..4;
const STATE: core::ops::Range<usize> = 24..28;
const CRC: core::ops::Range<usize> = 28..32;

/// Returns an entry with that sequence number: an odd one selects slot 0, an even one slot 1.
pub fn entry(sequence: u32, state: State) -> [u8; LENGTH] {
    let mut entry = [0xff; LENGTH];
    entry[SEQUENCE].copy_from_slice(&sequence.to_le_bytes());
    entry[STATE].copy_from_slice(&(state as u32).to_le_bytes());
    entry[CRC].copy_from_slice(&crc(sequence).to_le_bytes());
    entry
}

/// Returns the checksum of a sequence number, as the ROM function `crc32_le` of the chips with the start value 0xFFFFFFFF.
fn crc(sequence: u32) -> u32 {
    let mut crc = 0;
    for byte in sequence.to_le_bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_that_of_esp_idf() {
        // The values of entries that the boot loader of ESP-IDF wrote.
        assert_eq!(crc(1), 0x4743_989A);
        assert_eq!(crc(2), 0x55F6_3774);
    }
}

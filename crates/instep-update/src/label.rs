//! The label of an entry of `otadata`, in which a trial is counted.
//!
//! The boot loader neither reads the label nor includes it in the checksum. Erased bits are ones.
//!
//! | 20 bytes | |
//! |---|---|
//! | 4 | starts: one bit is cleared at each start |
//! | 2 | code of the verdict, and its complement |
//! | 1 | bit 0 is cleared if the old image was reached in the device's own network alone |
//! | 13 | 0xff |

use crate::{Network, Verdict};

/// Length of a label, in bytes.
pub const LABEL_LENGTH: usize = 20;
/// Bit of the second word that is cleared if the old image was reached in the device's own network alone.
const BEFORE: u32 = 1 << 16;

/// Label of an entry of `otadata`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(pub(crate) [u32; LABEL_LENGTH / 4]);

impl Label {
    /// Label of an entry that nobody labelled: all bits are ones.
    pub const BLANK: Self = Self([u32::MAX; LABEL_LENGTH / 4]);

    /// Creates the label of a new image from the network in which the old one is reached.
    pub fn for_trial(before: Network) -> Self {
        let mut label = Self::BLANK;
        if before == Network::Own {
            label.0[1] &= !BEFORE;
        }
        label
    }

    /// Parses a label; any bytes are one.
    pub const fn from_bytes(bytes: [u8; LABEL_LENGTH]) -> Self {
        let mut words = [0; LABEL_LENGTH / 4];
        let mut index = 0;
        while index < LABEL_LENGTH {
            words[index / 4] |= (bytes[index] as u32) << (index % 4 * 8);
            index += 1;
        }
        Self(words)
    }

    /// Returns the bytes of the label.
    pub fn to_bytes(self) -> [u8; LABEL_LENGTH] {
        let mut bytes = [0; LABEL_LENGTH];
        write_words(&self.0, &mut bytes);
        bytes
    }

    /// Returns how often the image was started on trial.
    pub fn starts(&self) -> u32 {
        self.0[0].count_zeros()
    }

    /// Returns the label after one more start, with one bit cleared.
    pub(crate) fn with_start(mut self) -> Self {
        // Clears the lowest bit that is a one.
        self.0[0] &= self.0[0].wrapping_sub(1);
        self
    }

    /// Returns the word of the starts, as it is in flash.
    pub(crate) fn starts_word(&self) -> [u8; 4] {
        self.0[0].to_le_bytes()
    }

    /// Returns the network in which the old image was reached.
    pub fn before(&self) -> Network {
        if self.0[1] & BEFORE == 0 { Network::Own } else { Network::Joined }
    }

    /// Returns the verdict, or `None` if there is none, or a damaged one.
    pub fn verdict(&self) -> Option<Verdict> {
        let [code, complement, ..] = self.0[1].to_le_bytes();
        if complement == !code { Verdict::from_code(code) } else { None }
    }

    /// Returns the label with a verdict.
    pub(crate) fn with_verdict(mut self, verdict: Verdict) -> Self {
        if let Some(code) = verdict.code() {
            self.0[1] = self.0[1] & !0xffff | u32::from(u16::from_le_bytes([code, !code]));
        }
        self
    }
}

/// Writes words, as they are in flash.
pub(crate) fn write_words(words: &[u32], bytes: &mut [u8]) {
    for (to, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *to = word.to_le_bytes();
    }
}

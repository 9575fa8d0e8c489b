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
const VERDICT: usize = 4;
const BEFORE: usize = 6;

/// Label of an entry of `otadata`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label([u8; LABEL_LENGTH]);

impl Label {
    /// Label of an entry that nobody labelled: all bits are ones.
    pub const BLANK: Self = Self([0xff; LABEL_LENGTH]);

    /// Creates the label of a new image from the network in which the old one is reached.
    pub fn for_trial(before: Network) -> Self {
        let mut label = Self::BLANK;
        if before == Network::Own {
            label.0[BEFORE] &= !1;
        }
        label
    }

    /// Parses a label; any bytes are one.
    pub const fn from_bytes(bytes: [u8; LABEL_LENGTH]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the label.
    pub const fn to_bytes(self) -> [u8; LABEL_LENGTH] {
        self.0
    }

    /// Returns how often the image was started on trial.
    pub fn starts(&self) -> u32 {
        self.word().count_zeros()
    }

    /// Returns the label after one more start, with one bit cleared.
    pub(crate) fn with_start(mut self) -> Self {
        let word = self.word();
        // Clears the lowest bit that is a one.
        self.0[..4].copy_from_slice(&(word & word.wrapping_sub(1)).to_le_bytes());
        self
    }

    /// Returns the word of the starts, as it is in flash.
    pub(crate) fn starts_word(&self) -> [u8; 4] {
        self.word().to_le_bytes()
    }

    /// Returns the network in which the old image was reached.
    pub fn before(&self) -> Network {
        if self.0[BEFORE] & 1 == 0 { Network::Own } else { Network::Joined }
    }

    /// Returns the verdict, or `None` if there is none, or a damaged one.
    pub fn verdict(&self) -> Option<Verdict> {
        let [code, complement] = [self.0[VERDICT], self.0[VERDICT + 1]];
        if complement == !code { Verdict::from_code(code) } else { None }
    }

    /// Returns the label with a verdict.
    pub(crate) fn with_verdict(mut self, verdict: Verdict) -> Self {
        if let Some(code) = verdict.code() {
            (self.0[VERDICT], self.0[VERDICT + 1]) = (code, !code);
        }
        self
    }

    fn word(&self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }
}

//! The partition `otadata`: two sectors with an entry each, by which the boot loader chooses a slot.
//!
//! | Entry, 32 bytes | |
//! |---|---|
//! | 4 | sequence: the entry names slot (sequence - 1) mod 2 |
//! | 20 | [`Label`] |
//! | 4 | state |
//! | 4 | checksum of the sequence alone |

use crate::label::write_words;
use crate::{Label, Slot};

/// Length of an entry, in bytes.
pub const ENTRY_LENGTH: usize = 32;
/// Sequence of an erased entry.
const ERASED: u32 = u32::MAX;
/// Offset of an entry's label, in bytes.
pub(crate) const LABEL_OFFSET: u32 = 4;

/// State of the image that an entry names.
///
/// No checksum covers the state, so any value that is no state, `ESP_OTA_IMG_UNDEFINED` too, counts as [`State::New`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Never started; the boot loader starts it.
    New,
    /// Started once by a boot loader with rollback.
    PendingVerify,
    /// Confirmed.
    Valid,
    /// Unusable; the boot loader skips the entry.
    Invalid,
    /// Given up; the boot loader skips the entry.
    Aborted,
}

impl State {
    const fn word(self) -> u32 {
        match self {
            Self::New => 0,
            Self::PendingVerify => 1,
            Self::Valid => 2,
            Self::Invalid => 3,
            Self::Aborted => 4,
        }
    }

    const fn from_word(word: u32) -> Self {
        match word {
            1 => Self::PendingVerify,
            2 => Self::Valid,
            3 => Self::Invalid,
            4 => Self::Aborted,
            _ => Self::New,
        }
    }
}

/// Entry of `otadata`, which may be damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    sequence: u32,
    pub(crate) label: Label,
    state: u32,
    checksum: u32,
}

impl Entry {
    /// Entry of an erased sector.
    pub const EMPTY: Self =
        Self { sequence: ERASED, label: Label::BLANK, state: u32::MAX, checksum: u32::MAX };

    /// Creates an entry.
    pub const fn new(sequence: u32, state: State, label: Label) -> Self {
        Self { sequence, label, state: state.word(), checksum: checksum(sequence) }
    }

    /// Parses an entry; any bytes are one, which may be damaged.
    pub fn from_bytes(bytes: &[u8; ENTRY_LENGTH]) -> Self {
        let mut words = [0; ENTRY_LENGTH / 4];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [sequence, label @ .., state, checksum] = words;
        Self { sequence, label: Label(label), state, checksum }
    }

    /// Returns the bytes of the entry.
    pub fn to_bytes(&self) -> [u8; ENTRY_LENGTH] {
        let Label([a, b, c, d, e]) = self.label;
        let mut bytes = [0; ENTRY_LENGTH];
        write_words(&[self.sequence, a, b, c, d, e, self.state, self.checksum], &mut bytes);
        bytes
    }

    /// Returns whether the entry has a sequence with the right checksum.
    ///
    /// A damaged entry counts as empty.
    pub fn is_intact(&self) -> bool {
        self.sequence != ERASED && self.checksum == checksum(self.sequence)
    }

    /// Returns whether the boot loader chooses from this entry.
    pub fn is_bootable(&self) -> bool {
        self.is_intact() && !self.is_skipped()
    }

    /// Returns the sequence.
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Returns the state.
    pub const fn state(&self) -> State {
        State::from_word(self.state)
    }

    /// Returns the label.
    pub const fn label(&self) -> Label {
        self.label
    }

    /// Returns the slot that the entry names.
    pub const fn slot(&self) -> Slot {
        slot_of(self.sequence)
    }

    /// Returns the entry with another state, its label and its checksum as they are.
    pub(crate) const fn with_state(self, state: State) -> Self {
        Self { state: state.word(), ..self }
    }

    /// Returns the entry with another label.
    pub(crate) const fn with_label(self, label: Label) -> Self {
        Self { label, ..self }
    }

    /// Returns whether the state is the word of [`State::New`], which alone the boot loader takes for it.
    pub(crate) const fn is_new(&self) -> bool {
        self.state == State::New.word()
    }

    /// Returns whether the boot loader takes the entry for one of no image, whatever its checksum.
    pub(crate) const fn is_skipped(&self) -> bool {
        self.sequence == ERASED || matches!(self.state(), State::Invalid | State::Aborted)
    }
}

/// Both entries of `otadata`, in the order of their sectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Otadata(pub [Entry; 2]);

impl Otadata {
    /// Returns the sector of the entry that the boot loader chooses: the bootable one with the higher sequence.
    ///
    /// Returns `None` if no entry is bootable. The boot loader then tries `ota_0` first.
    pub fn choice(&self) -> Option<usize> {
        let [first, second] = &self.0;
        match (first.is_bootable(), second.is_bootable()) {
            (true, true) => Some(usize::from(second.sequence > first.sequence)),
            (true, false) => Some(0),
            (false, true) => Some(1),
            (false, false) => None,
        }
    }

    /// Returns the entry in a sector, which is 0 or 1.
    pub(crate) fn of(&self, sector: usize) -> &Entry {
        let [first, second] = &self.0;
        if sector == 0 { first } else { second }
    }

    /// Returns the sector of the newest intact entry of a slot.
    pub fn newest_of(&self, slot: Slot) -> Option<usize> {
        let [first, second] = self.0.each_ref().map(|entry| entry.is_intact() && entry.slot() == slot);
        match (first, second) {
            (true, true) => Some(usize::from(self.0[1].sequence >= self.0[0].sequence)),
            (true, false) => Some(0),
            (false, true) => Some(1),
            (false, false) => None,
        }
    }

    /// Returns the highest sequence of the intact entries, or 0.
    pub fn highest(&self) -> u32 {
        self.0.iter().filter(|entry| entry.is_intact()).map(Entry::sequence).max().unwrap_or(0)
    }
}

/// Returns the lowest sequence above `sequence` that names `slot`.
///
/// Returns `None` at the end: the highest sequence is 0xffff_fffe, because 0xffff_ffff is that of an erased entry.
pub const fn next_sequence(sequence: u32, slot: Slot) -> Option<u32> {
    // The entry above names one of the slots, the one above that the other.
    let mut step = 1;
    while step <= 2 {
        match sequence.checked_add(step) {
            Some(next) if next != ERASED => {
                if slot_of(next).index() == slot.index() {
                    return Some(next);
                }
            }
            _ => return None,
        }
        step += 1;
    }
    None
}

const fn slot_of(sequence: u32) -> Slot {
    // Odd sequences name slot 0. Sequence 0 names slot 1, as the boot loader's subtraction wraps.
    if sequence & 1 == 1 { Slot::Ota0 } else { Slot::Ota1 }
}

/// Returns the checksum of a sequence: CRC-32 as `crc32_le(UINT32_MAX, …)` of the chips' ROM.
const fn checksum(sequence: u32) -> u32 {
    // The ROM's function inverts its start value, so the start is 0.
    let mut crc = sequence;
    let mut bit = 0;
    while bit < 32 {
        crc = (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        bit += 1;
    }
    !crc
}

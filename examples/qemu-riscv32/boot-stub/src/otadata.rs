//! The two sectors that select the slot: an entry of 32 bytes at the start of each.

use crate::machine::Serial;
use qemu_flash::{FLASH_SIZE, OTADATA, SECTOR};

type Flash = [u8; FLASH_SIZE as usize];

const NEW: u32 = 0;
const PENDING_VERIFY: u32 = 1;
const VALID: u32 = 2;
const INVALID: u32 = 3;
const ABORTED: u32 = 4;

/// An entry, `esp_ota_select_entry_t` of ESP-IDF.
#[derive(Clone, Copy)]
struct Entry {
    sequence: u32,
    label: [u8; 20],
    state: u32,
    crc: u32,
}

/// Both entries.
pub struct Otadata {
    entries: [Entry; 2],
    /// Whether neither entry has a sequence number with its checksum.
    is_erased: bool,
}

impl Otadata {
    /// Reads both entries.
    pub fn read(flash: &Flash) -> Self {
        let entries = [0, 1].map(|number| Entry::read(&flash[sector(number)]));
        let is_erased = entries.iter().all(|entry| entry.sequence == u32::MAX || !entry.has_right_crc());
        Self { entries, is_erased }
    }

    /// Returns the slot to try first. With `rollback`, it writes the next state of an image on trial.
    pub fn select(&mut self, flash: &mut Flash, rollback: bool) -> usize {
        for number in 0..2 {
            if rollback && self.entries[number].state == PENDING_VERIFY {
                Serial.line(format_args!("boot: entry {number} is aborted, because it was not confirmed"));
                self.write_state(flash, number, ABORTED);
            }
        }
        let valid = self.entries.map(|entry| !entry.is_invalid() && entry.has_right_crc());
        let active = match valid {
            [true, true] => usize::from(self.entries[1].sequence > self.entries[0].sequence),
            [true, false] => 0,
            [false, true] => 1,
            [false, false] => return 0,
        };
        if rollback && self.entries[active].state == NEW {
            self.write_state(flash, active, PENDING_VERIFY);
        }
        // A sequence number of 0 selects the last slot, by the same wrap-around as in ESP-IDF.
        (self.entries[active].sequence.wrapping_sub(1) % 2) as usize
    }

    /// Writes the number of the slot that starts, if no entry selected it.
    pub fn name_slot_if_erased(&self, flash: &mut Flash, slot: usize) {
        // ESP-IDF does not write while an entry has any sequence number and is not invalid: it then tries all slots.
        if self.is_erased && self.entries.iter().all(|entry| entry.is_invalid()) {
            let sequence = slot as u32 + 1;
            let entry = Entry { sequence, label: [0xff; 20], state: VALID, crc: crc(sequence) };
            entry.write(&mut flash[sector(0)]);
        }
    }

    fn write_state(&mut self, flash: &mut Flash, number: usize, state: u32) {
        self.entries[number].state = state;
        self.entries[number].write(&mut flash[sector(number)]);
    }
}

impl Entry {
    fn read(sector: &[u8]) -> Self {
        let word =
            |at: usize| u32::from_le_bytes([sector[at], sector[at + 1], sector[at + 2], sector[at + 3]]);
        let mut label = [0; 20];
        label.copy_from_slice(&sector[4..24]);
        Self { sequence: word(0), label, state: word(24), crc: word(28) }
    }

    /// Erases the sector, and writes the entry.
    fn write(&self, sector: &mut [u8]) {
        sector.fill(0xff);
        sector[..4].copy_from_slice(&self.sequence.to_le_bytes());
        sector[4..24].copy_from_slice(&self.label);
        sector[24..28].copy_from_slice(&self.state.to_le_bytes());
        sector[28..32].copy_from_slice(&self.crc.to_le_bytes());
    }

    /// Returns whether the entry is `bootloader_common_ota_select_invalid`.
    fn is_invalid(&self) -> bool {
        self.sequence == u32::MAX || matches!(self.state, INVALID | ABORTED)
    }

    fn has_right_crc(&self) -> bool {
        self.crc == crc(self.sequence)
    }
}

fn sector(number: usize) -> core::ops::Range<usize> {
    let start = (OTADATA.start + number as u32 * SECTOR) as usize;
    start..start + SECTOR as usize
}

/// Returns `esp_rom_crc32_le(UINT32_MAX, &sequence, 4)`.
fn crc(sequence: u32) -> u32 {
    let mut crc = sequence;
    for _ in 0..32 {
        crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    }
    !crc
}

//! The rules by which ESP-IDF's boot loader chooses a slot, with two slots and no factory image.

use crate::{Entry, Label, Otadata, Slot, State, next_sequence};

/// What the boot loader does at a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Entries that the boot loader writes before it loads an image, in the order of their sectors.
    ///
    /// It erases the sector of each, then writes the entry.
    pub writes: [Option<Entry>; 2],
    /// Slots, in the order in which the boot loader tries to load them.
    pub order: [Slot; 2],
    /// Whether the boot loader writes an entry for the slot that it has loaded.
    ///
    /// It is [`Boot::initial_entry`], in the first sector.
    pub writes_initial: bool,
}

impl Boot {
    /// Returns the entry that the boot loader writes for a slot that it has loaded where `otadata` is empty.
    pub fn initial_entry(slot: Slot) -> Entry {
        Entry::new(next_sequence(0, slot).unwrap_or(1), State::Valid, Label::BLANK)
    }
}

/// Returns what ESP-IDF's boot loader does at a start.
///
/// These are `bootloader_utility_get_selected_boot_partition` and `bootloader_utility_load_boot_image` of ESP-IDF:
///
/// 1. With rollback, each entry in the state `PendingVerify` becomes `Aborted`, whatever its checksum.
/// 2. If both entries are erased, `Invalid` or `Aborted`, whatever their checksums, `ota_0` is tried first. If both are
///    also erased or damaged, the boot loader writes an entry for the slot that it loads.
/// 3. Otherwise, of the entries that are intact and neither `Invalid` nor `Aborted`, the one with the higher sequence
///    names the slot that is tried first. With rollback, its state `New` becomes `PendingVerify` before.
/// 4. If there is none, `ota_0` is tried first.
/// 5. If the first slot cannot be loaded, the other one is tried, and `otadata` stays as it is.
///
/// This is the model for tests; firmware does not need it.
pub fn boot(otadata: Otadata, rollback: bool) -> Boot {
    let mut writes = [None; 2];
    let mut otadata = otadata;
    if rollback {
        for (entry, write) in otadata.0.iter_mut().zip(&mut writes) {
            if entry.state() == State::PendingVerify {
                *entry = entry.with_state(State::Aborted);
                *write = Some(*entry);
            }
        }
    }
    if otadata.0.iter().all(Entry::is_skipped) {
        let writes_initial = !otadata.0.iter().any(Entry::is_intact);
        return Boot { writes, order: Slot::ALL, writes_initial };
    }
    let Some(sector) = otadata.choice() else {
        return Boot { writes, order: Slot::ALL, writes_initial: false };
    };
    let entry = otadata.0[sector];
    if rollback && entry.is_new() {
        writes[sector] = Some(entry.with_state(State::PendingVerify));
    }
    let slot = entry.slot();
    Boot { writes, order: [slot, slot.other()], writes_initial: false }
}

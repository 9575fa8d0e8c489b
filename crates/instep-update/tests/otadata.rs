//! Entries of `otadata`, and the boot loader's rules.

use instep_update::{Boot, Entry, Label, Network, Otadata, Slot, State, boot, next_sequence};

/// Returns an entry of ESP-IDF's tests: its sequence, its state, its checksum.
fn entry_of_esp_idf(sequence: u32, state: u32, checksum: [u8; 4]) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[..4].copy_from_slice(&sequence.to_le_bytes());
    bytes[24..28].copy_from_slice(&state.to_le_bytes());
    bytes[28..].copy_from_slice(&checksum);
    bytes
}

fn entry(sequence: u32, state: State) -> Entry {
    Entry::new(sequence, state, Label::BLANK)
}

#[test]
fn entries_equal_those_of_esp_bootloader_esp_idf() {
    let valid = entry_of_esp_idf(1, 2, [154, 152, 67, 71]);
    assert_eq!(entry(1, State::Valid).to_bytes(), valid);
    assert!(Entry::from_bytes(&valid).is_intact());
    let new = entry_of_esp_idf(2, 0, [116, 55, 246, 85]);
    assert_eq!(entry(2, State::New).to_bytes(), new);
    let undefined = entry_of_esp_idf(1, u32::MAX, [154, 152, 67, 71]);
    assert_eq!(Entry::from_bytes(&undefined).state(), State::New);
    assert!(!Entry::from_bytes(&[0xff; 32]).is_intact());
    assert_eq!(Entry::EMPTY.to_bytes(), [0xff; 32]);
}

#[test]
fn every_flip_of_sequence_or_checksum_damages_an_entry() {
    for sequence in [1, 2, 77, u32::MAX - 1] {
        let bytes = entry(sequence, State::Valid).to_bytes();
        for bit in (0..32).chain(224..256) {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!Entry::from_bytes(&bytes).is_intact(), "{sequence}, bit {bit}");
        }
    }
}

#[test]
fn unknown_state_counts_as_new() {
    for state in [5, 6, 0x100, 0x8000_0000, u32::MAX] {
        let mut bytes = entry(3, State::Valid).to_bytes();
        bytes[24..28].copy_from_slice(&state.to_le_bytes());
        let entry = Entry::from_bytes(&bytes);
        assert_eq!(entry.state(), State::New, "{state:#x}");
        assert!(entry.is_bootable());
    }
}

#[test]
fn sequence_is_the_next_one_of_its_slot() {
    assert_eq!(next_sequence(0, Slot::Ota0), Some(1));
    assert_eq!(next_sequence(0, Slot::Ota1), Some(2));
    for from in (0..20).chain(u32::MAX - 20..=u32::MAX) {
        for slot in Slot::ALL {
            match next_sequence(from, slot) {
                Some(next) => {
                    assert!(next > from && next - from <= 2 && next != u32::MAX);
                    assert_eq!((next - 1) as usize % 2, slot.index());
                    assert_eq!(entry(next, State::New).slot(), slot);
                }
                None => assert!(from >= u32::MAX - 3, "{from}"),
            }
        }
    }
    assert_eq!(next_sequence(u32::MAX - 2, Slot::Ota1), Some(u32::MAX - 1));
    assert_eq!(next_sequence(u32::MAX - 3, Slot::Ota0), Some(u32::MAX - 2));
    assert_eq!(next_sequence(u32::MAX - 2, Slot::Ota0), None);
    assert_eq!(next_sequence(u32::MAX - 1, Slot::Ota1), None);
}

#[test]
fn boot_loader_chooses_highest_intact_sequence() {
    let order = |first, second| boot(Otadata([first, second]), false).order;
    let (zero, one) = ([Slot::Ota0, Slot::Ota1], [Slot::Ota1, Slot::Ota0]);
    let mut damaged = entry(8, State::Valid).to_bytes();
    damaged[0] ^= 1;
    let damaged = Entry::from_bytes(&damaged);
    assert_eq!(order(entry(1, State::Valid), entry(2, State::New)), one);
    assert_eq!(order(entry(3, State::Valid), entry(2, State::New)), zero);
    assert_eq!(order(entry(3, State::Aborted), entry(2, State::Valid)), one);
    assert_eq!(order(entry(3, State::Invalid), entry(2, State::Valid)), one);
    assert_eq!(order(damaged, entry(2, State::Valid)), one);
    assert_eq!(order(damaged, damaged), zero);
    assert_eq!(order(entry(4, State::Aborted), entry(2, State::Aborted)), zero);
    assert_eq!(order(Entry::EMPTY, Entry::EMPTY), zero);
    // A sequence of 0 wraps.
    assert_eq!(order(entry(0, State::Valid), Entry::EMPTY), one);
    assert_eq!(order(entry(u32::MAX - 1, State::Valid), entry(1, State::Valid)), one);
}

#[test]
fn boot_loader_writes_entry_if_both_are_empty_or_damaged() {
    let writes_initial = |first, second| boot(Otadata([first, second]), false).writes_initial;
    assert!(writes_initial(Entry::EMPTY, Entry::EMPTY));
    assert!(!writes_initial(Entry::EMPTY, entry(2, State::Aborted)));
    assert!(!writes_initial(Entry::EMPTY, entry(2, State::Valid)));
    assert_eq!(Boot::initial_entry(Slot::Ota0), entry(1, State::Valid));
    assert_eq!(Boot::initial_entry(Slot::Ota1), entry(2, State::Valid));
}

#[test]
fn rollback_aborts_pending_entry_and_keeps_its_label() {
    let label = Label::for_trial(Network::Own);
    let (old, new) = (entry(1, State::Valid), Entry::new(2, State::New, label));
    assert_eq!(boot(Otadata([old, new]), false).writes, [None, None]);
    let first = boot(Otadata([old, new]), true);
    let pending = Entry::new(2, State::PendingVerify, label);
    assert_eq!((first.writes, first.order[0]), ([None, Some(pending)], Slot::Ota1));
    let second = boot(Otadata([old, pending]), true);
    let aborted = Entry::new(2, State::Aborted, label);
    assert_eq!((second.writes, second.order[0]), ([None, Some(aborted)], Slot::Ota0));
    assert_eq!(boot(Otadata([old, pending]), false).writes, [None, None]);
    // Only the word of `New` becomes pending.
    let mut unknown = new.to_bytes();
    unknown[24..28].fill(0xff);
    assert_eq!(boot(Otadata([old, Entry::from_bytes(&unknown)]), true).writes, [None, None]);
}

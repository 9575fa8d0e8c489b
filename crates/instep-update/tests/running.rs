//! Damage and faults of the flash while a firmware runs.

mod device;
mod mock_flash;
mod sample_image;

use device::{Behaviour, Device, NEW, OLD, identity, layout, upload, write};
use instep_update::{
    Allowed, AtStart, Confirmation, Entry, Label, LastTry, Network, Reason, Refusal, ResetReason, Slot,
    State, Updater, Verdict, next_sequence,
};
use mock_flash::{SECTOR, SharedFlash};
use sample_image::{Sample, load};
use std::cell::RefCell;

/// Opens the flash of a device, as the firmware in a slot does, and returns it for damage meanwhile.
fn open(device: &Device, slot: Slot, version: &str) -> (Updater<'static>, AtStart, SharedFlash) {
    let flash = SharedFlash::new(&device.flash);
    let (shared, running) =
        (Box::leak(Box::new(RefCell::new(flash.clone()))), Box::leak(Box::new(identity(version))));
    let (updater, at_start) = Updater::open(shared, layout(), slot, running, device.reset).unwrap();
    (updater, at_start, flash)
}

/// Returns the device with its flash as the firmware left it.
fn restarted(device: &Device, flash: &SharedFlash) -> Device {
    let mut flash = flash.flash().clone();
    flash.stuck = None;
    Device { flash, reset: ResetReason::OwnReset, ..device.clone() }
}

/// Returns the number of erasures, and that of writes.
fn operations(flash: &SharedFlash) -> (usize, usize) {
    let flash = flash.flash();
    (flash.erased.iter().sum(), flash.writes)
}

/// Offset of the entry in a sector of `otadata`.
fn entry_at(sector: usize) -> usize {
    SECTOR * (1 + sector)
}

/// Returns a device on which the second image is about to start for the first time.
fn before_trial(slot: Slot, behaviour: Behaviour) -> Device {
    let mut device = Device { behaviour, ..Device::new(slot, false) };
    device.wanted = Some(Sample::new(NEW).make());
    device.run_once().unwrap();
    device
}

#[test]
fn flip_while_running_lets_an_update_through() {
    for (slot, bit) in Slot::ALL.into_iter().flat_map(|slot| (0..512).map(move |bit| (slot, bit))) {
        let device = Device::new(slot, false);
        let (mut updater, at_start, flash) = open(&device, slot, OLD);
        assert_eq!(at_start, AtStart::Settled);
        flash.flash().bytes[entry_at(bit / 256) + bit % 256 / 8] ^= 1 << (bit % 8);
        upload(&mut updater, &Sample::new(NEW).make()).unwrap();
        let device = restarted(&device, &flash);
        let old = device.otadata().newest_of(slot).unwrap();
        assert_eq!(device.entry(old).state(), State::Valid, "bit {bit}");
        assert_eq!(device.clone().live().unwrap().version, NEW, "bit {bit}");
        let mut failing = Device { behaviour: Behaviour::Panics, ..device };
        assert_eq!(failing.live().unwrap().version, OLD, "bit {bit}");
    }
}

#[test]
fn damage_before_a_verdict_is_repaired_by_it() {
    for slot in Slot::ALL {
        for sectors in [vec![0], vec![1], vec![0, 1]] {
            let verdicts =
                [(Verdict::Confirmed(Confirmation::Answer), NEW), (Verdict::GivenUp(Reason::NoAddress), OLD)];
            for (verdict, version) in verdicts {
                let device = before_trial(slot, Behaviour::Serves);
                let (mut updater, _, flash) = open(&device, slot.other(), NEW);
                for sector in &sectors {
                    flash.flash().bytes[entry_at(*sector)] ^= 0x10;
                }
                updater.conclude(verdict).unwrap();
                let mut device = restarted(&device, &flash);
                let last = device.live().unwrap();
                assert_eq!(last.version, version, "{slot:?}, {sectors:?}, {verdict:?}");
            }
        }
    }
}

#[test]
fn whole_image_that_fails_its_last_check_is_never_loadable() {
    // Only the end of the upload tells.
    let mut image = Sample::new(NEW).make();
    *image.last_mut().unwrap() ^= 1;
    let device = Device::new(Slot::Ota1, false);
    let (mut updater, _, flash) = open(&device, Slot::Ota1, OLD);
    assert_eq!(upload(&mut updater, &image), Err(Refusal::WrongHash));
    let mut device = restarted(&device, &flash);
    assert_eq!(device.slot(Slot::Ota0)[..4], [0xff; 4]);
    // Without entries, the boot loader tries this slot first.
    device.entry_mut(0).fill(0x3c);
    device.entry_mut(1).fill(0xc3);
    assert_eq!(device.live().unwrap().version, OLD);
    let cut_short = &image[..image.len() - 16];
    let (mut updater, _, _) = open(&device, Slot::Ota1, OLD);
    assert_eq!(upload(&mut updater, cut_short), Err(Refusal::CutShort));
}

#[test]
fn running_slot_is_chosen_while_the_other_one_is_written() {
    let image = Sample::new(NEW).make();
    for slot in Slot::ALL {
        let mut damaged = Device::new(slot, false);
        damaged.entry_mut(slot.index()).fill(0x3c);
        // The boot loader chose the other slot, and could not load it.
        let mut fallen_back = Device::new(slot, false);
        let chosen = next_sequence(40, slot.other()).unwrap();
        fallen_back.set_entry(slot.other().index(), &Entry::new(chosen, State::Valid, Label::BLANK));
        for device in [damaged, fallen_back] {
            for sectors in [1, 2] {
                let (mut updater, _, flash) = open(&device, slot, OLD);
                let first = image.chunks(SECTOR).next().unwrap();
                let mut writer = updater.begin(first, Allowed::default()).unwrap();
                for sector in image.chunks(SECTOR).take(sectors) {
                    write(&mut writer, sector).unwrap();
                }
                let device = restarted(&device, &flash);
                let choice = device.otadata().choice().unwrap();
                assert_eq!(device.entry(choice).slot(), slot);
                assert_eq!(load(device.slot(slot.other())), None);
            }
        }
    }
}

#[test]
fn step_is_one_erasure_or_four_pages() {
    let image = Sample { segments: vec![(0x4200_0000, 11_000)], ..Sample::new(NEW) }.make();
    // Pieces of any whole words give the same image.
    for piece in [SECTOR, 1024, 1000, 4, image.len()] {
        let device = Device::new(Slot::Ota0, false);
        let (mut updater, _, flash) = open(&device, Slot::Ota0, OLD);
        let mut writer = updater.begin(&image[..SECTOR], Allowed::default()).unwrap();
        for mut left in image.chunks(piece) {
            while !left.is_empty() {
                let before = operations(&flash);
                let rest = writer.write(left).unwrap();
                let after = operations(&flash);
                let (erasures, writes) = (after.0 - before.0, after.1 - before.1);
                let most = if erasures > 0 { 0 } else { 1024 };
                assert!(erasures <= 1 && left.len() - rest.len() <= most, "{piece}");
                assert!(if most == 0 { writes == 0 } else { (1..=5).contains(&writes) }, "{piece}");
                left = rest;
            }
        }
        writer.verify().unwrap().activate(Network::Joined).unwrap();
        assert_eq!(load(restarted(&device, &flash).slot(Slot::Ota1)).as_deref(), Some(NEW), "{piece}");
    }
}

#[test]
fn image_on_trial_accepts_no_upload() {
    let device = before_trial(Slot::Ota0, Behaviour::Serves);
    let (mut updater, at_start, flash) = open(&device, Slot::Ota1, NEW);
    assert_eq!(at_start, AtStart::OnTrial { start: 1, before: Network::Joined });
    assert!(updater.is_on_trial());
    let next = Sample::new("0.3.0").make();
    assert_eq!(upload(&mut updater, &next), Err(Refusal::OnTrial));
    assert_eq!(load(restarted(&device, &flash).slot(Slot::Ota0)).as_deref(), Some(OLD));
    updater.conclude(Verdict::Confirmed(Confirmation::Quiet)).unwrap();
    assert_eq!(updater.last_try(), LastTry::Confirmed(Confirmation::Quiet));
    assert_eq!(upload(&mut updater, &next), Ok(()));
}

#[test]
fn refused_first_sector_erases_nothing() {
    let mut other_board = Sample::new(NEW);
    other_board.board = "other";
    let mut device = Device::new(Slot::Ota0, false);
    device.put(Slot::Ota1, "0.1.5");
    for image in [other_board.make(), Sample::new("0.0.9").make(), vec![0; 4096], vec![]] {
        let (mut updater, _, flash) = open(&device, Slot::Ota0, OLD);
        let first = image.get(..4096).unwrap_or(&image);
        assert!(updater.begin(first, Allowed::default()).is_err());
        assert_eq!(flash.flash().bytes, device.flash.bytes);
        let other = updater.other_identity().unwrap().unwrap();
        assert_eq!(other.version.as_str(), "0.1.5");
    }
}

#[test]
fn content_longer_than_the_slot_is_refused_as_it_comes() {
    let image = Sample { segments: vec![(0x4200_0000, 11_000)], ..Sample::new(NEW) }.make();
    let mut content = image.clone();
    content.resize(5 * SECTOR, 0xff);
    let device = Device::new(Slot::Ota0, false);
    let (mut updater, _, flash) = open(&device, Slot::Ota0, OLD);
    assert_eq!(updater.length_max(), 4 * 4096);
    let mut writer = updater.begin(&content[..SECTOR], Allowed::default()).unwrap();
    let results: Vec<_> = content.chunks(SECTOR).map(|sector| write(&mut writer, sector).err()).collect();
    // The image ends in the fourth sector.
    assert_eq!(results[..3], [None; 3]);
    assert!(results[3] == Some(Refusal::TooMuch) && results[4].is_some(), "{results:?}");
    // The next partition is untouched.
    assert!(flash.flash().erased[12..].iter().all(|times| *times == 0));
}

#[test]
fn bit_that_does_not_clear_gives_the_trial_up() {
    let mut device = before_trial(Slot::Ota0, Behaviour::Panics);
    // The first bit of the starts.
    let sector = device.otadata().choice().unwrap();
    device.flash.stuck = Some((entry_at(sector) + 4, 1));
    let (_, at_start, flash) = open(&device, Slot::Ota1, NEW);
    assert_eq!(at_start, AtStart::GivenUp(Reason::FlashFailed));
    let last = restarted(&device, &flash).live().unwrap();
    assert_eq!((&*last.version, last.last_try), (OLD, LastTry::CameBack(Reason::FlashFailed)));
}

#[test]
fn mark_that_cannot_be_written_gives_the_trial_up() {
    let mut device = before_trial(Slot::Ota0, Behaviour::Panics);
    device.flash.refused_writes = 1;
    let (_, at_start, flash) = open(&device, Slot::Ota1, NEW);
    assert_eq!(at_start, AtStart::GivenUp(Reason::FlashFailed));
    assert_eq!(restarted(&device, &flash).live().unwrap().version, OLD);
}

/// The image runs on, and is judged by what it does.
#[test]
fn trial_that_cannot_be_given_up_goes_on() {
    let mut device = before_trial(Slot::Ota0, Behaviour::Panics);
    device.flash.refused_writes = 2;
    let (updater, at_start, _) = open(&device, Slot::Ota1, NEW);
    assert!(matches!(at_start, AtStart::OnTrial { start: 1, .. }), "{at_start:?}");
    assert!(updater.is_on_trial());
}

#[test]
fn bit_that_does_not_clear_refuses_the_image() {
    let image = Sample::new(NEW).make();
    let in_slot = [0, 100, 5000].map(|from| {
        let byte = (from..).find(|index| image[*index] != 0xff).unwrap();
        (8 * SECTOR + byte, !image[byte])
    });
    // The state of the new entry.
    for stuck in in_slot.into_iter().chain([(entry_at(1) + 24, 2)]) {
        let mut device = Device::new(Slot::Ota0, false);
        device.flash.stuck = Some(stuck);
        let (mut updater, _, flash) = open(&device, Slot::Ota0, OLD);
        let refused = upload(&mut updater, &image);
        assert_eq!(refused, Err(Refusal::WrongReadBack), "{stuck:?}");
        assert_eq!(restarted(&device, &flash).live().unwrap().version, OLD, "{stuck:?}");
    }
}

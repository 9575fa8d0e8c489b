//! Damage of `otadata` and of slots.
//!
//! A whole image runs, and the device can be updated.

mod device;
mod mock_flash;
mod sample_image;

use device::{Behaviour, Device, NEW, OLD};
use instep_update::{Entry, LABEL_LENGTH, Label, LastTry, Reason, Slot, State, next_sequence};
use proptest::prelude::*;
use sample_image::Sample;

/// Updates to a second image, which does this, and stops before start number `starts`.
fn part_of_life(slot: Slot, rollback: bool, behaviour: Behaviour, starts: usize) -> Device {
    let mut device = Device { behaviour, ..Device::new(slot, rollback) };
    device.wanted = Some(Sample::new(NEW).make());
    for _ in 0..starts {
        device.run_once().unwrap();
    }
    device
}

/// Runs the damaged device; returns the version that runs at last.
fn survives(device: &mut Device) -> String {
    let last = device.live().unwrap();
    device.update_again("0.3.0");
    device.update_again("0.4.0");
    last.version
}

#[test]
fn any_flip_in_otadata_leaves_whole_image() {
    for rollback in [false, true] {
        for behaviour in [Behaviour::Serves, Behaviour::Panics, Behaviour::LosesPower] {
            for (slot, starts) in
                Slot::ALL.into_iter().flat_map(|slot| (0..6).map(move |starts| (slot, starts)))
            {
                let device = part_of_life(slot, rollback, behaviour, starts);
                for (sector, bit) in
                    [0, 1].into_iter().flat_map(|sector| (0..256).map(move |bit| (sector, bit)))
                {
                    let mut device = device.clone();
                    device.entry_mut(sector)[bit / 8] ^= 1 << (bit % 8);
                    let version = survives(&mut device);
                    assert!([OLD, NEW].contains(&&*version), "{version} after a flip of {sector}, {bit}");
                }
                for (sector, byte) in
                    [0, 1].into_iter().flat_map(|sector| (0..32).map(move |byte| (sector, byte)))
                {
                    for value in [0x00, 0xff, 0x5a] {
                        let mut device = device.clone();
                        device.entry_mut(sector)[byte] = value;
                        survives(&mut device);
                    }
                }
            }
        }
    }
}

#[test]
fn both_entries_damaged_while_ota_1_runs_keeps_ota_1() {
    let whole = Sample::new(NEW).make();
    for rollback in [false, true] {
        // However much of the other slot is written when the power fails.
        for written in (0..whole.len()).step_by(256) {
            let mut device = Device::new(Slot::Ota1, rollback);
            device.entry_mut(0).fill(0x3c);
            device.entry_mut(1).fill(0xc3);
            device.slot_mut(Slot::Ota0)[..written].copy_from_slice(&whole[..written]);
            let start = device.run_once().unwrap();
            assert_eq!((&*start.version, start.slot), (OLD, Slot::Ota1));
            assert_eq!(survives(&mut device), OLD);
        }
    }
}

#[test]
fn otadata_that_names_the_slot_that_does_not_run_is_repaired_before_an_upload() {
    for rollback in [false, true] {
        for slot in Slot::ALL {
            for state in [State::New, State::Valid] {
                let mut device = Device::new(slot, rollback);
                let highest = next_sequence(40, slot.other()).unwrap();
                device.set_entry(slot.other().index(), &Entry::new(highest, state, Label::BLANK));
                device.slot_mut(slot.other())[..4096].copy_from_slice(&Sample::new("0.1.5").make()[..4096]);
                let start = device.run_once().unwrap();
                assert_eq!((&*start.version, start.slot), (OLD, slot));
                assert_eq!(start.last_try, LastTry::CameBack(Reason::NotLoaded));
                device.wanted = Some(Sample::new(NEW).make());
                assert_eq!(device.live().unwrap().version, NEW);
            }
        }
    }
}

#[test]
fn failed_image_returns_to_an_old_one_whose_entry_is_damaged() {
    for (behaviour, rollback) in
        [(Behaviour::Panics, false), (Behaviour::Unreachable, false), (Behaviour::Unreachable, true)]
    {
        for slot in Slot::ALL {
            // The next start is the first one of the new image.
            let mut device = part_of_life(slot, rollback, behaviour, 1);
            device.entry_mut(slot.index()).fill(0x3c);
            assert_eq!(device.run_once().unwrap().version, NEW);
            assert_eq!(device.live().unwrap().version, OLD, "{behaviour:?}, {slot:?}");
        }
    }
}

fn any_entry() -> impl Strategy<Value = [u8; 32]> {
    let sequence = prop_oneof![0..6_u32, (0..6_u32).prop_map(|below| u32::MAX - below), any::<u32>(),];
    let state = prop_oneof![0..6_u32, Just(u32::MAX), any::<u32>()];
    let label = prop_oneof![
        3 => Just([0xff; LABEL_LENGTH]),
        1 => any::<[u8; LABEL_LENGTH]>(),
    ];
    (sequence, label, state, any::<bool>()).prop_map(|(sequence, label, state, damaged)| {
        let mut bytes = Entry::new(sequence, State::New, Label::from_bytes(label)).to_bytes();
        bytes[24..28].copy_from_slice(&state.to_le_bytes());
        if damaged {
            bytes[31] ^= 0x10;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Whatever `otadata` holds, a device with one whole image runs, settles, and can be updated.
    #[test]
    fn any_otadata_leaves_an_updatable_device(
        entries in [any_entry(), any_entry()],
        slot in prop::sample::select(&Slot::ALL[..]),
        both in any::<bool>(),
        rollback in any::<bool>(),
        cut in prop::option::of(0..400_usize),
    ) {
        let mut device = Device::new(slot, rollback);
        if both {
            device.put(slot.other(), "0.1.5");
        }
        for (sector, entry) in entries.iter().enumerate() {
            device.entry_mut(sector).copy_from_slice(entry);
        }
        device.wanted = Some(Sample::new(NEW).make());
        device.flash.power = cut;
        let _ = device.live();
        device.power_on();
        survives(&mut device);
    }
}

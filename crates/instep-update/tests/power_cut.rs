//! Power cuts at every step of every operation of the flash, over the whole life of an update.
//!
//! Afterwards a whole image runs, the old or the new one, and the device can be updated.

mod device;
mod mock_flash;
mod sample_image;

use device::{Behaviour, Device, NEW, OLD};
use instep_update::{AtStart, Entry, Label, LastTry, Reason, Refusal, Slot, State};
use mock_flash::Torn;
use sample_image::Sample;

const BEHAVIOURS: [Behaviour; 4] =
    [Behaviour::Serves, Behaviour::Panics, Behaviour::Unreachable, Behaviour::LosesPower];

/// States of `otadata` in which the old image runs from a slot.
fn beginnings(rollback: bool) -> Vec<(String, Device)> {
    let mut all = Vec::new();
    for slot in Slot::ALL {
        let device = Device::new(slot, rollback);
        all.push((format!("{slot:?} by its entry"), device.clone()));
        let mut empty = device.clone();
        empty.set_entry(slot.index(), &Entry::EMPTY);
        all.push((format!("{slot:?} without entries"), empty));
        let mut damaged = device.clone();
        damaged.entry_mut(0).fill(0x3c);
        damaged.entry_mut(1).fill(0xc3);
        all.push((format!("{slot:?} with both entries damaged"), damaged));
        let mut fallen_back = device.clone();
        fallen_back.set_entry(slot.other().index(), &entry_of(slot.other(), 4, State::New));
        fallen_back.slot_mut(slot.other())[..4096].copy_from_slice(&Sample::new("0.1.5").make()[..4096]);
        all.push((format!("{slot:?} beside a chosen half image"), fallen_back));
        let mut came_back = device.clone();
        came_back.put(slot.other(), "0.1.5");
        came_back.set_entry(slot.other().index(), &entry_of(slot.other(), 4, State::Aborted));
        all.push((format!("{slot:?} beside one that was given up"), came_back));
        let mut at_end = device.clone();
        at_end.set_entry(slot.index(), &entry_of(slot, u32::MAX - 3, State::Valid));
        all.push((format!("{slot:?} near the last sequence"), at_end));
        for newest in [20, u32::MAX - 2] {
            let mut older = device.clone();
            older.put(slot.other(), "0.1.5");
            let own = entry_of(slot, newest, State::Valid);
            let other = Entry::new(own.sequence() - 1, State::Valid, Label::BLANK);
            older.set_entry(slot.index(), &own);
            older.set_entry(slot.other().index(), &other);
            all.push((format!("{slot:?} beside an older image, from {newest}"), older));
        }
        let mut last = device;
        last.set_entry(slot.index(), &entry_of(slot, u32::MAX - 2, State::Valid));
        all.push((format!("{slot:?} at the last sequence"), last));
    }
    all
}

/// Returns an entry for a slot with one of two sequences from `from` on.
fn entry_of(slot: Slot, from: u32, state: State) -> Entry {
    let entry = Entry::new(from, state, Label::BLANK);
    if entry.slot() == slot { entry } else { Entry::new(from + 1, state, Label::BLANK) }
}

/// Cuts the power at each step of a life that begins with this device, and returns the number of steps.
fn cut_everywhere(name: &str, device: &Device, torn: Torn) -> usize {
    let mut steps = 0;
    loop {
        let mut device = device.clone();
        device.wanted = Some(Sample::new(NEW).make());
        (device.flash.power, device.flash.torn) = (Some(steps), torn);
        let life = device.live();
        let cut = match life {
            Ok(_) => false,
            Err(Refusal::FlashFailed) if device.flash.power == Some(0) => true,
            Err(error) => panic!("{name}, step {steps}: {error}"),
        };
        let last = if cut {
            device.power_on();
            device.live().unwrap()
        } else {
            device.flash.power = None;
            life.unwrap()
        };
        let ends = [OLD, NEW].contains(&&*last.version);
        assert!(ends, "{name}, step {steps}: {} runs", last.version);
        if last.version == NEW {
            assert!(device.confirming, "{name}, step {steps}: the new image runs untried; {last:?}");
        }
        if !cut {
            let stays = device.behaviour == Behaviour::Serves;
            assert_eq!(last.version, if stays { NEW } else { OLD }, "{name}: {last:?}");
            assert_eq!(stays, matches!(last.last_try, LastTry::Confirmed(_)), "{name}: {last:?}");
        }
        device.update_again("0.3.0");
        device.update_again("0.4.0");
        if !cut {
            return steps;
        }
        steps += 1;
    }
}

fn cut_all(torn: Torn) {
    for rollback in [false, true] {
        for (name, device) in beginnings(rollback) {
            for behaviour in BEHAVIOURS {
                let name = format!("{name}, {behaviour:?}, rollback {rollback}");
                let steps = cut_everywhere(&name, &Device { behaviour, ..device.clone() }, torn);
                assert!(steps > 120, "{name}: only {steps} steps");
            }
        }
    }
}

#[test]
fn power_cut_between_operations_leaves_whole_image() {
    cut_all(Torn::Nothing);
}

#[test]
fn power_cut_within_operation_leaves_whole_image() {
    cut_all(Torn::Half(0x5a));
}

#[test]
fn power_cut_with_garbage_leaves_whole_image() {
    cut_all(Torn::Anything);
}

#[test]
fn second_power_cut_leaves_whole_image() {
    for (name, device) in beginnings(true).into_iter().chain(beginnings(false)) {
        for first in (0..190).step_by(7) {
            let mut device = device.clone();
            device.wanted = Some(Sample::new(NEW).make());
            device.flash.power = Some(first);
            let _ = device.live();
            for second in (0..24).chain([30, 60, 100, 130, 140, 150, 160]) {
                let mut device = device.clone();
                device.power_on();
                device.flash.power = Some(second);
                device.wanted = Some(Sample::new("0.2.5").make());
                let _ = device.live();
                device.power_on();
                let last = device.live().unwrap();
                let known = [OLD, NEW, "0.2.5"].contains(&&*last.version);
                assert!(known, "{name}, {first}, {second}: {} runs", last.version);
                device.update_again("0.3.0");
            }
        }
    }
}

#[test]
fn power_loss_starts_trial_again_three_times() {
    for (behaviour, starts) in [(Behaviour::LosesPower, 6), (Behaviour::Panics, 3)] {
        let mut device = Device { behaviour, ..Device::new(Slot::Ota0, false) };
        device.wanted = Some(Sample::new(NEW).make());
        device.run_once().unwrap();
        let mut seen = Vec::new();
        while seen.last() != Some(&AtStart::Settled) {
            seen.push(device.run_once().unwrap().at_start);
        }
        assert_eq!(seen.len(), starts, "{seen:?}");
    }
}

#[test]
fn old_image_says_why_it_came_back() {
    let reasons = [
        (Behaviour::Panics, Reason::Panic, Reason::Restarted),
        (Behaviour::Unreachable, Reason::NoAddress, Reason::NoAddress),
        (Behaviour::LosesPower, Reason::PowerLosses, Reason::Restarted),
    ];
    for (behaviour, without_rollback, with_rollback) in reasons {
        for (rollback, reason) in [(false, without_rollback), (true, with_rollback)] {
            for slot in Slot::ALL {
                let mut device = Device { behaviour, ..Device::new(slot, rollback) };
                device.wanted = Some(Sample::new(NEW).make());
                let last = device.live().unwrap();
                assert_eq!((&*last.version, last.slot), (OLD, slot));
                assert_eq!(last.last_try, LastTry::CameBack(reason), "{behaviour:?}, rollback {rollback}");
                // A restart forgets nothing.
                assert_eq!(device.live().unwrap().last_try, LastTry::CameBack(reason));
            }
        }
    }
}

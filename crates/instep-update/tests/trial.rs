//! The trial of a new image: its clock, its inputs, and its starts.

use instep_update::{
    AGAIN_MAX, AtStart, Confirmation, Entry, Label, LastTry, Network, Otadata, Progress, Reason, ResetReason,
    Slot, State, Times, Trial, Verdict,
};
use proptest::prelude::*;

const START: u64 = 5_000;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

fn trial(before: Network) -> Trial {
    Trial::new(before, Times::default(), START)
}

fn confirmed(by: Confirmation) -> Progress {
    Progress::Decided(Verdict::Confirmed(by))
}

fn given_up(reason: Reason) -> Progress {
    Progress::Decided(Verdict::GivenUp(reason))
}

fn until(time: u64) -> Progress {
    Progress::Undecided { until: time }
}

#[test]
fn times_are_those_of_the_documentation() {
    let Times { unanswered, quiet, no_address, own_network } = Times::default();
    let minutes = [quiet, no_address, own_network].map(|time| u64::from(time) / MINUTE);
    assert_eq!((u64::from(unanswered), minutes), (30 * SECOND, [4, 5, 10]));
}

#[test]
fn answer_in_the_network_of_the_old_image_confirms() {
    let mut trial = trial(Network::Joined);
    trial.answered(START + 1, Network::Own);
    assert_eq!(trial.poll(START + 1), until(START + 5 * MINUTE));
    trial.answered(START + 2, Network::Joined);
    assert_eq!(trial.poll(START + 2), confirmed(Confirmation::Answer));
}

#[test]
fn any_answer_confirms_if_the_old_image_had_its_own_network_alone() {
    for network in [Network::Own, Network::Joined] {
        let mut trial = trial(Network::Own);
        trial.answered(START + 1, network);
        assert_eq!(trial.poll(START + 1), confirmed(Confirmation::Answer));
    }
}

#[test]
fn quiet_address_confirms_after_four_minutes() {
    let mut trial = trial(Network::Joined);
    trial.address(START + 10 * SECOND, true);
    let due = START + 10 * SECOND + 4 * MINUTE;
    assert_eq!(trial.poll(due - 1), until(due));
    assert_eq!(trial.poll(due), confirmed(Confirmation::Quiet));
}

#[test]
fn request_without_an_answer_begins_the_quiet_time_again() {
    let mut trial = trial(Network::Joined);
    trial.address(START, true);
    trial.unanswered_since(START + MINUTE, Some(START + MINUTE));
    assert_eq!(trial.poll(START + MINUTE), until(START + MINUTE + 30 * SECOND));
    // The client goes away.
    trial.unanswered_since(START + MINUTE + SECOND, None);
    assert_eq!(trial.poll(START + 4 * MINUTE), until(START + 5 * MINUTE + SECOND));
    assert_eq!(trial.poll(START + 5 * MINUTE + SECOND), confirmed(Confirmation::Quiet));
}

#[test]
fn unanswered_request_gives_up_after_30_seconds() {
    let mut trial = trial(Network::Joined);
    trial.address(START, true);
    trial.unanswered_since(START + SECOND, Some(START));
    assert_eq!(trial.poll(START + 30 * SECOND - 1), until(START + 30 * SECOND));
    assert_eq!(trial.poll(START + 30 * SECOND), given_up(Reason::Unanswered));
    // A late answer changes nothing.
    trial.answered(START + 31 * SECOND, Network::Joined);
    assert_eq!(trial.poll(START + 31 * SECOND), given_up(Reason::Unanswered));
}

#[test]
fn missing_address_gives_up_after_five_minutes() {
    let mut never = trial(Network::Joined);
    assert_eq!(never.poll(START), until(START + 5 * MINUTE));
    assert_eq!(never.poll(START + 5 * MINUTE), given_up(Reason::NoAddress));
    let mut lost = trial(Network::Joined);
    lost.address(START, true);
    lost.address(START + MINUTE, false);
    assert_eq!(lost.poll(START + 5 * MINUTE), until(START + 6 * MINUTE));
    // Nothing new, so the time goes on.
    lost.address(START + 5 * MINUTE, false);
    assert_eq!(lost.poll(START + 6 * MINUTE), given_up(Reason::NoAddress));
    // A request in the device's own network does not hold it up.
    let mut asked = trial(Network::Joined);
    asked.unanswered_since(START + 5 * MINUTE - 1, Some(START + 5 * MINUTE - 1));
    assert_eq!(asked.poll(START + 5 * MINUTE), given_up(Reason::NoAddress));
}

#[test]
fn own_network_confirms_after_ten_minutes_if_there_was_no_other() {
    let mut alone = trial(Network::Own);
    alone.own_network(START, true);
    assert_eq!(alone.poll(START), until(START + 10 * MINUTE));
    assert_eq!(alone.poll(START + 10 * MINUTE), confirmed(Confirmation::OwnNetwork));
    let mut joins = trial(Network::Own);
    joins.own_network(START, true);
    joins.address(START + MINUTE, true);
    assert_eq!(joins.poll(START + 5 * MINUTE), confirmed(Confirmation::Quiet));
}

/// Nobody could reach the device again.
#[test]
fn image_without_any_network_is_given_up() {
    let mut never = trial(Network::Own);
    assert_eq!(never.poll(START), until(START + 5 * MINUTE));
    assert_eq!(never.poll(START + 5 * MINUTE), given_up(Reason::NoAddress));
    let mut closes = trial(Network::Own);
    closes.own_network(START, true);
    closes.own_network(START + MINUTE, false);
    assert_eq!(closes.poll(START + 6 * MINUTE), given_up(Reason::NoAddress));
    let mut opens_late = trial(Network::Own);
    opens_late.own_network(START + MINUTE, true);
    assert_eq!(opens_late.poll(START + 10 * MINUTE), until(START + 11 * MINUTE));
}

#[test]
fn check_of_the_application_decides_at_once() {
    for (passed, expected) in [(true, confirmed(Confirmation::Check)), (false, given_up(Reason::Check))] {
        let mut trial = trial(Network::Joined);
        trial.checked(START, passed);
        assert_eq!(trial.poll(START), expected);
        trial.checked(START, !passed);
        assert_eq!(trial.poll(START + MINUTE), expected, "a verdict changed");
    }
}

#[test]
fn late_input_decides_as_one_in_time() {
    let mut trial = trial(Network::Joined);
    // The first poll in an hour: the address was missing for long when the answer came.
    trial.answered(START + 60 * MINUTE, Network::Joined);
    assert_eq!(trial.poll(START + 60 * MINUTE), given_up(Reason::NoAddress));
}

/// Returns the entry of an image after a number of starts.
fn entry_after(starts: u32, state: State) -> Entry {
    let word = u32::MAX.checked_shl(starts).unwrap_or(0);
    let mut label = [0xff; 20];
    label[..4].copy_from_slice(&word.to_le_bytes());
    Entry::new(2, state, Label::from_bytes(label))
}

#[test]
fn first_start_is_one_whatever_the_reset() {
    let resets = [
        ResetReason::PowerOn,
        ResetReason::BrownOut,
        ResetReason::Panic,
        ResetReason::Watchdog,
        ResetReason::OwnReset,
        ResetReason::Other,
    ];
    for reset in resets {
        for state in [State::New, State::PendingVerify] {
            let first = AtStart::of(Some(&entry_after(0, state)), reset);
            assert_eq!(first, AtStart::OnTrial { start: 1, before: Network::Joined });
        }
        for state in [State::Valid, State::Invalid, State::Aborted] {
            assert_eq!(AtStart::of(Some(&entry_after(0, state)), reset), AtStart::Settled);
        }
        assert_eq!(AtStart::of(None, reset), AtStart::Settled);
    }
}

#[test]
fn reset_on_trial_ends_it_unless_the_power_failed() {
    for starts in 1..=AGAIN_MAX {
        let entry = entry_after(starts, State::New);
        for (reset, reason) in [
            (ResetReason::Panic, Reason::Panic),
            (ResetReason::Watchdog, Reason::Watchdog),
            (ResetReason::OwnReset, Reason::OwnReset),
        ] {
            assert_eq!(AtStart::of(Some(&entry), reset), AtStart::GivenUp(reason));
        }
        for reset in [ResetReason::PowerOn, ResetReason::BrownOut, ResetReason::Other] {
            let again = AtStart::OnTrial { start: starts + 1, before: Network::Joined };
            assert_eq!(AtStart::of(Some(&entry), reset), again);
        }
    }
    let last = entry_after(AGAIN_MAX + 1, State::New);
    assert_eq!(AtStart::of(Some(&last), ResetReason::PowerOn), AtStart::GivenUp(Reason::PowerLosses));
}

#[test]
fn label_remembers_the_network_of_the_old_image() {
    assert_eq!(Label::for_trial(Network::Joined), Label::BLANK);
    let own = Entry::new(2, State::New, Label::for_trial(Network::Own));
    let at_start = AtStart::of(Some(&own), ResetReason::OwnReset);
    assert_eq!(at_start, AtStart::OnTrial { start: 1, before: Network::Own });
}

#[test]
fn last_try_is_told_by_the_newer_entry() {
    let valid = Entry::new(1, State::Valid, Label::BLANK);
    let last_try = |other| LastTry::of(&Otadata([valid, other]), Slot::Ota0);
    let came_back = |reason| LastTry::CameBack(reason);
    assert_eq!(last_try(Entry::EMPTY), LastTry::Unknown);
    assert_eq!(last_try(entry_after(0, State::Aborted)), came_back(Reason::NotStarted));
    assert_eq!(last_try(entry_after(1, State::Aborted)), came_back(Reason::Restarted));
    assert_eq!(last_try(entry_after(0, State::New)), came_back(Reason::NotLoaded));
    assert_eq!(last_try(entry_after(1, State::Valid)), came_back(Reason::NotLoaded));
    let newer = Entry::new(3, State::Valid, Label::BLANK);
    let older_try = Otadata([newer, entry_after(1, State::Aborted)]);
    assert_eq!(LastTry::of(&older_try, Slot::Ota0), LastTry::Unknown);
    let on_trial = Otadata([valid, entry_after(1, State::New)]);
    assert_eq!(LastTry::of(&on_trial, Slot::Ota1), LastTry::OnTrial);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Poll,
    Address(bool),
    Asked,
    Gone,
}

proptest! {
    /// A trial that is polled often and one that is polled rarely end alike.
    #[test]
    fn polls_change_nothing(
        steps in prop::collection::vec((0..90_000_u64, prop_oneof![
            2 => Just(Step::Poll),
            2 => any::<bool>().prop_map(Step::Address),
            1 => Just(Step::Asked),
            1 => Just(Step::Gone),
        ]), 0..30),
        own in any::<bool>(),
    ) {
        let before = if own { Network::Own } else { Network::Joined };
        let (mut often, mut rarely) = (trial(before), trial(before));
        let mut now = START;
        for (wait, step) in steps {
            for time in (now..now + wait).step_by(500) {
                often.poll(time);
            }
            now += wait;
            for trial in [&mut often, &mut rarely] {
                match step {
                    Step::Poll => {}
                    Step::Address(has_address) => trial.address(now, has_address),
                    Step::Asked => trial.unanswered_since(now, Some(now)),
                    Step::Gone => trial.unanswered_since(now, None),
                }
            }
            // Nothing is decided before the time that was announced.
            if let Progress::Undecided { until } = often.poll(now) {
                prop_assert!(until > now);
                let before = often.clone().poll(until - 1);
                prop_assert_eq!(before, Progress::Undecided { until });
                prop_assert!(matches!(often.clone().poll(until), Progress::Decided(_)));
            }
        }
        prop_assert_eq!(often.poll(now), rarely.poll(now));
    }
}

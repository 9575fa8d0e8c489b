//! Power cuts at every step of every write.
//!
//! Afterwards each setting has its old or its new value, and the device can be set up as before.

mod mock_flash;

use embassy_futures::block_on;
use instep_settings::{
    Build, DeviceName, FlashError, FlashStorage, Kept, KeptName, LoadOutcome, Network, NetworkName,
    PasswordHash, Saver, Settings, WifiPassword,
};
use mock_flash::{MockError, MockFlash};

const LED: KeptName = KeptName::new("led");
const SCENE: KeptName = KeptName::new("scene");

/// All settings that these tests change, for comparison.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    network: Option<Network>,
    ap_password: Option<WifiPassword>,
    device_name: Option<DeviceName>,
    log_in: Option<PasswordHash>,
    led: Option<Vec<u8>>,
    scene: Option<Vec<u8>>,
}

impl State {
    fn of(settings: &Settings) -> Self {
        let kept = |name| Kept::by(settings).value(name).map(|value| value.to_vec());
        Self {
            network: settings.network(),
            ap_password: settings.ap_password(),
            device_name: settings.device_name(),
            log_in: settings.log_in(),
            led: kept(LED),
            scene: kept(SCENE),
        }
    }

    /// Returns whether each setting has its value in one of the two states.
    fn is_between(&self, old: &Self, new: &Self) -> bool {
        fn one<T: PartialEq>(value: &T, old: &T, new: &T) -> bool {
            value == old || value == new
        }
        one(&self.network, &old.network, &new.network)
            && one(&self.ap_password, &old.ap_password, &new.ap_password)
            && one(&self.device_name, &old.device_name, &new.device_name)
            && one(&self.log_in, &old.log_in, &new.log_in)
            && one(&self.led, &old.led, &new.led)
            && one(&self.scene, &old.scene, &new.scene)
    }
}

/// Makes the changes of save `number`.
fn change(settings: &Settings, number: usize) {
    let text = format!("{number:08}");
    let password = || Some(WifiPassword::new(text.as_bytes()).unwrap());
    let kept = Kept::by(settings);
    kept.keep(LED, if number.is_multiple_of(2) { b"on" } else { b"off" }).unwrap();
    match number % 5 {
        // The name and the password belong together.
        0 => settings.set_network(Some(Network::new(NetworkName::new(text.as_bytes()).unwrap(), password()))),
        1 => settings.set_ap_password(password()),
        2 => settings.take_build(Build {
            device_name: Some(DeviceName::new(&text).unwrap()),
            log_in: Some(PasswordHash::new(&[text.as_bytes(); 6].concat()).unwrap()),
            ..Build::default()
        }),
        3 => kept.keep(SCENE, &[text.as_bytes(); 8].concat()).unwrap(),
        _ => {
            settings.set_network(None);
            kept.remove(SCENE);
        }
    }
}

/// Number of saves that fill every page and start over.
const SAVES: usize = 110;

/// Changes and saves; returns the state before the
/// last save, and the expected state after it.
fn live(
    flash: &mut MockFlash,
    from: usize,
    saves: usize,
) -> (State, State, Result<(), FlashError<MockError>>) {
    let end = flash.end();
    block_on(async {
        let settings = Settings::new();
        let (mut saver, _) = Saver::open(&settings, FlashStorage::new(flash, 0..end).unwrap()).await;
        let mut before = State::of(&settings);
        for number in from..from + saves {
            change(&settings, number);
            let after = State::of(&settings);
            if let Err(error) = saver.save().await {
                return (before, after, Err(error));
            }
            before = after;
        }
        (before.clone(), before, Ok(()))
    })
}

fn reopened(flash: &mut MockFlash) -> (State, LoadOutcome<FlashError<MockError>>) {
    let end = flash.end();
    block_on(async {
        let settings = Settings::new();
        let (_, opened) = Saver::open(&settings, FlashStorage::new(flash, 0..end).unwrap()).await;
        (State::of(&settings), opened)
    })
}

/// Cuts the power at each step of a life that begins with this flash.
fn cut_everywhere(new: &MockFlash, from: usize) {
    let mut steps = 0;
    loop {
        let mut flash = MockFlash { power: Some(steps), ..new.clone() };
        let (old, new, result) = live(&mut flash, from, SAVES);
        let cut = result.is_err();
        assert!(
            !cut || result == Err(FlashError::Flash(MockError::PowerCut)),
            "after {steps} steps: {result:?}"
        );
        flash.power = None;
        let (found, opened) = reopened(&mut flash);
        assert!(
            found.is_between(&old, &new),
            "after {steps} steps: {opened:?} {found:#?}\n{old:#?}\n{new:#?}"
        );
        // The very first save, interrupted, looks like damage, but there was nothing to lose.
        assert!(opened == LoadOutcome::Loaded || old == State::default(), "after {steps} steps: {opened:?}");
        // The device works on as after any loss of power.
        let (_, wanted, result) = live(&mut flash, 1000, 6);
        assert_eq!(result, Ok(()), "after {steps} steps");
        assert_eq!(reopened(&mut flash), (wanted, LoadOutcome::Loaded), "after {steps} steps");
        if !cut {
            break;
        }
        steps += 1;
    }
    let erased = live_long(new, from).erased;
    assert!(erased.iter().sum::<usize>() > 1, "only one page was used: {erased:?}");
    assert!(steps > 1_500, "only {steps} steps");
}

fn live_long(new: &MockFlash, from: usize) -> MockFlash {
    let mut flash = new.clone();
    assert_eq!(live(&mut flash, from, SAVES).2, Ok(()));
    flash
}

#[test]
fn power_cut_on_blank_flash_keeps_old_or_new_values() {
    cut_everywhere(&MockFlash::new(2), 0);
}

#[test]
fn power_cut_between_words_keeps_old_or_new_values() {
    cut_everywhere(&MockFlash { torn: 0xff, ..MockFlash::new(2) }, 0);
}

#[test]
fn power_cut_on_used_flash_keeps_old_or_new_values() {
    let mut used = MockFlash::new(3);
    for life in 0..4 {
        used = live_long(&used, life * SAVES);
    }
    assert!(used.erased.iter().all(|times| *times > 0), "a page was never erased: {:?}", used.erased);
    used.erased.fill(0);
    cut_everywhere(&used, 4 * SAVES);
}

#[test]
fn power_cut_during_recovery_keeps_old_or_new_values() {
    // Not at every step, to save time.
    for first in (0..2_000).step_by(11) {
        let mut flash = MockFlash { power: Some(first), ..MockFlash::new(2) };
        let (old, new, _) = live(&mut flash, 0, SAVES);
        flash.power = None;
        assert!(reopened(&mut flash).0.is_between(&old, &new), "{first}");
        for second in [0, 1, 2, 5, 8, 9, 10, 17, 40, 80] {
            let mut flash = MockFlash { power: Some(second), ..flash.clone() };
            let (older, newer, _) = live(&mut flash, 1000, 3);
            flash.power = None;
            let (found, _) = reopened(&mut flash);
            assert!(
                found.is_between(&older, &newer),
                "{first}, {second}: {found:#?}\n{older:#?}\n{newer:#?}"
            );
        }
    }
}

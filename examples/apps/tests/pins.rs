//! Levels of the applications' pins.

use embedded_hal::digital::OutputPin;
use instep::testing::{self, Output};
use instep_apps::{Hardware, Inverted, LED, Led};
use instep_settings::{Kept, KeptSwitch, PowerUp, Settings};

/// The applications with an LED.
const WITH_LED: [&str; 7] = ["workshop", "lamp", "toggle", "led-plain", "led-json", "led-words", "led-state"];

#[test]
fn led_is_off_before_the_first_client() {
    for app in WITH_LED {
        let pin = Output::new();
        testing::run(
            instep_apps::find(app).unwrap(),
            |device, inbox| instep_apps::run(app, device, inbox, pin.clone()),
            async |link| link.sleep(1).await,
        );
        assert_eq!(pin.levels(), [false], "{app}");
    }
}

#[test]
fn led_has_its_power_up_state_before_a_client() {
    for app in WITH_LED {
        for (power_up, last, wanted) in [
            (PowerUp::Off, Some("on"), false),
            (PowerUp::On, Some("off"), true),
            (PowerUp::Last, Some("on"), true),
            (PowerUp::Last, Some("off"), false),
            (PowerUp::Last, None, false),
        ] {
            let settings = Settings::new();
            let kept = Kept::by(&settings);
            if let Some(last) = last {
                kept.keep(LED, last.as_bytes()).unwrap();
            }
            let pin = Output::new();
            let led = Led::kept(pin.clone(), KeptSwitch::new(kept, LED, power_up));
            testing::run(
                instep_apps::find(app).unwrap(),
                |device, inbox| instep_apps::run_with(app, device, inbox, Hardware::new(led)),
                async |link| link.sleep(1).await,
            );
            assert_eq!(pin.levels(), [wanted], "{app}, {power_up:?}, {last:?}");
        }
    }
}

/// Runs `toggle` with that pin, and toggles it three times.
fn toggle(pin: impl OutputPin) {
    testing::run(
        &instep_apps::toggle::APP,
        |device, inbox| instep_apps::run("toggle", device, inbox, pin),
        async |link| {
            let mut page = link.open("/ws").await;
            for _ in 0..3 {
                page.send("toggle").await;
            }
        },
    );
}

#[test]
fn inverted_pin_has_the_opposite_level() {
    let (plain, inverted) = (Output::new(), Output::new());
    toggle(plain.clone());
    toggle(Inverted(inverted.clone()));
    assert_eq!(plain.levels(), [false, true, false, true]);
    assert_eq!(inverted.levels(), [true, false, true, false]);
}

//! Levels of the applications' pins.

use embedded_hal::digital::OutputPin;
use instep::testing::{self, Output};
use instep_apps::{Inverted, LED, Led, Machine};
use instep_settings::{Kept, KeptSwitch, PowerUp, Settings};
use std::cell::RefCell;

/// The applications with an LED.
const WITH_LED: [&str; 8] =
    ["workshop", "lamp", "push-button", "toggle", "led-plain", "led-json", "led-words", "led-state"];

/// A machine with an LED at a pin.
struct Board<P> {
    pin: RefCell<Option<P>>,
    kept: KeptSwitch<'static>,
}

impl<P: OutputPin> Board<P> {
    /// Returns a machine whose LED is off at power-up.
    fn new(pin: P) -> Self {
        Self { pin: RefCell::new(Some(pin)), kept: KeptSwitch::new(Kept::nothing(), LED, PowerUp::Off) }
    }
}

impl<P: OutputPin> Machine for Board<P> {
    fn led(&self) -> Led<'_, impl OutputPin> {
        Led::kept(self.pin.take().unwrap(), self.kept)
    }
}

#[test]
fn led_is_off_before_the_first_client() {
    for app in WITH_LED {
        let pin = Output::new();
        testing::run(
            instep_apps::find(app).unwrap(),
            |device, inbox| instep_apps::run(app, device, inbox, Board::new(pin.clone())),
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
            let kept = Kept::by(Box::leak(Box::new(Settings::new())));
            if let Some(last) = last {
                kept.keep(LED, last.as_bytes()).unwrap();
            }
            let pin = Output::new();
            let kept = KeptSwitch::new(kept, LED, power_up);
            let board = Board { kept, ..Board::new(pin.clone()) };
            testing::run(
                instep_apps::find(app).unwrap(),
                |device, inbox| instep_apps::run(app, device, inbox, board),
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
        |device, inbox| instep_apps::run("toggle", device, inbox, Board::new(pin)),
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

//! The soil sensor, the thermometer, the push button and the knob, as their pages see them.

use instep::testing::{self, Input, Link, Output, Page};
use instep_apps::knob::{self, Encoder, Quadrature};
use instep_apps::{Inverted, Led, push_button, soil, thermometer, weather};
use std::cell::Cell;
use std::rc::Rc;

/// A sensor whose value the test sets.
#[derive(Clone, Default)]
struct Scripted<T>(Rc<Cell<Option<T>>>);

impl soil::Sensor for Scripted<u16> {
    async fn millivolts(&mut self) -> Option<u16> {
        self.0.get()
    }
}

impl thermometer::Sensor for Scripted<f64> {
    async fn celsius(&mut self) -> Option<f64> {
        self.0.get()
    }
}

async fn expect(link: &Link, property: &str, value: &str) {
    assert_eq!(link.get(&format!("/properties/{property}")).await.text(), value, "{property}");
}

#[test]
fn soil_is_calibrated_by_two_presses() {
    let voltage = Scripted(Rc::new(Cell::new(Some(1_700))));
    testing::run(
        &soil::APP,
        |device, inbox| soil::run(device, inbox, voltage.clone()),
        async |link| {
            link.sleep(1).await;
            expect(&link, "moisture", "50").await; // of 2,300 to 1,100 mV
            for (millivolts, button) in [(2_900, "this_is_dry"), (900, "this_is_wet")] {
                voltage.0.set(Some(millivolts));
                assert_eq!(link.post(&format!("/actions/{button}"), "").await.status, 204);
            }
            expect(&link, "dry", "2900").await;
            expect(&link, "wet", "900").await;
            expect(&link, "moisture", "100").await;
            voltage.0.set(Some(2_400));
            link.sleep(10_000).await;
            expect(&link, "voltage", "2400").await;
            expect(&link, "moisture", "25").await;
            assert_eq!(link.put("/properties/wet", "1900").await.status, 204);
            expect(&link, "moisture", "50").await;
        },
    );
}

#[test]
fn soil_without_a_sensor_is_unavailable_and_keeps_its_calibration() {
    let voltage = Scripted::<u16>::default();
    testing::run(
        &soil::APP,
        |device, inbox| soil::run(device, inbox, voltage.clone()),
        async |link| {
            link.sleep(1).await;
            expect(&link, "moisture", "null").await;
            assert_eq!(link.post("/actions/this_is_dry", "").await.status, 409);
            expect(&link, "dry", "2300").await;
            voltage.0.set(Some(2_300));
            link.sleep(10_000).await;
            expect(&link, "moisture", "0").await;
            // Without a range there is no percentage.
            assert_eq!(link.put("/properties/wet", "2300").await.status, 204);
            expect(&link, "moisture", "null").await;
        },
    );
}

#[test]
fn temperature_is_null_while_the_sensor_is_lost() {
    let celsius = Scripted(Rc::new(Cell::new(Some(21.5))));
    testing::run(
        &thermometer::APP,
        |device, inbox| thermometer::run(device, inbox, celsius.clone()),
        async |link| {
            link.sleep(1).await;
            for value in [None, Some(-3.5)] {
                celsius.0.set(value);
                link.sleep(2_000).await;
                let shown = value.map_or("null".to_owned(), |value: f64| value.to_string());
                expect(&link, "temperature", &shown).await;
            }
        },
    );
}

#[test]
fn simulated_sensors_have_values() {
    let run = |device, inbox| thermometer::run(device, inbox, weather::Simulated::default());
    testing::run(&thermometer::APP, run, async |link: Link| {
        link.sleep(1).await;
        assert_ne!(link.get("/properties/temperature").await.text(), "null");
    });
    let run = |device, inbox| soil::run(device, inbox, soil::Simulated::default());
    testing::run(&soil::APP, run, async |link: Link| {
        link.sleep(1).await;
        let wet = link.get("/properties/moisture").await.text().parse::<f64>().unwrap();
        link.sleep(600_000).await;
        let drier = link.get("/properties/moisture").await.text().parse::<f64>().unwrap();
        assert!(drier < wet, "{drier} {wet}");
    });
}

/// Presses a contact with a bounce, and releases it after 100 ms.
async fn press(link: &Link, contact: &Input, closed: bool) {
    for (level, hold) in [(closed, 2), (!closed, 1), (closed, 100), (!closed, 3), (closed, 1), (!closed, 100)]
    {
        contact.set(level);
        link.sleep(hold).await;
    }
}

#[test]
fn push_button_and_pages_switch_one_lamp() {
    let (led, contact) = (Output::new(), Input::new());
    testing::run(
        &push_button::APP,
        |device, inbox| push_button::run(device, inbox, Led::new(led.clone()), contact.clone()),
        async |link| {
            let mut page = link.open("/ws").await;
            page.wait_for(r#"{"label":"led","value":false}"#).await;
            press(&link, &contact, true).await;
            page.wait_for(r#"{"label":"led","value":true}"#).await;
            assert!(led.is_on());
            page.send(r#"{"label":"led","value":false}"#).await;
            page.wait_for(r#"{"label":"led","value":false}"#).await;
            assert!(!led.is_on());
            press(&link, &contact, true).await;
            press(&link, &contact, true).await;
            expect(&link, "presses", "3").await;
            assert_eq!(led.changes(), 4, "a bounce switched the lamp");
        },
    );
}

#[test]
fn button_to_ground_is_inverted() {
    let (led, contact) = (Output::new(), Input::new());
    contact.set(true); // the pull-up
    testing::run(
        &push_button::APP,
        |device, inbox| push_button::run(device, inbox, Led::new(led.clone()), Inverted(contact.clone())),
        async |link| {
            link.sleep(100).await;
            assert!(!led.is_on());
            press(&link, &contact, false).await;
            assert!(led.is_on());
            expect(&link, "presses", "1").await;
        },
    );
}

/// Turns an encoder with contacts to ground by a detent.
async fn turn(link: &Link, first: &Input, second: &Input) {
    for (a, b) in [(false, true), (false, false), (true, false), (true, true)] {
        first.set(a);
        second.set(b);
        link.sleep(2).await;
    }
}

async fn expect_level(page: &mut Page, level: u32) {
    page.wait_for(&format!(r#"{{"label":"level","value":{level}}}"#)).await;
}

#[test]
fn knob_and_pages_set_one_level() {
    let (a, b) = (Input::new(), Input::new());
    a.set(true);
    b.set(true);
    testing::run(
        &knob::APP,
        |device, inbox| knob::run(device, inbox, Quadrature::new(Inverted(a.clone()), Inverted(b.clone()))),
        async |link| {
            let mut page = link.open("/ws").await;
            expect_level(&mut page, 0).await;
            turn(&link, &a, &b).await;
            expect_level(&mut page, 2).await;
            page.send(r#"{"label":"level","value":97}"#).await;
            expect_level(&mut page, 97).await;
            for level in [99, 100] {
                turn(&link, &a, &b).await;
                expect_level(&mut page, level).await;
            }
            turn(&link, &b, &a).await;
            expect_level(&mut page, 98).await;
        },
    );
}

/// An encoder that counts by itself, as the pulse counter of a chip does.
struct Counter(Rc<Cell<i32>>);

impl Encoder for Counter {
    async fn turned(&mut self) -> i32 {
        loop {
            match self.0.take() {
                0 => embassy_time::Timer::after_millis(20).await,
                detents => return detents,
            }
        }
    }
}

#[test]
fn counter_of_a_chip_turns_by_several_detents() {
    let count = Rc::new(Cell::new(0));
    testing::run(
        &knob::APP,
        |device, inbox| knob::run(device, inbox, Counter(count.clone())),
        async |link| {
            for (detents, level) in [(7, "14"), (-3, "8"), (-9, "0"), (1_000, "100")] {
                count.set(detents);
                link.sleep(21).await;
                expect(&link, "level", level).await;
            }
        },
    );
}

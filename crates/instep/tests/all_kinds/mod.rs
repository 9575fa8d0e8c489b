//! A Thing with one interaction of each kind.

#![allow(dead_code, reason = "not every test uses all of it")]

use instep::thing::{History, Interaction, Kind, Thing};
use instep::{App, Asset};

pub const THING: Thing = Thing::new(
    "A <Thing>",
    &[
        Interaction::new("led", "Lamp", Kind::Switch).kept(),
        Interaction::new("blink", "Blink", Kind::Button),
        Interaction::new(
            "brightness",
            "Brightness",
            Kind::Number { min: 0.0, max: 100.0, step: 1.0, unit: "%" },
        ),
        Interaction::new("offset", "Offset", Kind::Number { min: -2.5, max: 2.25, step: 0.5, unit: "" }),
        Interaction::new("mode", "Mode", Kind::Select { options: &["day", "\"night\""] }).in_group("More"),
        Interaction::new("name", "Name", Kind::Text { max: 32 }),
        Interaction::new("say", "Say", Kind::TextAction { max: 120 }),
        Interaction::new(
            "temperature",
            "Temperature",
            Kind::Sensor { unit: "°C", precision: 1, history: Some(History { points: 4, every: 1_000 }) },
        ),
        Interaction::new(
            "humidity",
            "Humidity",
            Kind::Sensor { unit: "%", precision: 0, history: Some(History { points: 3, every: 500 }) },
        ),
        Interaction::new("pressure", "Pressure", Kind::Sensor { unit: "", precision: 2, history: None }),
        Interaction::new("door", "Door", Kind::BinarySensor).words("\"open\"", "closed"),
        Interaction::new("wet", "Wet", Kind::BinarySensor),
        Interaction::new("said", "Said", Kind::Event),
        Interaction::new("lines", "Log", Kind::Log),
    ],
);

pub const APP: App = App::new("all-kinds", "Everything & more")
    .page("/", Asset::html("<h1>Panel</h1>"))
    .thing(&THING)
    .version("1.2.3");

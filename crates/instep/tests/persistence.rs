//! Properties that outlive a restart: a persisted value reaches the application at
//! the start as a client's write does, and later publishes are persisted.

mod guarded;
mod link;
mod workshop;

use instep::thing::{Interaction, Kind, PERSISTED_MAX, PropertyStore, Thing};
use instep::{App, Inbox, Limits, Reading, Responder};
use link::{Simulation, frame, inbox};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Mutex;
use workshop::{Bench, asked, open, received, said, texts};

/// Property store that shows its contents.
#[derive(Debug, Default)]
struct Store(Mutex<BTreeMap<&'static str, Vec<u8>>>);

impl PropertyStore for Store {
    fn value(&self, property: &'static str, to: &mut [u8; PERSISTED_MAX]) -> Option<usize> {
        let values = self.0.lock().unwrap();
        let value = values.get(property)?;
        to[..value.len()].copy_from_slice(value);
        Some(value.len())
    }

    fn keep(&self, property: &'static str, value: &dyn Display) -> Result<(), &'static str> {
        let value = value.to_string();
        if value.len() > PERSISTED_MAX {
            return Err("it is too long");
        }
        self.0.lock().unwrap().insert(property, value.into());
        Ok(())
    }
}

/// Returns a store with these values.
fn store<V: Into<Vec<u8>> + Copy>(values: &[(&'static str, V)]) -> &'static Store {
    let values = values.iter().map(|(name, value)| (*name, (*value).into())).collect();
    Box::leak(Box::new(Store(Mutex::new(values))))
}

/// Returns the contents of a store, in the order of the names.
fn kept(store: &Store) -> Vec<(&'static str, String)> {
    let values = store.0.lock().unwrap();
    values.iter().map(|(name, value)| (*name, String::from_utf8(value.clone()).unwrap())).collect()
}

/// Returns a device that keeps its properties in `store` and has just started.
fn start(store: &'static Store) -> (Simulation, Inbox<'static>) {
    let simulation = workshop::simulation();
    let mut inbox = inbox(&simulation);
    inbox.keep_in(store);
    (simulation, inbox)
}

/// Returns all commands that wait for the application.
fn all_asked(simulation: &Simulation, inbox: &mut Inbox<'_>) -> Vec<String> {
    std::iter::from_fn(|| asked(simulation, inbox)).collect()
}

fn publish_defaults(bench: Bench<'_>) {
    bench.led(false);
    bench.level(0.0);
    bench.mode("day");
    bench.name("default");
}

#[test]
fn persisted_values_restore_first_in_declared_order() {
    for (values, commands) in [
        (&[][..], &[][..]),
        (&[("led", "true")], &["Led(true)"]),
        (&[("level", "-3.5")], &["Level(-3.5)"]),
        (&[("name", "")], &[r#"Name("")"#]),
        (&[("name", "12345678")], &[r#"Name("12345678")"#]),
        (
            &[("name", "\"\\u00é"), ("mode", "night"), ("level", "100"), ("led", "false")],
            &["Led(false)", "Level(100.0)", r#"Mode("night")"#, r#"Name("\"\\u00é")"#],
        ),
        // Properties that are not persisted, and other names.
        (&[("heat", "3"), ("blink", "null"), ("door", "true"), ("nobody", "1")], &[]),
    ] {
        let (mut simulation, mut inbox) = start(store(values));
        let mut peer = open(&mut simulation);
        peer.send(&mut simulation, &frame(0x81, br#"{"label":"blink","id":1}"#));
        let mut all = commands.to_vec();
        all.push("Blink");
        assert_eq!(all_asked(&simulation, &mut inbox), all, "{values:?}");
        assert_eq!(
            said(&mut simulation, &mut peer),
            [r#"{"label":"ok","id":1}"#],
            "a restored value was answered to a client"
        );
    }
}

#[test]
fn unfitting_persisted_value_is_skipped_not_erased() {
    let long = "x".repeat(PERSISTED_MAX);
    for (name, wrong) in [
        ("led", &b"1"[..]),
        ("led", b"null"),
        ("led", b""),
        ("led", b"true false"),
        ("level", b"100.5"),
        ("level", b"-21"),
        ("level", b"0.2"),
        ("level", b"\"7\""),
        ("level", b"[1"),
        ("mode", b"dusk"),
        ("mode", b""),
        ("mode", b"\"day\""),
        ("name", b"123456789"),
        ("name", long.as_bytes()),
        ("name", b"\xff\xfe"),
    ] {
        let store = store(&[(name, wrong), ("door", b"true")]);
        store.0.lock().unwrap().entry("mode").or_insert_with(|| b"night".to_vec());
        let (simulation, mut inbox) = start(store);
        let fits: &[&str] = if name == "mode" { &[] } else { &[r#"Mode("night")"#] };
        assert_eq!(all_asked(&simulation, &mut inbox), fits, "{name}: {wrong:?}");
        assert_eq!(
            store.0.lock().unwrap()[name],
            wrong,
            "a value that an older version may understand was erased"
        );
        let bench = Bench::new(simulation.device);
        bench.led(true);
        bench.level(1.0);
        bench.mode("day");
        bench.name("new");
        let values = [("door", "true"), ("led", "true"), ("level", "1.0"), ("mode", "day"), ("name", "new")];
        assert_eq!(kept(store), values.map(|(name, value)| (name, value.to_owned())));
    }
}

#[test]
fn published_value_is_persisted_except_start_defaults() {
    let store = store(&[("mode", "night"), ("level", "7.5")]);
    let before = kept(store);
    let (mut simulation, mut inbox) = start(store);
    let bench = Bench::new(simulation.device);
    publish_defaults(bench);
    assert_eq!(kept(store), before);
    while let Some(command) = asked(&simulation, &mut inbox) {
        match &*command {
            "Level(7.5)" => {
                bench.level(7.5);
                bench.led(true);
            }
            r#"Mode("night")"# => bench.mode("night"),
            other => panic!("{other}"),
        }
    }
    let mut peer = open(&mut simulation);
    assert!(texts(&mut peer).is_empty(), "a publish was repeated");
    assert_eq!(kept(store), before, "a default was persisted");

    // A client writes it.
    peer.send(&mut simulation, &frame(0x81, br#"{"label":"name","value":"a\"\u00e9","id":1}"#));
    assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some(r#"Name("a\"é")"#));
    assert_eq!(kept(store), before, "persisted before the application published it");
    bench.name("a\"é");
    // The device itself changes it, as with a button.
    bench.led(true);
    let after = [("led", "true"), ("level", "7.5"), ("mode", "night"), ("name", "a\"é")];
    let after = after.map(|(name, value)| (name, value.to_owned()));
    assert_eq!(kept(store), after);
    // A property that is not persistent, an unknown value, and one that was not published.
    bench.heat(21.5);
    bench.door(true);
    bench.led(None);
    bench.level(f64::NAN);
    bench.mode("dusk");
    bench.name("n".repeat(300));
    assert_eq!(kept(store), after);
    bench.name("n".repeat(PERSISTED_MAX + 1));
    assert_eq!(kept(store), after, "a value without room was persisted");

    // The same again after the next start.
    let (simulation, mut inbox) = start(store);
    let commands = ["Led(true)", "Level(7.5)", r#"Mode("night")"#, r#"Name("a\"é")"#];
    assert_eq!(all_asked(&simulation, &mut inbox), commands);
}

#[test]
fn accepted_write_is_persisted_and_refused_is_not() {
    let store = store(&[("name", "old")]);
    let (mut simulation, mut inbox) = start(store);
    let (bench, mut peer) = (Bench::new(simulation.device), open(&mut simulation));
    let (restored, responder) = received(&simulation, &mut inbox).unwrap();
    assert_eq!(restored, r#"Name("old")"#);
    responder.refuse("not sent to any client");
    assert_eq!(asked(&simulation, &mut inbox), None);
    let write = |name: &str| frame(0x81, format!(r#"{{"label":"name","value":"{name}","id":1}}"#).as_bytes());
    peer.send(&mut simulation, &write("refused"));
    received(&simulation, &mut inbox).unwrap().1.refuse("not now");
    assert_eq!(kept(store), [("name", "old".to_owned())]);
    // Later, when it is done.
    for (name, done) in [("later", false), ("done", true)] {
        peer.send(&mut simulation, &write(name));
        let answer = received(&simulation, &mut inbox).unwrap().1.defer();
        assert_eq!(asked(&simulation, &mut inbox), None);
        assert_eq!(kept(store), [("name", "old".to_owned())], "persisted before it was done");
        if done {
            bench.name(name);
            Responder::done(answer);
        } else {
            answer.refuse("it did not work");
        }
    }
    assert_eq!(kept(store), [("name", "done".to_owned())]);
    assert!(said(&mut simulation, &mut peer).iter().any(|text| text.contains("not now")));
}

#[test]
fn thing_without_store_restores_nothing_and_works() {
    let simulation = workshop::simulation();
    let (mut inbox, bench) = (inbox(&simulation), Bench::new(simulation.device));
    bench.led(true);
    assert_eq!(asked(&simulation, &mut inbox), None);
    bench.mode("day");
    assert_eq!(simulation.device.counts().publishes, 2);
}

#[test]
fn restored_value_too_long_for_inbox_is_skipped() {
    let limits = Limits::DEVICE.with_message(4);
    let simulation = Simulation::with_app(&workshop::APP, limits);
    let mut inbox = inbox(&simulation);
    inbox.keep_in(store(&[("name", "12345"), ("mode", "day")]));
    assert_eq!(all_asked(&simulation, &mut inbox), [r#"Mode("day")"#]);
}

#[test]
fn thing_without_macro_persists_as_well() {
    const THING: Thing = Thing::new(
        "Written out",
        &[
            Interaction::new("led", "Lamp", Kind::Switch).kept(),
            Interaction::new("mode", "Mode", Kind::Select { options: &["a", "b"] }).in_group("House").kept(),
            Interaction::new("heat", "Heat", Kind::Sensor { unit: "", precision: 1, history: None }),
        ],
    );
    assert_eq!((THING.persistent_count(), Bench::THING.persistent_count()), (2, 4));
    let store = store::<&str>(&[]);
    let (simulation, mut inbox) = start(store);
    // There is nothing to restore.
    assert_eq!(asked(&simulation, &mut inbox), None);
    THING.publish(simulation.device, "led", true);
    THING.publish(simulation.device, "mode", &"b");
    THING.publish(simulation.device, "heat", Reading::Number(3.0));
    assert_eq!(kept(store), [("led", "true".to_owned()), ("mode", "b".to_owned())]);
}

#[test]
fn persistence_does_not_change_description() {
    const LED: Interaction = Interaction::new("led", "Lamp", Kind::Switch);
    const KEPT_LED: Interaction = LED.kept();
    const PLAIN: App = App::new("lamp", "").thing(&Thing::new("Lamp", &[LED]));
    const KEPT: App = App::new("lamp", "").thing(&Thing::new("Lamp", &[KEPT_LED]));
    let [plain, kept] = [&PLAIN, &KEPT].map(|app| {
        let mut simulation = Simulation::with_app(app, Limits::DEVICE);
        let description = guarded::get(&mut simulation, "/.well-known/wot", "");
        assert_eq!(description.status, 200);
        (description.body, texts(&mut simulation.open("/ws")))
    });
    assert_eq!(plain, kept, "persistence shows in the description or in its hash");
}

#[test]
#[should_panic(expected = "only a property that is written can be kept")]
fn sensor_cannot_be_persistent() {
    let _ = Interaction::new("door", "Door", Kind::BinarySensor).kept();
}

#[test]
#[should_panic(expected = "only a property that is written can be kept")]
fn action_cannot_be_persistent() {
    let _ = Interaction::new("blink", "Blink", Kind::Button).kept();
}

#[test]
#[should_panic(expected = "a text that is kept has at most 64 bytes")]
fn text_too_long_cannot_be_persistent() {
    let _ = Interaction::new("name", "Name", Kind::Text { max: PERSISTED_MAX + 1 }).kept();
}

//! Each application with a Thing, as its users see it.
//!
//! The tests check commands, the values of all clients, and the log.

mod served;

use serde_json::{Value, json};
use served::serve;
use std::time::{Duration, Instant};
use test_support::{Server, WebSocket};

/// Time limit for each wait, longer than any should take.
const ENOUGH: Duration = Duration::from_secs(20);

/// Page that keeps the latest value of each label.
struct Page {
    socket: WebSocket,
    values: Value,
}

impl Page {
    fn open(server: &Server) -> Self {
        let mut page = Self { socket: WebSocket::connect(server.addr(), "/ws"), values: json!({}) };
        let first = page.read();
        assert_eq!((&first["label"], &first["value"]["wire"]), (&json!("thing"), &json!(1)), "{first}");
        page
    }

    fn send(&mut self, frame: &Value) {
        self.socket.send_text(&frame.to_string());
    }

    fn read(&mut self) -> Value {
        let frame: Value = serde_json::from_str(&self.socket.read_text()).expect("not JSON");
        let label = frame["label"].as_str().expect("no label").to_owned();
        self.values[label] = frame["value"].clone();
        frame
    }

    /// Reads until a frame matches `wanted`.
    #[track_caller]
    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let frame = self.read();
            if wanted(&frame) {
                return frame;
            }
            assert!(begin.elapsed() < ENOUGH, "no such frame; the last values are {}", self.values);
        }
    }

    /// Reads until the property has that value.
    #[track_caller]
    fn sees(&mut self, label: &str, value: &Value) {
        if self.values[label] != *value {
            self.until(|frame| frame["label"] == label && frame["value"] == *value);
        }
    }

    /// Sends a frame with an id, and returns the answer.
    #[track_caller]
    fn ask(&mut self, mut frame: Value) -> Value {
        frame["id"] = json!(7);
        self.send(&frame);
        self.until(|frame| frame["id"] == 7)
    }
}

#[test]
fn lamp_switches_dims_and_blinks_once_at_a_time() {
    let server = serve(&["--app", "lamp"]);
    let (mut one, mut other) = (Page::open(&server), Page::open(&server));
    assert_eq!(one.ask(json!({"label": "led", "value": true})), json!({"label": "ok", "id": 7}));
    assert_eq!(one.values["led"], json!(true), "the answer precedes its effect");
    server.expect_line("LED ON");
    one.send(&json!({"label": "brightness", "value": 30}));
    for page in [&mut one, &mut other] {
        page.sees("led", &json!(true));
        page.sees("brightness", &json!(30));
    }
    other.send(&json!({"label": "blink", "id": 1}));
    other.send(&json!({"label": "blink", "id": 2}));
    let refused = other.until(|frame| frame["id"] == 2);
    assert_eq!((&refused["label"], &refused["value"]["code"]), (&json!("error"), &json!("refused")));
    assert_eq!(other.until(|frame| frame["id"] == 1)["label"], "ok", "blinking was not answered");
    assert_eq!(one.ask(json!({"label": "brightness", "value": 101}))["value"]["code"], "out-of-range");
    assert_eq!(one.values["brightness"], json!(30));
}

#[test]
fn motor_reaches_speed_reverses_via_rest_and_stops() {
    let server = serve(&["--app", "motor"]);
    let mut page = Page::open(&server);
    page.sees("turning", &json!(false));
    page.send(&json!({"label": "speed", "value": 40}));
    page.sees("actual", &json!(40));
    assert_eq!(page.values["turning"], json!(true));
    page.send(&json!({"label": "direction", "value": "backward"}));
    page.sees("turning", &json!(false));
    page.sees("actual", &json!(40));
    assert_eq!(page.ask(json!({"label": "stop"}))["label"], "ok");
    assert_eq!((&page.values["actual"], &page.values["speed"]), (&json!(0), &json!(0)));
    assert_eq!(page.ask(json!({"label": "actual", "value": 1}))["value"]["code"], "read-only");
}

#[test]
fn chat_message_reaches_all_and_text_stays_text() {
    let server = serve(&["--app", "chat"]);
    let (mut one, mut other) = (Page::open(&server), Page::open(&server));
    let said = "<img src=x onerror=alert(1)> \"%STATE%\" \u{1f600}\n\u{7}";
    one.send(&json!({"label": "say", "value": said}));
    for page in [&mut one, &mut other] {
        assert_eq!(page.until(|frame| frame["label"] == "said")["value"], said);
    }
    assert_eq!(one.ask(json!({"label": "say", "value": "  "}))["value"]["code"], "refused");
    assert_eq!(one.ask(json!({"label": "say", "value": "x".repeat(161)}))["value"]["code"], "too-long");
}

#[test]
fn console_shows_log_without_client_input() {
    let server = serve(&["--app", "console"]);
    let mut page = Page::open(&server);
    let mut other = Page::open(&server);
    let line = |frame: &Value, part: &str| {
        frame["value"]["message"].as_str().is_some_and(|text| text.contains(part))
    };
    let frame = page.until(|frame| line(frame, "[2] Connected from"));
    assert_eq!((&frame["label"], &frame["value"]["severity"]), (&json!("lines"), &json!("info")));
    other.send(&json!({"label": "secret"}));
    server.wait_for_line(|line| line.contains("secret"), ENOUGH);
    other.socket.send_close(1000, "");
    other.socket.expect_close(1000);
    page.until(|frame| {
        assert!(!line(frame, "secret"), "{frame}");
        line(frame, "[2] Disconnected")
    });
    // A displayed line is not logged itself, so nothing follows until the next keep-alive.
    page.until(|frame| {
        assert_ne!(frame["label"], "lines", "{frame}");
        frame["label"] == "alive"
    });
}

#[test]
fn weather_station_shows_measured_values() {
    let server = serve(&["--app", "weather"]);
    let mut page = Page::open(&server);
    for (label, range) in [("temperature", 0.0..40.0), ("humidity", 0.0..101.0), ("pressure", 900.0..1100.0)]
    {
        let value = page.until(|frame| frame["label"] == label)["value"].as_f64();
        assert!(value.is_some_and(|value| range.contains(&value)), "{label}: {value:?}");
    }
    assert_eq!(page.ask(json!({"label": "temperature", "value": 20}))["value"]["code"], "read-only");
}

#[test]
fn soil_is_calibrated_by_the_simulated_sensor() {
    let server = serve(&["--app", "soil"]);
    let mut page = Page::open(&server);
    let range = 0.0..101.0;
    let moisture = page.until(|frame| frame["label"] == "moisture")["value"].as_f64();
    assert!(moisture.is_some_and(|value| range.contains(&value)), "{moisture:?}");
    assert_eq!(page.ask(json!({"label": "this_is_dry"}))["label"], "ok");
    assert_eq!(page.values["dry"], page.values["voltage"], "the voltage of now is not that of dry soil");
    assert_eq!(page.values["moisture"], json!(0));
    assert_eq!(page.ask(json!({"label": "wet", "value": 5001}))["value"]["code"], "out-of-range");
}

#[test]
fn thermometer_shows_a_temperature() {
    let server = serve(&["--app", "thermometer"]);
    let mut page = Page::open(&server);
    let value = page.until(|frame| frame["label"] == "temperature")["value"].as_f64();
    assert!(value.is_some_and(|value| (0.0..40.0).contains(&value)), "{value:?}");
}

#[test]
fn push_button_and_knob_are_in_step_without_hardware() {
    let server = serve(&["--app", "push-button"]);
    let (mut one, mut other) = (Page::open(&server), Page::open(&server));
    one.send(&json!({"label": "led", "value": true}));
    for page in [&mut one, &mut other] {
        page.sees("led", &json!(true));
        assert_eq!(page.values["presses"], json!(0), "a simulated button was pressed");
    }
    server.expect_line("LED ON");
    drop((one, other, server));
    let server = serve(&["--app", "knob"]);
    let (mut one, mut other) = (Page::open(&server), Page::open(&server));
    assert_eq!(one.ask(json!({"label": "level", "value": 40}))["label"], "ok");
    other.sees("level", &json!(40));
}

#[test]
fn workshop_has_all_kinds_and_explains_refusals() {
    let server = serve(&["--app", "workshop"]);
    let (mut one, mut other) = (Page::open(&server), Page::open(&server));
    for (label, value) in [
        ("led", json!(true)),
        ("brightness", json!(10)),
        ("speed", json!(-50)),
        ("mode", json!("night")),
        ("name", json!("Bench <1>")),
    ] {
        assert_eq!(one.ask(json!({"label": label, "value": value})), json!({"label": "ok", "id": 7}));
        assert_eq!(one.values[label], value, "the answer precedes its effect");
        other.sees(label, &value);
    }
    server.expect_line("LED ON");
    other.sees("turning", &json!(true));
    for (frame, code, name) in [
        (json!({"label": "name", "value": ""}), "refused", json!("name")),
        (json!({"label": "speed", "value": -49}), "out-of-range", json!("speed")),
        (json!({"label": "temperature", "value": 20}), "read-only", json!("temperature")),
        (json!({"label": "nothing"}), "unknown", Value::Null),
    ] {
        let answer = one.ask(frame);
        assert_eq!((&answer["value"]["code"], &answer["value"]["name"]), (&json!(code), &name), "{answer}");
    }
    assert_eq!(
        (&one.values["name"], &one.values["speed"]),
        (&json!("Bench <1>"), &json!(-50)),
        "a refused frame changed something"
    );
    other.send(&json!({"label": "say", "value": "hello"}));
    one.sees("said", &json!("hello"));
    // It is answered when it has blinked.
    one.send(&json!({"label": "blink", "id": 1}));
    one.until(|frame| frame["label"] == "lines" && frame["value"]["message"] == "It blinks");
    let blinked = one.until(|frame| frame["id"] == 1);
    assert_eq!(blinked, json!({"label": "ok", "id": 1}));
    let warm = one.until(|frame| frame["label"] == "temperature");
    assert!(warm["value"].as_f64().is_some_and(|degrees| (15.0..=28.0).contains(&degrees)), "{warm}");
}

//! What viewers see of a device at its gateways.

use crate::house::{device, get, led, put, read_to, start};
use std::collections::BTreeSet;
use test_support::mosquitto::Mosquitto;
use test_support::{SOON, WebSocket, wait_until};

/// Two gateways and the device itself show the same, whoever changes it.
#[test]
fn pages_of_two_gateways_and_of_the_device_are_in_step() {
    let Some(broker) = Mosquitto::start() else { return };
    let lamp = device(&broker, "lamp-1");
    let gateways = [start(&broker, "lamp-1"), start(&broker, "lamp-1")];
    let mut pages: Vec<_> =
        gateways.iter().map(|gateway| WebSocket::connect(gateway.addr(), "/lamp-1/ws")).collect();
    pages.push(WebSocket::connect(lamp.addr(), "/ws"));
    for page in &mut pages {
        page.read_text_until(|frame| frame == led(false));
    }
    for sender in 0..3 {
        let on = sender % 2 == 0;
        pages[sender].send_text(&format!(r#"{{"label":"led","value":{on},"id":{}}}"#, 7 + sender));
        let ok = format!(r#"{{"label":"ok","id":{}}}"#, 7 + sender);
        // The value comes to all, the answer to the sender alone.
        for (number, page) in pages.iter_mut().enumerate() {
            let last = if number == sender { ok.clone() } else { led(on) };
            let seen = read_to(page, |frame| frame == last);
            assert!(number == sender || !seen.iter().any(|frame| frame.contains("\"ok\"")), "{seen:?}");
        }
    }
    // An event comes to all once.
    pages[0].send_text(r#"{"label":"say","value":"hello"}"#);
    for page in &mut pages {
        page.read_text_until(|frame| frame.starts_with(r#"{"label":"said","value":"hello""#));
    }
}

#[test]
fn rest_and_description_are_those_of_the_device() {
    let Some(broker) = Mosquitto::start() else { return };
    let lamp = device(&broker, "lamp-1");
    let gateway = start(&broker, "lamp-1");
    let addr = gateway.addr();
    let json = |addr, path: &str| -> serde_json::Value {
        serde_json::from_str(get(addr, path).text()).expect("the answer is no JSON")
    };
    let names = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().expect("it is no object").keys().cloned().collect()
    };
    let own = names(&json(lamp.addr(), "/properties"));
    let has_all = || names(&json(addr, "/lamp-1/properties")) == own;
    wait_until(SOON, has_all, || "the gateway has other properties");
    assert_eq!(put(addr, "/lamp-1/properties/led", "true").status, 204);
    assert_eq!(get(addr, "/lamp-1/properties/led").text(), "true");
    assert_eq!(get(lamp.addr(), "/properties/led").text(), "true");
    for (path, value, status) in [
        ("/lamp-1/properties/led", "1", 400),
        ("/lamp-1/properties/brightness", "1000", 422),
        ("/lamp-1/properties/none", "1", 404),
        ("/lamp-1/properties/temperature", "1", 405),
    ] {
        assert_eq!(put(addr, path, value).status, status, "{path}");
    }
    let [here, there] = [(addr, "/lamp-1/.well-known/wot"), (lamp.addr(), "/.well-known/wot")]
        .map(|(addr, path)| json(addr, path));
    assert_eq!(here["base"], "http://localhost/lamp-1/.well-known/");
    assert!(there["properties"]["temperature"]["instep:history"].is_object());
    // The gateway keeps what it hears.
    let has_history = || get(addr, "/lamp-1/properties/temperature/history").text().starts_with("[[");
    wait_until(SOON, has_history, || "the gateway has no history");
    for member in ["title", "properties", "actions", "events", "links"] {
        assert_eq!(here[member], there[member], "{member}");
    }
    assert_eq!(get(addr, "/lamp-1").status, 302);
    let [unknown, firmware] = ["/none/", "/lamp-1/firmware"].map(|path| get(addr, path));
    assert_eq!([unknown.status, firmware.status], [404, 404]);
    assert!(unknown.text().starts_with("There is no device of this id here"), "{}", unknown.text());
    assert_eq!(get(addr, "/healthz?verbose").text(), "ok\nbroker: connected\n");
}

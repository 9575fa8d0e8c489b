//! Commands to devices that do not answer.

use crate::house::{BACK, get, led, put, silent_device, start};
use std::time::{Duration, Instant};
use test_support::mosquitto::Mosquitto;
use test_support::{SOON, WebSocket, wait_until};

/// The viewer is told that the device may have done it, and the command is not repeated.
#[test]
fn request_without_an_answer_is_504() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut device = silent_device(&broker, "silent");
    let gateway = start(&broker, "silent");
    let begun = Instant::now();
    let answer = put(gateway.addr(), "/silent/properties/led", "true");
    assert_eq!(answer.status, 504, "{}", answer.text());
    let text = answer.text();
    assert!(text.contains(r#""code":"timeout""#) && text.contains(" may have "), "{text}");
    assert!(begun.elapsed() >= Duration::from_millis(4_500), "{:?}", begun.elapsed());
    let command = device.next(SOON).expect("there is no command");
    assert_eq!(command.topic, "instep/silent/led/set");
    // The late answer reaches nobody.
    let mut page = WebSocket::connect(gateway.addr(), "/silent/ws");
    page.read_text_until(|frame| frame == led(false));
    device.answer(&command, r#"{"label":"ok","id":0}"#);
    device.publish("instep/silent/led", led(true), true);
    let next = page.read_text_until(|frame| !frame.contains("\"alive\""));
    assert_eq!(next, led(true));
    assert!(device.next(Duration::from_millis(500)).is_none(), "the command was repeated");
}

#[test]
fn command_to_an_offline_device_is_refused_at_once() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let mut device = silent_device(&broker, "silent");
    let gateway = start(&broker, "silent");
    let mut page = WebSocket::connect(gateway.addr(), "/silent/ws");
    page.read_text_until(|frame| frame == led(false));
    page.send_text(r#"{"label":"led","value":true,"id":1}"#);
    device.next(SOON).expect("there is no command");
    device.publish("instep/silent", "offline", true);
    // The device has the command, and may have done it.
    page.read_text_until(|frame| {
        frame.starts_with(r#"{"label":"error","id":1,"#) && frame.contains("timeout")
    });
    page.send_text(r#"{"label":"led","value":true,"id":2}"#);
    page.read_text_until(|frame| {
        frame.starts_with(r#"{"label":"error","id":2,"#) && frame.contains("offline")
    });
    let answer = put(gateway.addr(), "/silent/properties/led", "true");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains(r#""code":"offline""#), "{}", answer.text());
    assert!(device.next(Duration::from_millis(500)).is_none(), "an offline device gets a command");
    broker.kill();
    let is_noticed = || get(gateway.addr(), "/healthz?verbose").text() == "ok\nbroker: not connected\n";
    wait_until(BACK, is_noticed, || "the gateway does not notice the end of the broker");
    // Values are still shown.
    assert_eq!(get(gateway.addr(), "/silent/properties/led").text(), "false");
    assert_eq!(put(gateway.addr(), "/silent/properties/led", "true").status, 503);
}

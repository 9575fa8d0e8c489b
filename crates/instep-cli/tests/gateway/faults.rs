//! Brokers that fail, and what viewers see: every page ends with the device's values.

use crate::house::{BACK, device, gateway, get, led, put, read_to, start};
use crate::scraped::{Scrape, metrics_addr};
use std::time::Duration;
use test_support::mosquitto::Mosquitto;
use test_support::{SOON, WebSocket, wait_until};

/// Lines of a broker that stores each change at once.
const STORES: &str = "allow_anonymous true\npersistence true\npersistence_location FOLDER\nautosave_on_changes true\nautosave_interval 1\n";

#[test]
fn page_survives_a_broker_with_its_store() {
    restart(STORES);
}

#[test]
fn page_survives_a_broker_without_its_store() {
    restart("allow_anonymous true\n");
}

fn restart(lines: &str) {
    let Some(mut broker) = Mosquitto::with(lines, &[]) else { return };
    let lamp = device(&broker, "lamp-1");
    let gateway = start(&broker, "lamp-1");
    let mut page = WebSocket::connect(gateway.addr(), "/lamp-1/ws");
    page.read_text_until(|frame| frame == led(false));
    broker.kill();
    page.read_text_until(|frame| frame.starts_with(r#"{"label":"thing""#) && frame.contains("\"offline\""));
    // Meanwhile it changes at the device.
    assert_eq!(put(lamp.addr(), "/properties/led", "true").status, 204);
    broker.restart();
    let mut seen = Vec::new();
    let mut is_back = [false; 2];
    let end = std::time::Instant::now() + 2 * BACK;
    while is_back != [true; 2] {
        assert!(std::time::Instant::now() < end, "the page does not end with the device's values: {seen:?}");
        let frame = page.read_text();
        is_back[0] |= frame == led(true);
        is_back[1] |= frame.starts_with(r#"{"label":"thing""#) && !frame.contains("\"offline\"");
        seen.push(frame);
    }
    page.send_text(r#"{"label":"led","value":false,"id":1}"#);
    page.read_text_until(|frame| frame == r#"{"label":"ok","id":1}"#);
    assert_eq!(get(lamp.addr(), "/properties/led").text(), "false");
}

#[test]
fn garbage_on_every_topic_reaches_no_page() {
    let Some(broker) = Mosquitto::start() else { return };
    let _lamp = device(&broker, "lamp-1");
    let gateway = start(&broker, "lamp-1");
    let mut page = WebSocket::connect(gateway.addr(), "/lamp-1/ws");
    page.read_text_until(|frame| frame == led(false));
    let mut client = broker.client();
    let long = vec![b'x'; 1 << 20];
    let garbage: [&[u8]; 5] =
        [&long, b"\xff\x00{", b"{}", br#"{"label":"led","value":}"#, b"{\"label\":\"led\",\"value\":\n\n1}"];
    for payload in garbage {
        for topic in ["", "/led", "/said", "/thing", "/thing/td", "/missed", "/none", "/thing/answer/x"] {
            for retain in [true, false] {
                client.publish(&format!("instep/lamp-1{topic}"), payload, retain);
            }
        }
    }
    // At each garbage the device says again that it is online; meanwhile commands are refused.
    let answer = |id: usize| {
        page.send_text(&format!(r#"{{"label":"led","value":true,"id":{id}}}"#));
        read_to(&mut page, |frame| frame.contains(&format!("\"id\":{id}")))
    };
    let mut seen: Vec<Vec<String>> = Vec::new();
    for frames in (0..50).map(answer) {
        std::thread::sleep(Duration::from_millis(20));
        let is_done = frames.last().is_some_and(|frame| frame.contains("\"ok\""));
        seen.push(frames);
        if is_done {
            break;
        }
    }
    for frame in seen.into_iter().flatten() {
        let value: serde_json::Value = serde_json::from_str(&frame).expect("a page gets garbage");
        assert!(value["label"].is_string() && frame.len() < 1_000, "{frame}");
    }
    let is_right = || get(gateway.addr(), "/lamp-1/properties/led").text() == "true";
    wait_until(Duration::from_secs(5), is_right, || "the value is wrong");
    assert_eq!(get(gateway.addr(), "/lamp-1/.well-known/wot").status, 200);
}

#[test]
fn messages_that_say_nothing_are_counted() {
    let Some(broker) = Mosquitto::start() else { return };
    let gateway = gateway(&broker.url()).arg("--metrics=127.0.0.1:0").start();
    let metrics = metrics_addr(&gateway);
    gateway.wait_for_line(|line| line.starts_with("The broker tells of"), 3 * SOON);
    let mut client = broker.client();
    // Neither is an id.
    client.publish("instep/Lamp/led", led(true), true);
    client.publish("instep/Lamp", "online", false);
    Scrape::until(metrics, |scrape| scrape.value("instep_gateway_ignored_messages_total") == 2);
    client.publish("instep/lamp-1/led", "garbage", true);
    Scrape::until(metrics, |scrape| scrape.value("instep_gateway_left_out_total") == 1);
}

//! What a broker gets of a device, and commands from there.

use crate::lamp::{LED, SET, device, expect_frame, led, start};
use crate::scraped::{Scrape, metrics_addr};
use crate::served::get;
use std::time::Duration;
use test_support::mosquitto::Mosquitto;
use test_support::{SOON, WebSocket};

#[test]
fn values_are_retained_right_after_start() {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    let mut frames = vec![page.read_text()];
    while !frames.last().is_some_and(|frame| frame.starts_with(r#"{"label":"name""#)) {
        frames.push(page.read_text());
    }
    let mut client = broker.client();
    client.subscribe("instep/lamp-1/thing/td");
    let description = client.next(SOON).expect("there is no description");
    assert!(description.retain);
    let description: serde_json::Value =
        serde_json::from_slice(&description.payload).expect("the description is no JSON");
    assert_eq!(description["title"], "Workshop");
    assert!(description.get("base").is_none() && description.get("security").is_none());
    client.subscribe("instep/lamp-1/#");
    client.expect("instep/lamp-1", "online");
    // The first frame and the changing temperature aside, they are the same bytes.
    let frames =
        frames.into_iter().filter(|frame| !frame.contains("temperature") && !frame.contains("\"thing\""));
    for frame in frames {
        let label = frame.split('"').nth(3).expect("a frame has a label").to_owned();
        let mut client = broker.client();
        client.subscribe(&format!("instep/lamp-1/{label}"));
        assert!(client.expect(&format!("instep/lamp-1/{label}"), &frame).retain);
    }
}

#[test]
fn command_changes_page_and_value() {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    let mut client = broker.client();
    client.subscribe(LED);
    client.publish(SET, "true", false);
    client.expect(LED, &led(true));
    expect_frame(&mut page, &led(true));
    server.expect_line(r#"[MQTT] Received: {"label":"led","value":true,"id":0}"#);
    page.send_text(&led(false));
    client.expect(LED, &led(false));
    let answer = "instep/lamp-1/thing/answer/test/1";
    client.subscribe("instep/lamp-1/thing/answer/#");
    client.ask(SET, &led(true), answer);
    let message = client.expect(answer, r#"{"label":"ok","id":0}"#);
    let data = message.properties.and_then(|properties| properties.correlation_data);
    assert_eq!(data.as_deref(), Some(&b"17"[..]));
    client.ask(SET, "1", answer);
    let message = client.next(SOON).expect("there is no answer");
    assert!(message.payload.starts_with(br#"{"label":"error","id":0,"value":{"code":"wrong-type""#));
}

/// A command that was sent retained is done once, and not again after the device has come back.
#[test]
fn stored_command_is_done_once() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    client.publish(SET, "true", true);
    let mut server = start(&broker);
    client.subscribe(LED);
    client.expect(LED, &led(false));
    client.publish(SET, "true", true);
    client.expect(LED, &led(true));
    server.restart();
    client.expect(LED, &led(false));
    let values = client.all(Duration::from_millis(500));
    assert!(values.iter().all(|(_, frame)| *frame == led(false)), "{values:?}");
}

#[test]
fn device_that_ends_is_offline() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut server = start(&broker);
    let mut client = broker.client();
    client.subscribe("instep/lamp-1");
    client.expect("instep/lamp-1", "online");
    server.kill();
    client.expect("instep/lamp-1", "offline");
    server.restart();
    client.expect("instep/lamp-1", "online");
    server.stop();
    client.expect("instep/lamp-1", "offline");
}

#[test]
fn metrics_count_connections() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let server = device(&broker.url()).arg("--metrics").arg("0").start();
    server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
    let metrics = metrics_addr(&server);
    let counted = |connected, connections| {
        Scrape::until(metrics, |scrape| {
            let values =
                ["instep_mqtt_connected", "instep_mqtt_connections_total"].map(|name| scrape.value(name));
            values == [connected, connections]
        });
    };
    counted(1, 1);
    let health = || get(server.addr(), "/healthz?verbose").text().to_owned();
    assert_eq!(health(), "ok\nbroker: connected\n");
    broker.kill();
    counted(0, 1);
    assert_eq!(health(), "ok\nbroker: not connected\n");
    broker.restart();
    server.wait_for_line(|line| line.starts_with("Disconnected from the broker"), SOON);
    counted(1, 2);
}

#[test]
fn broker_that_takes_small_packets_gets_the_rest() {
    let Some(broker) = Mosquitto::with("allow_anonymous true\nmax_packet_size 100", &[]) else { return };
    let server = start(&broker);
    server.wait_for_line(
        |line| line.starts_with("The broker does not get ") && line.contains("packets of at most 100 bytes"),
        SOON,
    );
    let mut client = broker.client();
    client.subscribe(LED);
    // From now on the device takes commands.
    client.expect(LED, &led(false));
    client.publish(SET, "true", false);
    client.expect(LED, &led(true));
}

/// mosquitto does not say that another client has the id.
#[test]
fn two_devices_of_one_id_are_noticed() {
    let Some(broker) = Mosquitto::start() else { return };
    let servers = [start(&broker), start(&broker)];
    let is_noticed = |line: &str| line.contains("another device may have the id lamp-1");
    let noticed = || servers.iter().any(|server| server.lines().iter().any(|line| is_noticed(line)));
    test_support::wait_until(Duration::from_secs(40), noticed, || "no device noticed the other one");
}

//! Brokers and networks that fail: the page never notices, and every value is right at the end.

use crate::lamp::{BACK, LED, SET, device, expect_frame, led, start};
use std::io::{ErrorKind, Read as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use test_support::mosquitto::{Mosquitto, url_of};
use test_support::{SOON, WebSocket};

/// The page never notices, and every value is right at the end, although the broker has lost its store.
#[test]
fn broker_that_was_restarted_gets_everything() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    expect_frame(&mut page, &led(false));
    broker.kill();
    server.wait_for_line(|line| line.starts_with("Disconnected from the broker"), SOON);
    page.send_text(r#"{"label":"led","value":true,"id":1}"#);
    expect_frame(&mut page, r#"{"label":"ok","id":1}"#);
    broker.restart();
    let mut client = broker.client();
    client.subscribe("instep/lamp-1/#");
    client.expect_within(LED, &led(true), BACK);
    client.expect("instep/lamp-1", "online");
    client.publish(SET, "false", false);
    expect_frame(&mut page, &led(false));
}

/// For 5 s nobody gets anything, and then the latest value. The connection stays.
#[test]
fn short_cut_of_the_network_costs_nothing() {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    expect_frame(&mut page, &led(false));
    broker.freeze(true);
    let cut = Instant::now();
    let mut on = false;
    while cut.elapsed() < Duration::from_secs(5) {
        on = !on;
        page.send_text(&led(on));
        expect_frame(&mut page, &led(on));
        std::thread::sleep(Duration::from_millis(200));
    }
    broker.freeze(false);
    let mut client = broker.client();
    client.subscribe(LED);
    client.expect(LED, &led(on));
    client.publish(SET, led(!on), false);
    client.expect(LED, &led(!on));
    assert!(!server.lines().iter().any(|line| line.starts_with("Disconnected")), "the connection was lost");
}

/// A cut that is too long for the connection ends it, and the device connects again.
#[test]
fn long_cut_of_the_network_ends_the_connection() {
    cut(Duration::ZERO);
}

#[test]
#[ignore = "it takes more than a minute"]
fn cut_of_60_seconds_ends_the_connection() {
    cut(Duration::from_secs(60));
}

/// Cuts the network until the device has noticed it, at least for a time.
fn cut(min: Duration) {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    broker.freeze(true);
    let end = Instant::now() + min;
    let line = format!(
        "Disconnected from the broker {}: it did not answer for too long; check the network and the broker",
        broker.url()
    );
    server.wait_for_line(|said| said == line, Duration::from_secs(30));
    let mut page = WebSocket::connect(server.addr(), "/ws");
    page.send_text(&led(true));
    expect_frame(&mut page, &led(true));
    std::thread::sleep(end.saturating_duration_since(Instant::now()));
    broker.freeze(false);
    let mut client = broker.client();
    client.subscribe("instep/lamp-1/#");
    client.expect_within(LED, &led(true), BACK + min);
    client.expect("instep/lamp-1", "online");
}

#[test]
fn broker_that_says_nothing_is_left_and_page_does_not_notice() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("cannot listen");
    let url = url_of(silent.local_addr().expect("no address"));
    let server = device(&url).start();
    let mut page = WebSocket::connect(server.addr(), "/ws");
    page.send_text(&led(true));
    expect_frame(&mut page, &led(true));
    let line = format!(
        "Cannot connect to the broker {url}: it accepted the connection and said nothing; check that the address is that of an MQTT broker"
    );
    server.wait_for_line(|said| said == line, Duration::from_secs(15));
    page.send_text(&led(false));
    expect_frame(&mut page, &led(false));
}

/// The device serves its page, says why in the log, and connects once there is room.
#[test]
fn broker_that_is_full_is_tried_again() {
    let Some(broker) = Mosquitto::with("allow_anonymous true\nmax_connections 2\n", &[]) else { return };
    // mosquitto 2.0.11 may count one too few, after the connection by which its start was seen.
    let connect = |_| {
        let mut stream = TcpStream::connect(broker.addr).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(500))).ok()?;
        stream.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock).then_some(stream)
    };
    let others: Vec<_> = (0..10).map_while(connect).collect();
    let server = device(&broker.url()).start();
    server.wait_for_line(|line| line.starts_with("Cannot connect to the broker"), 3 * SOON);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    expect_frame(&mut page, &led(false));
    drop(others);
    server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
}

/// What is stored at the device's topics does not disturb it, and is replaced where the device has something to say.
#[test]
fn junk_at_every_topic_is_replaced() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    let junk = vec![b'x'; 1 << 20];
    for topic in ["", "/led", "/led/set", "/thing", "/thing/td", "/missed", "/set", "/none/set"] {
        client.publish(&format!("instep/lamp-1{topic}"), &junk, true);
    }
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    expect_frame(&mut page, &led(false));
    // Live, too: the broker does not pass on what is longer than the device takes.
    for topic in ["", "/led/set", "/thing"] {
        client.publish(&format!("instep/lamp-1{topic}"), &junk, false);
        client.publish(&format!("instep/lamp-1{topic}"), [0xff, 0, b'{'], false);
    }
    client.publish(SET, "true", false);
    expect_frame(&mut page, &led(true));
    let mut reader = broker.client();
    reader.subscribe(LED);
    reader.expect(LED, &led(true));
    reader.subscribe("instep/lamp-1");
    reader.expect("instep/lamp-1", "online");
    reader.subscribe("instep/lamp-1/thing");
    let thing =
        std::iter::from_fn(|| reader.next(SOON)).find(|message| message.payload.starts_with(b"{\"label\""));
    assert!(thing.is_some(), "the frame thing did not come back");
}

/// A relay must not click after the network was away: the connection is dropped with the command in it.
#[test]
fn command_is_not_done_late() {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut client = broker.client();
    client.subscribe("instep/lamp-1/#");
    client.expect("instep/lamp-1", "online");
    server.freeze();
    let stat = format!("/proc/{}/stat", server.pid());
    let is_stopped = || std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "));
    test_support::wait_until(SOON, is_stopped, || "the server was not stopped");
    client.publish(SET, "true", false);
    // The broker gives the device up after one and a half keep-alives.
    client.expect_within("instep/lamp-1", "offline", Duration::from_secs(25));
    server.thaw();
    client.expect_within("instep/lamp-1", "online", BACK);
    let late = client.all(Duration::from_millis(500));
    assert!(!late.contains(&(LED.into(), led(true))), "{late:?}");
    assert!(!server.lines().iter().any(|line| line.starts_with("[MQTT]")), "the command was done");
}

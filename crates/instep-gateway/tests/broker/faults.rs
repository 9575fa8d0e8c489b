//! Brokers that fail, and clients of theirs that write anything anywhere.

use crate::gateway::{BACK, Gateway, frames};
use crate::lamp::{self, frame};
use instep_gateway::{Change, Follower};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use test_support::SOON;
use test_support::mosquitto::Mosquitto;

/// Lines of a broker that stores each change at once.
const STORES: &str = "allow_anonymous true\npersistence true\npersistence_location FOLDER\nautosave_on_changes true\nautosave_interval 1\n";

#[test]
fn garbage_on_every_topic_disturbs_no_device() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    let long = vec![b'x'; 1 << 20];
    let garbage: [&[u8]; 6] =
        [&long, b"\xff\x00{", b"{}", b"offline\n", br#"{"label":"thing","value":1}"#, b"[[[[[[[["];
    let topics =
        ["", "/led", "/thing", "/thing/td", "/missed", "/ok", "/led/set", "/thing/answer/x", "/a/b/c"];
    let throw = |client: &mut test_support::mosquitto::Client| {
        for id in ["lamp-1", "junk", "Upper", "gateway", "things", "", "a+b"] {
            for (topic, retain) in topics.iter().flat_map(|topic| [(topic, true), (topic, false)]) {
                let topic = format!("instep/{id}{topic}");
                if topic.contains('+') {
                    continue;
                }
                for payload in garbage {
                    client.publish(&topic, payload, retain);
                }
            }
        }
    };
    throw(&mut client);
    let gateway = Gateway::start(&broker);
    let _lamp = lamp::start(&broker, "lamp-1");
    gateway.expect("lamp-1", &frame("led", false));
    throw(&mut client);
    client.publish("instep/lamp-1/level/set", "77", false);
    gateway.expect("lamp-1", &frame("level", 77));
    // The device says at each garbage that it is online and what it is.
    gateway.expect_state("lamp-1", true, SOON);
    gateway.wait("has a description", SOON, |fleet| fleet.description("lamp-1").is_some());
    // A label that is only in a topic is not taken either.
    assert_eq!(frames(&gateway.fleet, "lamp-1"), [frame("led", false), frame("level", 77)]);
    let there: Vec<_> =
        gateway.fleet.list(None, 100).into_iter().map(|device| device.id.to_string()).collect();
    assert_eq!(there, ["lamp-1"]);
    assert!(gateway.fleet.is_connected() && gateway.fleet.counts().refused > 20, "{:?}", gateway.fleet);
}

/// mosquitto passes such a message on and stores it, so it would end each connection of each gateway.
#[test]
fn stored_message_with_a_wrong_response_topic_ends_no_connection() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    for (name, response) in [("p0", "a/#"), ("p1", ""), ("p2", "+")] {
        client.publish_with_response_topic(&format!("instep/x/{name}"), &frame(name, 1), true, response);
    }
    lamp::publish(&mut client, "x", 0);
    let gateway = Gateway::start(&broker);
    for name in ["p0", "p1", "p2"] {
        gateway.expect("x", &frame(name, 1));
    }
    assert!(gateway.fleet.is_connected());
}

#[test]
fn broker_restarted_with_its_store_shows_the_same() {
    restart(STORES, true);
}

#[test]
fn broker_restarted_without_its_store_shows_what_returns() {
    restart("allow_anonymous true\n", false);
}

fn restart(lines: &str, stores: bool) {
    let Some(mut broker) = Mosquitto::with(lines, &[]) else { return };
    lamp::publish(&mut broker.client(), "absent", 2);
    let gateway = Gateway::start(&broker);
    let _lamp = lamp::start(&broker, "lamp-1");
    gateway.expect_state("lamp-1", true, SOON);
    gateway.expect_state("absent", true, SOON);
    let mut client = broker.client();
    client.publish("instep/lamp-1/led/set", "true", false);
    gateway.expect("lamp-1", &frame("led", true));
    if stores {
        // The last change. What came before it is stored, too.
        let (file, last) = (broker.folder.join("mosquitto.db"), frame("led", true));
        let is_last = |part: &[u8]| part == last.as_bytes();
        let is_stored = || std::fs::read(&file).is_ok_and(|all| all.windows(last.len()).any(is_last));
        test_support::wait_until(SOON, is_stored, || "mosquitto does not store the last change");
    }
    broker.kill();
    // What was heard stays, and no device is seen online.
    gateway.expect_state("lamp-1", false, BACK);
    gateway.expect_state("absent", false, BACK);
    gateway.expect("lamp-1", &frame("led", true));
    broker.restart();
    gateway.expect_state("lamp-1", true, 2 * BACK);
    gateway.expect("lamp-1", &frame("led", true));
    // A broker that has stored that the device is online says so before the device is back, and drops what is sent to it until then.
    let mut client = broker.client();
    let is_done = || {
        client.publish("instep/lamp-1/level/set", "77", false);
        frames(&gateway.fleet, "lamp-1").contains(&frame("level", 77))
    };
    test_support::wait_until(BACK, is_done, || "the command is not done");
    if stores {
        gateway.expect_state("absent", true, SOON);
    } else {
        // It may still return: it is gone after 90 s, which tests on a virtual clock show.
        gateway.expect_state("absent", false, SOON);
        assert_eq!(frames(&gateway.fleet, "absent").len(), 2);
    }
}

/// mosquitto drops messages without a word once so many wait for a client.
#[test]
fn values_that_the_broker_dropped_are_heard_later() {
    struct Held(Arc<Mutex<()>>);
    impl Follower for Held {
        fn change(&self, _: Change<'_>) {
            drop(self.0.lock());
        }
    }
    let lines = "allow_anonymous true\nmax_queued_messages 100\n";
    let Some(broker) = Mosquitto::with(lines, &[]) else { return };
    let gateway = Gateway::start(&broker);
    let mut client = broker.client();
    lamp::publish(&mut client, "lamp-2", 2);
    gateway.expect_state("lamp-2", true, SOON);
    // The gateway stands still in its follower, until more waits than the sockets and the broker take.
    let hold = Arc::<Mutex<()>>::default();
    let following = gateway.fleet.follow("lamp-2", Arc::new(Held(hold.clone())));
    let held = hold.lock().expect("nothing panicked");
    let (begun, long) = (Instant::now(), "x".repeat(300));
    let mut sent = 0;
    while sent < 40_000 || begun.elapsed() < Duration::from_secs(3) {
        sent += 1;
        client.publish("instep/lamp-2/p0", frame("p0", format!("\"{sent}{long}\"")), true);
    }
    client.publish("instep/lamp-2/p1", frame("p1", r#""last""#), true);
    client.subscribe("instep/lamp-2/p1");
    client.expect("instep/lamp-2/p1", &frame("p1", r#""last""#));
    drop(held);
    let last = frame("p1", r#""last""#);
    gateway.wait("has the last value", BACK, |fleet| frames(fleet, "lamp-2").contains(&last));
    assert!(gateway.fleet.counts().heard < sent, "the broker dropped nothing");
    drop(following);
}

/// A gateway that is cut off shows no device online, and all values as they are once it is back.
#[test]
fn cut_of_the_network_ends_with_the_devices_values() {
    let Some(broker) = Mosquitto::start() else { return };
    let gateway = Gateway::start(&broker);
    let mut client = broker.client();
    lamp::publish(&mut client, "lamp-2", 2);
    gateway.expect_state("lamp-2", true, SOON);
    broker.freeze(true);
    gateway.expect_state("lamp-2", false, Duration::from_secs(30));
    broker.freeze(false);
    client.publish("instep/lamp-2/p0", frame("p0", 5), true);
    gateway.expect_state("lamp-2", true, BACK);
    gateway.expect("lamp-2", &frame("p0", 5));
}

//! What a gateway knows of the devices.

use crate::gateway::{Gateway, frames};
use crate::lamp::{self, frame};
use instep_gateway::{Change, FleetLimits, Follower, Since};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use test_support::mosquitto::Mosquitto;
use test_support::{SOON, resident_here};

/// Follower that passes each event and each value on as text.
struct Sender(Mutex<mpsc::Sender<String>>);

impl Follower for Sender {
    fn change(&self, change: Change<'_>) {
        if let Change::Property(frame) | Change::Event(frame) = change {
            let line = String::from_utf8_lossy(frame.bytes).into_owned();
            // The test may have ended.
            let _ = self.0.lock().expect("poisoned").send(line);
        }
    }
}

#[test]
fn device_is_known_as_it_is() {
    let Some(broker) = Mosquitto::start() else { return };
    let gateway = Gateway::start(&broker);
    let lamp = lamp::start(&broker, "lamp-1");
    gateway.expect("lamp-1", &frame("led", false));
    gateway.expect_state("lamp-1", true, SOON);
    gateway.wait("has a description", SOON, |fleet| fleet.description("lamp-1").is_some());
    let known = gateway.fleet.find("lamp-1").expect("the lamp is missing");
    let description = known.description.as_ref().expect("there is no description");
    assert_eq!((&*description.title, &*description.version), ("Lamp", "1.2.3"));
    assert!(known.start.is_some() && matches!(known.presence.since, Since::Before(_)), "{known:?}");
    let (sender, lines) = mpsc::channel();
    let following = gateway.fleet.follow("lamp-1", Arc::new(Sender(Mutex::new(sender))));
    let mut client = broker.client();
    client.publish("instep/lamp-1/led/set", "true", false);
    let next = || lines.recv_timeout(SOON).expect("nothing comes");
    // In the order of their names, and then as they come; the commands of others are not heard.
    let expected = ["led", "level"].map(|name| frame(name, if name == "led" { "false" } else { "50" }));
    assert_eq!([next(), next()], expected);
    assert_eq!([next(), next()], [frame("led", true), frame("said", "\"on\"")]);
    drop(following);
    drop(lamp);
    let presence = gateway.expect_state("lamp-1", false, SOON);
    assert!(matches!(presence.since, Since::At(_)), "{presence:?}");
    // A gateway that comes later does not know since when.
    let later = Gateway::start(&broker);
    later.expect("lamp-1", &frame("led", true));
    let presence = later.expect_state("lamp-1", false, SOON);
    assert!(matches!(presence.since, Since::Before(_)), "{presence:?}");
    client.publish("instep/lamp-1/thing", "", true);
    for gateway in [&gateway, &later] {
        gateway.wait("forgets the lamp", SOON, |fleet| fleet.find("lamp-1").is_none());
    }
}

#[test]
fn devices_above_the_limit_are_left_out() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    for number in 0..30 {
        lamp::publish(&mut client, &format!("d-{number}"), 3);
    }
    let gateway = Gateway::with(&broker, FleetLimits::default().with_devices(10));
    gateway.wait("is full", SOON, |fleet| fleet.counts().refused >= 20);
    lamp::publish(&mut client, "late", 3);
    gateway.wait("refuses the late one", SOON, |fleet| fleet.counts().refused >= 21);
    assert_eq!(gateway.fleet.list(None, 100).len(), 10);
    // A device that goes makes room for one that was left out, with its values and its state.
    let known: Vec<_> = gateway.fleet.list(None, 100).into_iter().map(|device| device.id).collect();
    client.publish(&format!("instep/{}/thing", known[0]), "", true);
    let new = || gateway.fleet.list(None, 100).into_iter().find(|device| !known.contains(&device.id));
    gateway.wait("takes another one in", SOON, |_| {
        new().is_some_and(|device| device.presence.online && device.description.is_some())
    });
    let new = new().expect("it is gone").id;
    gateway.expect(new.as_str(), &frame("p2", 2));
    assert_eq!((frames(&gateway.fleet, new.as_str()).len(), gateway.fleet.counts().devices), (3, 10));
}

/// Prints how long a gateway takes for 10,000 devices of 10 properties, and what memory each takes.
#[test]
#[ignore = "it takes minutes without optimisation"]
fn start_with_10_000_devices() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    for number in 0..10_000 {
        lamp::publish(&mut client, &format!("d-{number:05}"), 10);
    }
    client.subscribe("instep/d-09999/thing/td");
    client.next(6 * SOON).expect("the broker has not read everything");
    let (before, begun) = (resident_here(), Instant::now());
    let gateway = Gateway::start(&broker);
    let is_whole = |fleet: &instep_gateway::Fleet| {
        fleet.counts().devices == 10_000 && frames(fleet, "d-09999").len() == 10
    };
    gateway.wait("has all devices", Duration::from_secs(120), is_whole);
    let last = || gateway.fleet.list(None, 10_000).iter().all(|device| device.presence.online);
    gateway.wait("has all states", Duration::from_secs(120), |_| last());
    println!("{:?} for all values; {} KiB more", begun.elapsed(), (resident_here() - before) >> 10);
    let all: usize = gateway
        .fleet
        .list(None, 10_000)
        .iter()
        .map(|device| frames(&gateway.fleet, device.id.as_str()).len())
        .sum();
    assert_eq!(all, 100_000);
}

//! Commands to devices, and their answers.

use crate::gateway::{BACK, Gateway};
use crate::lamp::{self, frame};
use instep_gateway::{Command, CommandError, Wait};
use instep_mqtt::DeviceId;
use std::time::{Duration, Instant};
use test_support::SOON;
use test_support::mosquitto::Mosquitto;

/// Sends a command, and waits for its answer as text.
fn ask(gateway: &Gateway, id: &str, name: &str, payload: &str, wait: Wait) -> Result<String, CommandError> {
    let id = DeviceId::new(id).expect("the id is valid");
    let reply = gateway.fleet.send(&Command { id, name, payload: payload.as_bytes(), wait })?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("cannot start the runtime");
    runtime.block_on(reply).map(|frame| String::from_utf8_lossy(&frame).into_owned())
}

#[test]
fn device_answers() {
    let Some(broker) = Mosquitto::start() else { return };
    let gateway = Gateway::start(&broker);
    let _lamp = lamp::start(&broker, "lamp-1");
    gateway.expect_state("lamp-1", true, SOON);
    let ask = |name, payload: &str| ask(&gateway, "lamp-1", name, payload, Wait::Request);
    assert_eq!(ask("led", "true").as_deref(), Ok(r#"{"label":"ok","id":0}"#));
    // What it published before its answer is there.
    gateway.expect("lamp-1", &frame("led", true));
    // The viewer's frame as it came, and its id in the answer.
    let written = ask("led", r#"{"label":"led","value":false,"id":17}"#);
    assert_eq!(written.as_deref(), Ok(r#"{"label":"ok","id":17}"#));
    for (name, payload, code) in [
        ("led", "1", "wrong-type"),
        ("level", "101", "out-of-range"),
        ("level", "13", "refused"),
        ("none", "1", "unknown"),
        ("led", "{", "not-json"),
    ] {
        let answer = ask(name, payload).expect("there is no answer");
        assert!(answer.contains(&format!(r#""code":"{code}""#)), "{answer}");
    }
    gateway.expect("lamp-1", &frame("led", false));
    assert_eq!(gateway.fleet.counts().late_answers, 0);
}

/// A device that does not answer may have done the command, and its late answer is dropped.
#[test]
fn command_without_an_answer_times_out_and_is_not_repeated() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    lamp::publish(&mut client, "slow", 1);
    client.subscribe("instep/slow/+/set");
    let gateway = Gateway::start(&broker);
    gateway.expect_state("slow", true, SOON);
    let begun = Instant::now();
    let answer = ask(&gateway, "slow", "p0", "1", Wait::Request);
    assert_eq!(answer, Err(CommandError::TimedOut));
    assert!(begun.elapsed() >= Duration::from_millis(4_900), "{:?}", begun.elapsed());
    let commands: Vec<_> = std::iter::from_fn(|| client.next(Duration::from_millis(500))).collect();
    assert_eq!(commands.len(), 1, "{commands:?}");
    let properties = commands[0].properties.as_ref().expect("there are no properties");
    let response = properties.response_topic.as_deref().expect("there is no Response Topic");
    assert!(response.starts_with("instep/slow/thing/answer/gateway-"), "{response}");
    assert!(properties.message_expiry_interval.is_some_and(|seconds| seconds <= 5), "{properties:?}");
    client.answer(&commands[0], r#"{"label":"ok","id":0}"#);
    gateway.wait("has dropped the late answer", SOON, |fleet| fleet.counts().late_answers == 1);
}

#[test]
fn answers_of_others_are_not_taken() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    lamp::publish(&mut client, "slow", 1);
    client.subscribe("instep/slow/+/set");
    let gateway = Gateway::start(&broker);
    gateway.expect_state("slow", true, SOON);
    let answer = std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask(&gateway, "slow", "p0", "1", Wait::Request));
        let command = client.next(SOON).expect("there is no command");
        let asked = command.properties.clone().expect("there are no properties");
        let response = asked.response_topic.expect("there is no Response Topic");
        // Of another device, with another number, and no frame.
        let mut other = command.clone();
        if let Some(properties) = &mut other.properties {
            properties.response_topic = Some(response.replace("/slow/", "/other/"));
        }
        client.answer(&other, r#"{"label":"ok","id":1}"#);
        client.answer(&command, "garbage");
        client.publish(&response, r#"{"label":"ok","id":2}"#, false);
        client.answer(&command, r#"{"label":"ok","id":3}"#);
        asking.join().expect("the viewer has panicked")
    });
    assert_eq!(answer.as_deref(), Ok(r#"{"label":"ok","id":3}"#));
}

#[test]
fn offline_device_gets_no_command() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    lamp::publish(&mut client, "slow", 1);
    let gateway = Gateway::start(&broker);
    gateway.expect_state("slow", true, SOON);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask(&gateway, "slow", "p0", "1", Wait::WebSocket));
        client.subscribe("instep/slow/+/set");
        gateway.wait("has sent the command", SOON, |fleet| fleet.counts().commands == 1);
        // The broker is given time to pass it on, so that it counts as sent.
        client.next(SOON);
        let begun = Instant::now();
        client.publish("instep/slow", "offline", true);
        assert_eq!(asking.join().expect("the viewer has panicked"), Err(CommandError::TimedOut));
        assert!(begun.elapsed() < SOON, "it was waited for");
    });
    assert_eq!(ask(&gateway, "slow", "p0", "1", Wait::Request), Err(CommandError::Offline));
    assert_eq!(ask(&gateway, "none", "p0", "1", Wait::Request), Err(CommandError::Unknown));
    broker.kill();
    gateway.wait("is disconnected", BACK, |fleet| !fleet.is_connected());
    assert_eq!(ask(&gateway, "slow", "p0", "1", Wait::Request), Err(CommandError::NoBroker));
}

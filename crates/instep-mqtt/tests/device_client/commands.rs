//! Commands from the broker.

use super::house::House;
use instep_mqtt::packet::PacketError;
use instep_mqtt::{End, Ended};
use mqttbytes::v5::{Packet, Publish};

const ANSWER: &str = "instep/lamp-1/thing/answer/gateway/1";

fn opened() -> House {
    let mut house = House::new();
    house.open();
    house
}

/// Returns the messages that the client has sent.
fn publishes(house: &mut House) -> Vec<Publish> {
    let mut publishes = Vec::new();
    while let Some(packet) = house.next() {
        if let Packet::Publish(message) = packet {
            publishes.push(message);
        }
    }
    publishes
}

fn payloads(house: &mut House) -> Vec<String> {
    house.messages().into_iter().map(|(_, payload, _)| payload).collect()
}

#[test]
fn value_and_frame_are_commands() {
    let mut house = opened();
    for (payload, value) in [
        ("true", "true"),
        (" false ", "false"),
        (r#"{"label":"led","value":true}"#, "true"),
        (r#"{"value":false,"label":"led","id":7}"#, "false"),
        (r#"{"label":"led","value":true,"id":null}"#, ""),
    ] {
        house.publish("instep/lamp-1/led/set", payload);
        let expected =
            if value.is_empty() { vec![] } else { vec![format!(r#"{{"label":"led","value":{value}}}"#)] };
        assert_eq!(payloads(&mut house), expected, "{payload}");
    }
}

/// The answer follows the value that the command has changed.
#[test]
fn answer_goes_to_response_topic() {
    let mut house = opened();
    house.ask("instep/lamp-1/led/set", "true", ANSWER);
    let messages = publishes(&mut house);
    assert_eq!(messages.len(), 2);
    assert_eq!((&*messages[0].topic, messages[0].retain), ("instep/lamp-1/led", true));
    assert_eq!((&*messages[1].topic, messages[1].retain), (ANSWER, false));
    assert_eq!(&messages[1].payload[..], br#"{"label":"ok","id":0}"#);
    let data = messages[1].properties.as_ref().and_then(|properties| properties.correlation_data.clone());
    assert_eq!(data.as_deref(), Some(&b"\x00\xff17"[..]));
}

#[test]
fn answer_has_the_id_of_its_frame() {
    let mut house = opened();
    house.ask("instep/lamp-1/brightness/set", r#"{"label":"brightness","value":13,"id":99}"#, ANSWER);
    house.ask("instep/lamp-1/slow/set", r#"{"label":"slow","id":100,"value":1}"#, ANSWER);
    house.ask("instep/lamp-1/brightness/set", r#"{"label":"brightness","value":101}"#, ANSWER);
    let answers = payloads(&mut house);
    assert!(
        answers[0].starts_with(r#"{"label":"error","id":99,"value":{"code":"refused","name":"brightness""#)
    );
    assert!(
        answers[1].starts_with(r#"{"label":"error","id":100,"value":{"code":"wrong-type""#),
        "{answers:?}"
    );
    assert!(answers[2].starts_with(r#"{"label":"error","id":0,"value":{"code":"out-of-range""#));
    assert_eq!(answers.len(), 3);
}

#[test]
fn wrong_commands_are_refused_and_change_nothing() {
    let mut house = opened();
    for (topic, payload, code) in [
        ("instep/lamp-1/none/set", "true", "unknown"),
        ("instep/lamp-1/a\"b/set", "true", "unknown"),
        ("instep/lamp-1/led/set", "on", "not-json"),
        ("instep/lamp-1/led/set", r#"true,"id":4"#, "not-json"),
        ("instep/lamp-1/led/set", r#"{"label":"brightness","value":1}"#, "wrong-type"),
        ("instep/lamp-1/led/set", "{}", "wrong-type"),
        ("instep/lamp-1/led/set", "1", "wrong-type"),
        ("instep/lamp-1/temperature/set", "1", "read-only"),
        ("instep/lamp-1/said/set", "\"x\"", "read-only"),
        ("instep/lamp-1/led/set", &format!("\"{}\"", "x".repeat(600)), "too-long"),
    ] {
        house.ask(topic, payload, ANSWER);
        let answers = payloads(&mut house);
        assert_eq!(answers.len(), 1, "{payload}");
        let answer: serde_json::Value = serde_json::from_str(&answers[0]).expect("the answer is no JSON");
        assert_eq!(
            (&answer["label"], &answer["value"]["code"]),
            (&"error".into(), &code.into()),
            "{payload}"
        );
        // Without an answer it is refused, too, and its place is free again.
        house.publish(topic, payload);
        assert_eq!(payloads(&mut house), [""; 0], "{payload}");
    }
}

/// Else a device could be made to write anywhere.
#[test]
fn answer_outside_of_own_topics_is_not_given() {
    let mut house = opened();
    for (number, topic) in
        ["instep/other/thing/answer/x", "x", "instep/lamp-1/led", &(ANSWER.to_owned() + &"x".repeat(60))]
            .into_iter()
            .enumerate()
    {
        house.ask("instep/lamp-1/led/set", "true", topic);
        assert_eq!(payloads(&mut house), [r#"{"label":"led","value":true}"#], "{topic}");
        assert_eq!(house.client.ignored().response_topics as usize, number + 1);
    }
}

/// A relay must not click hours after the command.
#[test]
fn stored_command_is_not_done() {
    let mut house = opened();
    house.send(&super::house::message("instep/lamp-1/led/set", "true", None, true));
    assert_eq!(payloads(&mut house), [""; 0]);
    assert_eq!(house.client.ignored().stored_commands, 1);
}

#[test]
fn commands_are_not_taken_where_they_are_off() {
    let mut house = House::with(false, 600);
    house.open();
    house.publish("instep/lamp-1/led/set", "true");
    assert_eq!(payloads(&mut house), [""; 0]);
}

#[test]
fn messages_of_other_devices_are_ignored() {
    let mut house = opened();
    house.publish("instep/lamp-2/led/set", "true");
    house.publish("instep/lamp-2", "offline");
    house.publish("instep/lamp-1/led", r#"{"label":"led","value":true}"#);
    assert_eq!(payloads(&mut house), [""; 0]);
}

#[test]
fn application_that_does_not_answer_is_not_waited_for() {
    let mut house = opened();
    house.ask("instep/lamp-1/slow/set", "", ANSWER);
    house.wait(9_900);
    assert_eq!(payloads(&mut house), [""; 0]);
    // The broker is there all the time.
    house.wait(99);
    house.ping_response();
    house.wait(200);
    assert_eq!(
        payloads(&mut house),
        [r#"{"label":"error","value":{"code":"busy","message":"the application did not answer in time"}}"#]
    );
}

/// A command that nobody waits for gives its place back once the application has it.
#[test]
fn command_without_answer_does_not_keep_its_place() {
    let mut house = opened();
    for _ in 0..5 {
        house.publish("instep/lamp-1/slow/set", "");
        house.wait(110);
    }
    house.publish("instep/lamp-1/led/set", "true");
    assert_eq!(payloads(&mut house), [r#"{"label":"led","value":true}"#]);
}

/// Only commands wait for the application: the broker is known to be there. After 5 s it is too late for them.
#[test]
fn application_that_does_not_receive_gets_nothing_late() {
    let mut house = opened();
    house.running = false;
    house.publish("instep/lamp-1/led/set", "true");
    house.ask("instep/lamp-1/led/set", "true", ANSWER);
    house.wait(4_900);
    assert_eq!(payloads(&mut house), [""; 0]);
    house.wait(200);
    let answers = payloads(&mut house);
    assert!(answers.len() == 1 && answers[0].contains(r#""code":"busy""#), "{answers:?}");
    for _ in 0..3 {
        house.wait(4_900);
        house.ping_response();
        house.wait(5_100);
    }
    assert_eq!(house.client.end(), None);
    house.running = true;
    house.turn();
    assert_eq!(payloads(&mut house), [""; 0]);
}

/// While the application does not receive, nothing is read, and what has waited too long is dropped.
#[test]
fn command_that_has_waited_too_long_is_not_done() {
    let mut house = opened();
    house.running = false;
    for on in [true, false, true] {
        house.publish("instep/lamp-1/led/set", if on { "true" } else { "false" });
    }
    assert_eq!(house.client.end(), None);
    house.wait(16_000);
    assert_eq!(house.client.end(), Some(Ended::Connection(End::Silent)));
    house.running = true;
    house.turn();
    let values = house.open().into_iter().filter(|(topic, ..)| topic == "instep/lamp-1/led");
    assert_eq!(
        values.map(|(_, payload, _)| payload).collect::<Vec<_>>(),
        [r#"{"label":"led","value":false}"#]
    );
}

#[test]
fn garbage_ends_the_connection_with_its_reason() {
    let mut house = opened();
    house.send(&[0x30, 4, 0, 1, b'#', 0]);
    assert_eq!(house.client.end(), Some(Ended::Connection(End::Broken(PacketError::Topic))));
    let Some(Packet::Disconnect(end)) = house.next() else { panic!("not DISCONNECT") };
    assert_eq!(end.reason_code, mqttbytes::v5::DisconnectReasonCode::TopicNameInvalid);
    assert!(house.next().is_none());
}

/// Not even if the broker reads nothing meanwhile, so that nothing can be answered.
#[test]
fn command_is_not_received_late_while_output_is_blocked() {
    let mut house = House::new();
    house.open();
    (house.running, house.blocked) = (false, true);
    house.publish("instep/lamp-1/led/set", "true");
    house.now += 5_000;
    house.turn();
    (house.running, house.blocked) = (true, false);
    house.turn();
    assert!(!house.messages().iter().any(|(_, payload, _)| payload.contains("true")), "it was done late");
}

//! What a device publishes at a broker, and when.

use super::house::{House, Lamp};
use instep_mqtt::Ended;
use mqttbytes::QoS;
use mqttbytes::v5::{ConnAckProperties, Packet};

fn owned(messages: &[(&str, &str, bool)]) -> Vec<(String, String, bool)> {
    messages.iter().map(|(topic, payload, retain)| ((*topic).into(), (*payload).into(), *retain)).collect()
}

#[test]
fn values_come_first_and_then_online() {
    let mut house = House::new();
    let connect = house.connect(ConnAckProperties::new());
    let will = connect.last_will.expect("there is no will");
    assert_eq!((&*will.topic, &will.message[..], will.retain), ("instep/lamp-1", &b"offline"[..], true));
    assert!(connect.clean_session);
    assert_eq!((connect.client_id, connect.keep_alive), ("lamp-1".to_owned(), 10));
    let mut messages = house.messages();
    let (topic, description, retain) = messages.pop().expect("nothing was published");
    assert_eq!((&*topic, retain), ("instep/lamp-1/thing/td", true));
    let description: serde_json::Value = serde_json::from_str(&description).expect("it is no JSON");
    assert_eq!(description["title"], "Lamp \"é\"");
    assert_eq!(description["properties"]["led"]["type"], "boolean");
    assert!(description.get("base").is_none() && description.get("security").is_none());
    let hash = format!("{:016x}", house.client.followed().hash());
    let thing = format!(r#"{{"label":"thing","value":{{"wire":1,"hash":"{hash}","start":"12345678"}}}}"#);
    assert_eq!(
        messages,
        owned(&[
            ("instep/lamp-1/thing", &thing, true),
            ("instep/lamp-1/led", r#"{"label":"led","value":false}"#, true),
            ("instep/lamp-1/brightness", r#"{"label":"brightness","value":50}"#, true),
            ("instep/lamp-1/temperature", r#"{"label":"temperature","value":null}"#, true),
            ("instep/lamp-1", "online", true),
        ])
    );
}

#[test]
fn subscriptions_come_before_online() {
    for commands in [true, false] {
        let mut house = House::with(commands, 600);
        house.connect(ConnAckProperties::new());
        let Some(Packet::Publish(_)) = house.next() else { panic!("the frame thing is not first") };
        let Some(Packet::Subscribe(subscribe)) = house.next() else { panic!("not SUBSCRIBE") };
        let filters: Vec<_> = subscribe.filters.iter().map(|filter| (&*filter.path, filter.qos)).collect();
        let mut expected = vec!["instep/lamp-1", "instep/lamp-1/thing"];
        if commands {
            expected.push("instep/lamp-1/+/set");
        }
        assert_eq!(filters, expected.into_iter().map(|path| (path, QoS::AtMostOnce)).collect::<Vec<_>>());
    }
}

#[test]
fn changes_and_events_come_in_order() {
    let mut house = House::new();
    house.open();
    let lamp = Lamp::new(house.device);
    lamp.led(true);
    lamp.said("one");
    lamp.brightness(7);
    lamp.said("two");
    lamp.led(false);
    house.turn();
    // The first value of `led` is superseded.
    assert_eq!(
        house.messages(),
        owned(&[
            ("instep/lamp-1/said", r#"{"label":"said","value":"one"}"#, false),
            ("instep/lamp-1/brightness", r#"{"label":"brightness","value":7}"#, true),
            ("instep/lamp-1/said", r#"{"label":"said","value":"two"}"#, false),
            ("instep/lamp-1/led", r#"{"label":"led","value":false}"#, true),
        ])
    );
}

/// A new connection is a new client: all values, and no event from before.
#[test]
fn new_connection_begins_anew() {
    let mut house = House::new();
    let first = house.open();
    let lamp = Lamp::new(house.device);
    lamp.said("lost");
    lamp.led(true);
    house.client.abandon();
    house.now += 1_000;
    let second = house.open();
    assert_eq!(first.len(), second.len());
    let led = ("instep/lamp-1/led".to_owned(), r#"{"label":"led","value":true}"#.to_owned(), true);
    assert!(second.contains(&led));
}

#[test]
fn missed_events_are_counted() {
    let mut house = House::new();
    house.open();
    let lamp = Lamp::new(house.device);
    for number in 0..20 {
        lamp.said(number);
    }
    house.turn();
    let messages = house.messages();
    let missed = ("instep/lamp-1/missed".to_owned(), r#"{"label":"missed","value":4}"#.to_owned(), false);
    assert_eq!((messages.len(), &messages[0]), (17, &missed));
    assert_eq!(messages[1].1, r#"{"label":"said","value":"4"}"#);
    assert_eq!(house.device.counts().events_missed, 4);
}

/// The output does not depend on the room for it.
#[test]
fn small_output_changes_nothing() {
    let expected = House::with(true, 5_000).open();
    for room in 130..600 {
        assert_eq!(House::with(true, room).open(), expected, "{room} bytes");
    }
}

#[test]
fn frame_that_broker_does_not_take_is_left_out() {
    let mut house = House::new();
    let mut properties = ConnAckProperties::new();
    properties.max_packet_size = Some(60);
    house.connect(properties);
    let topics: Vec<_> = house.messages().into_iter().map(|(topic, ..)| topic).collect();
    assert_eq!(topics, ["instep/lamp-1/led", "instep/lamp-1"]);
    assert_eq!(house.client.oversized(), 4);
    house.publish("instep/lamp-1/led/set", "true");
    assert_eq!(house.messages().len(), 1);
}

/// The will of the connection before may be published late.
#[test]
fn device_that_hears_itself_offline_says_online_again() {
    let mut house = House::new();
    house.open();
    house.publish("instep/lamp-1", "offline");
    assert_eq!(house.messages(), owned(&[("instep/lamp-1", "online", true)]));
    house.publish("instep/lamp-1", "online");
    assert_eq!(house.messages(), []);
    house.publish("instep/lamp-1", "junk");
    assert_eq!(house.messages(), owned(&[("instep/lamp-1", "online", true)]));
}

#[test]
fn other_device_of_same_id_is_noticed() {
    let mut house = House::new();
    let own = house.open().remove(0).1;
    house.publish("instep/lamp-1/thing", &own);
    assert_eq!(house.client.end(), None);
    // The broker had stored the one of an earlier start.
    house.send(&super::house::message("instep/lamp-1/thing", &own.replace("1234", "4321"), None, true));
    assert_eq!(house.client.end(), None);
    house.publish("instep/lamp-1/thing", &own.replace("1234", "4321"));
    assert_eq!(house.client.end(), Some(Ended::SameId));
    let Some(Packet::Disconnect(end)) = house.next() else { panic!("not DISCONNECT") };
    assert_eq!(end.reason_code, mqttbytes::v5::DisconnectReasonCode::NormalDisconnection);
    assert!(house.client.end().unwrap().to_string().contains("same id"));
}

#[test]
fn junk_in_place_of_the_frame_thing_is_replaced() {
    let mut house = House::new();
    let own = house.open().remove(0);
    for junk in
        ["", "x", r#"{"label":"thing","value":{}}"#, r#"{"label":"thing","value":{"start":"1234567x"}}"#]
    {
        house.publish("instep/lamp-1/thing", junk);
        assert_eq!(house.messages(), std::slice::from_ref(&own), "{junk}");
    }
}

#[test]
fn stopped_device_disconnects_with_its_will() {
    let mut house = House::new();
    house.open();
    house.client.stop();
    house.turn();
    let Some(Packet::Disconnect(end)) = house.next() else { panic!("not DISCONNECT") };
    assert_eq!(end.reason_code, mqttbytes::v5::DisconnectReasonCode::DisconnectWithWillMessage);
}

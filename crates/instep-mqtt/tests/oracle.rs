//! Packets, compared with the crate `mqttbytes`.

use bytes::{Bytes, BytesMut};
use instep_mqtt::packet::{self, Filter, Incoming, Password, PublishHead};
use mqttbytes::QoS;
use mqttbytes::v5::{
    ConnAck, ConnAckProperties, ConnectReturnCode, Disconnect, DisconnectReasonCode, Packet, PingResp,
    Publish, PublishProperties, RetainForwardRule, SubAck, SubAckProperties, SubscribeReasonCode, read,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const MAX: usize = 100_000;

/// Reads a packet of ours with the other implementation.
fn theirs(bytes: &[u8]) -> Packet {
    let mut stream = BytesMut::from(bytes);
    let packet = read(&mut stream, MAX).expect("the oracle does not take our packet");
    assert!(stream.is_empty(), "bytes follow our packet");
    packet
}

/// Reads a packet of the other implementation, which must be `None` at every shorter length.
fn ours(bytes: &[u8]) -> Incoming<'_> {
    for length in 0..bytes.len() {
        assert_eq!(Incoming::read(&bytes[..length], MAX), Ok(None), "{length} of {} bytes", bytes.len());
    }
    let (packet, length) =
        Incoming::read(bytes, MAX).expect("we do not take its packet").expect("it is whole");
    assert_eq!(length, bytes.len());
    // What follows is not looked at.
    let followed = [bytes, &[0xff; 5]].concat();
    assert_eq!(Incoming::read(&followed, MAX).map(|read| read.map(|(_, length)| length)), Ok(Some(length)));
    packet
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äß🙂/]{1,40}"
}

fn user_properties() -> impl Strategy<Value = Vec<(String, String)>> {
    vec((text(), text()), 0..3)
}

fn publish_properties() -> impl Strategy<Value = PublishProperties> {
    let data = option::of(vec(any::<u8>(), 0..40));
    let ids = vec(1_usize..268_435_455, 0..3);
    let formats = (option::of(0_u8..2), option::of(any::<u32>()), option::of(text()));
    (formats, option::of(text()), data, user_properties(), ids).prop_map(
        |(formats, response, data, user, ids)| PublishProperties {
            payload_format_indicator: formats.0,
            message_expiry_interval: formats.1,
            topic_alias: None,
            response_topic: response,
            correlation_data: data.map(Bytes::from),
            user_properties: user,
            subscription_identifiers: ids,
            content_type: formats.2,
        },
    )
}

fn conn_ack_properties() -> impl Strategy<Value = ConnAckProperties> {
    let numbers =
        (option::of(any::<u32>()), option::of(1_u16..), option::of(1_u32..), option::of(any::<u16>()));
    let flags = vec(option::of(0_u8..2), 5);
    let texts = vec(option::of(text()), 5);
    (numbers, flags, texts, user_properties(), option::of(any::<u16>())).prop_map(
        |(numbers, flags, mut texts, user_properties, server_keep_alive)| ConnAckProperties {
            session_expiry_interval: numbers.0,
            receive_max: numbers.1,
            max_qos: flags[0],
            retain_available: flags[1],
            max_packet_size: numbers.2,
            assigned_client_identifier: texts[0].take(),
            topic_alias_max: numbers.3,
            reason_string: texts[1].take(),
            user_properties,
            wildcard_subscription_available: flags[2],
            subscription_identifiers_available: flags[3],
            shared_subscription_available: flags[4],
            server_keep_alive,
            response_information: texts[2].take(),
            server_reference: texts[3].take(),
            authentication_method: texts[4].take(),
            authentication_data: None,
        },
    )
}

proptest! {
    #[test]
    fn connect_is_read(
        id in text(),
        keep_alive in any::<u16>(),
        maximum_packet_size in 1_u32..,
        // The oracle takes an empty user name for none.
        login in option::of((text(), text())),
        will in option::of((text(), text(), text())),
    ) {
        let topic = will.as_ref().map(|(one, two, _)| [&**one, "/", two]);
        let connect = packet::Connect {
            client_id: &id,
            keep_alive,
            maximum_packet_size,
            user: login.as_ref().map(|(user, _)| &**user),
            password: login.as_ref().map(|(_, password)| Password(password)),
            will: will.as_ref().zip(topic.as_ref()).map(|(will, topic)| (&topic[..], &*will.2)),
        };
        let mut out = [0; 600];
        let length = connect.write(&mut out).unwrap();
        for shorter in 0..length {
            prop_assert_eq!(connect.write(&mut out[..shorter]), None);
        }
        let Packet::Connect(read) = theirs(&out[..length]) else { panic!("not CONNECT") };
        prop_assert_eq!((read.client_id, read.keep_alive, read.clean_session), (id, keep_alive, true));
        prop_assert_eq!(read.properties.unwrap().max_packet_size, Some(maximum_packet_size));
        prop_assert_eq!(read.login.map(|login| (login.username, login.password)), login);
        let read = read.last_will.map(|will| (will.topic, will.message, will.qos, will.retain));
        let wanted = will.map(|(one, two, payload)| (one + "/" + &two, Bytes::from(payload), QoS::AtMostOnce, true));
        prop_assert_eq!(read, wanted);
    }

    #[test]
    fn publish_is_read(
        topic in vec(text(), 1..4),
        retain in any::<bool>(),
        data in option::of(vec(any::<u8>(), 0..200)),
        payload in vec(any::<u8>(), 0..300),
    ) {
        let parts: Vec<&str> = topic.iter().map(|part| &**part).collect();
        let head =
            PublishHead { topic: &parts, retain, correlation_data: data.as_deref(), payload: payload.len() };
        let mut out = [0; 1_200];
        let length = head.write(&mut out).unwrap();
        for shorter in 0..length {
            prop_assert_eq!(head.write(&mut out[..shorter]), None);
        }
        let packet = [&out[..length], &payload].concat();
        prop_assert_eq!(head.packet_length(), Some(packet.len()));
        let Packet::Publish(read) = theirs(&packet) else { panic!("not PUBLISH") };
        prop_assert_eq!((read.topic, read.retain, read.qos), (topic.concat(), retain, QoS::AtMostOnce));
        prop_assert_eq!(&read.payload[..], &payload[..]);
        let read = read.properties.and_then(|properties| properties.correlation_data);
        prop_assert_eq!(read.as_deref(), data.as_deref());
        // A broker passes such a packet on, so it is read here, too.
        let Incoming::Publish(read) = ours(&packet) else { panic!("not PUBLISH") };
        prop_assert_eq!((read.topic, read.retain, read.payload), (&*topic.concat(), retain, &payload[..]));
    }

    #[test]
    fn publish_with_expiry_is_read(
        topic in vec(text(), 1..4),
        retain in any::<bool>(),
        expiry_seconds in any::<u32>(),
        response in option::of((vec(text(), 1..4), vec(any::<u8>(), 0..200))),
        payload in vec(any::<u8>(), 0..300),
    ) {
        let parts = |parts: &[String]| -> Vec<&'static str> {
            parts.iter().map(|part| &*String::leak(part.clone())).collect()
        };
        let (topic_parts, response_parts) = (parts(&topic), response.as_ref().map(|(topic, _)| parts(topic)));
        let head = packet::ExpiringHead {
            topic: &topic_parts,
            retain,
            expiry_seconds,
            response: response_parts.as_deref().zip(response.as_ref().map(|(_, data)| &data[..])),
            payload: payload.len(),
        };
        let mut out = [0; 1_600];
        let length = head.write(&mut out).unwrap();
        for shorter in 0..length {
            prop_assert_eq!(head.write(&mut out[..shorter]), None);
        }
        let packet = [&out[..length], &payload].concat();
        prop_assert_eq!(head.packet_length(), Some(packet.len()));
        let Packet::Publish(read) = theirs(&packet) else { panic!("not PUBLISH") };
        prop_assert_eq!((read.topic, read.retain, &read.payload[..]), (topic.concat(), retain, &payload[..]));
        let properties = read.properties.unwrap();
        prop_assert_eq!(properties.message_expiry_interval, Some(expiry_seconds));
        let (response, data) = response.map(|(topic, data)| (topic.concat(), data)).unzip();
        prop_assert_eq!((properties.response_topic, properties.correlation_data.map(Into::into)), (response, data));
    }

    #[test]
    fn subscribe_is_read(id in 1_u16.., filters in vec((text(), any::<[bool; 2]>()), 1..6)) {
        let topics: Vec<[&str; 2]> = filters.iter().map(|(topic, _)| [&**topic, "/+/set"]).collect();
        let ours: Vec<Filter<'_>> = topics
            .iter()
            .zip(&filters)
            .map(|(topic, (_, [retained, as_published]))| Filter {
                topic,
                retained: *retained,
                as_published: *as_published,
            })
            .collect();
        let mut out = [0; 1_200];
        let length = packet::write_subscribe(id, &ours, &mut out).unwrap();
        for shorter in 0..length {
            prop_assert_eq!(packet::write_subscribe(id, &ours, &mut out[..shorter]), None);
        }
        let Packet::Subscribe(read) = theirs(&out[..length]) else { panic!("not SUBSCRIBE") };
        prop_assert_eq!(read.pkid, id);
        prop_assert_eq!(read.filters.len(), filters.len());
        for (read, (topic, [retained, as_published])) in read.filters.into_iter().zip(filters) {
            let rule = if retained { RetainForwardRule::OnEverySubscribe } else { RetainForwardRule::Never };
            prop_assert_eq!(read.path, topic + "/+/set");
            prop_assert_eq!((read.retain_forward_rule, read.qos), (rule, QoS::AtMostOnce));
            prop_assert_eq!((read.nolocal, read.preserve_retain), (false, as_published));
        }
    }

    #[test]
    fn conn_ack_of_broker_is_read(
        refused in any::<bool>(),
        session_present in any::<bool>(),
        properties in conn_ack_properties(),
    ) {
        let code = if refused { ConnectReturnCode::NotAuthorized } else { ConnectReturnCode::Success };
        // Without properties the oracle leaves out their length, which the standard does not allow.
        let answer = ConnAck { session_present, code, properties: Some(properties.clone()) };
        let mut bytes = BytesMut::new();
        answer.write(&mut bytes).unwrap();
        let Incoming::ConnAck(read) = ours(&bytes) else { panic!("not CONNACK") };
        prop_assert_eq!(read.reason.is_error(), refused);
        prop_assert_eq!(read.keep_alive, properties.server_keep_alive);
        prop_assert_eq!(read.maximum_packet_size, properties.max_packet_size.unwrap_or(u32::MAX));
        prop_assert_eq!(read.retain_available, properties.retain_available != Some(0));
        prop_assert_eq!(read.wildcard_available, properties.wildcard_subscription_available != Some(0));
    }

    #[test]
    fn publish_of_broker_is_read(
        topic in text(),
        retain in any::<bool>(),
        properties in option::of(publish_properties()),
        payload in vec(any::<u8>(), 0..300),
    ) {
        let mut message = Publish::new(&*topic, QoS::AtMostOnce, payload.clone());
        (message.retain, message.properties) = (retain, properties.clone());
        let mut bytes = BytesMut::new();
        message.write(&mut bytes).unwrap();
        let Incoming::Publish(read) = ours(&bytes) else { panic!("not PUBLISH") };
        prop_assert_eq!((read.topic, read.retain, read.payload), (&*topic, retain, &payload[..]));
        let (response, data) = properties.map_or((None, None), |of| (of.response_topic, of.correlation_data));
        prop_assert_eq!((read.response_topic, read.correlation_data), (response.as_deref(), data.as_deref()));
    }

    #[test]
    fn sub_ack_of_broker_is_read(id in 1_u16.., refused in vec(any::<bool>(), 1..6), reason in option::of(text())) {
        let codes = refused.iter().map(|refused| match refused {
            true => SubscribeReasonCode::NotAuthorized,
            false => SubscribeReasonCode::QoS0,
        });
        let mut answer = SubAck::new(id, codes.collect());
        answer.properties =
            Some(SubAckProperties { reason_string: reason, user_properties: vec![("a".into(), "b".into())] });
        let mut bytes = BytesMut::new();
        answer.write(&mut bytes).unwrap();
        let Incoming::SubAck(read) = ours(&bytes) else { panic!("not SUBACK") };
        prop_assert_eq!(read.packet_id, id);
        prop_assert_eq!(read.reasons().map(packet::ReasonCode::is_error).collect::<Vec<_>>(), refused);
    }
}

#[test]
fn other_packets_of_broker_are_read() {
    let mut bytes = BytesMut::new();
    PingResp.write(&mut bytes).unwrap();
    assert_eq!(ours(&bytes), Incoming::PingResp);
    for (code, reason) in
        [(DisconnectReasonCode::NormalDisconnection, 0), (DisconnectReasonCode::SessionTakenOver, 0x8e)]
    {
        let mut end = Disconnect::new();
        end.reason_code = code;
        let mut bytes = BytesMut::new();
        end.write(&mut bytes).unwrap();
        assert_eq!(ours(&bytes), Incoming::Disconnect(packet::ReasonCode(reason)));
    }
}

#[test]
fn other_packets_to_broker_are_read() {
    assert_eq!(theirs(&packet::PINGREQ), Packet::PingReq);
    let Packet::Disconnect(end) = theirs(&packet::disconnect(packet::ReasonCode::DISCONNECT_WITH_WILL))
    else {
        panic!("not DISCONNECT");
    };
    assert_eq!(end.reason_code, DisconnectReasonCode::DisconnectWithWillMessage);
}

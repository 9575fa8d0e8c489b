//! A gateway as the client of a broker, in one thread and on a virtual clock.

use bytes::BytesMut;
use instep::Instant;
use instep_mqtt::{ConnectionOptions, DeviceId, End, Ended, GatewayClient, Heard, Message, Sent};
use instep_proto::delivery::{FixedBuffer, Outgoing};
use mqttbytes::QoS;
use mqttbytes::v5::{
    ConnAck, ConnAckProperties, ConnectReturnCode, Packet, PingResp, Publish, PublishProperties,
    RetainForwardRule, read,
};

const LED: &str = r#"{"label":"led","value":true}"#;
const PACKET_MAX: usize = 2_000;
/// Payload of the first mark of a connection.
const MARK: &str = "\0\0\0\x01";

struct Gateway {
    client: GatewayClient<'static>,
    /// What was heard, as text.
    heard: Vec<String>,
    now: u64,
}

impl Gateway {
    fn new() -> Self {
        let id = Box::leak(Box::new(DeviceId::new("gw-1").unwrap()));
        let options =
            ConnectionOptions { prefix: "instep", id, user: None, password: None, packet_max: PACKET_MAX };
        Self { client: GatewayClient::new(Instant::default(), options), heard: Vec::new(), now: 0 }
    }

    /// Returns an open connection whose subscriptions are sent, with the packets that the gateway has sent.
    fn open(properties: ConnAckProperties) -> (Self, Vec<Packet>) {
        let mut gateway = Self::new();
        let mut packets = gateway.sent(&[]).0;
        let answer = ConnAck {
            session_present: false,
            code: ConnectReturnCode::Success,
            properties: Some(properties),
        };
        let mut bytes = BytesMut::new();
        answer.write(&mut bytes).unwrap();
        gateway.hear(&bytes);
        packets.extend(gateway.sent(&[]).0);
        (gateway, packets)
    }

    /// Returns a connection over which everything was heard.
    fn complete() -> Self {
        let (mut gateway, packets) = Self::open(ConnAckProperties::new());
        gateway.hear(&returned(&mark(&packets)));
        gateway
    }

    /// Lets pass 5 s several times, each of which brings marks, which come back.
    fn return_marks(&mut self, times: usize) {
        for _ in 0..times {
            let packets = self.after_5_s();
            assert!(!packets.is_empty());
            for packet in packets {
                let Packet::Publish(mark) = packet else { panic!("{packet:?}") };
                self.hear(&returned(&mark));
            }
        }
    }

    /// Returns what was heard beside messages.
    fn steps(&self) -> Vec<&str> {
        let is_step = |heard: &&str| ["opened", "anew", "complete"].contains(heard);
        self.heard.iter().map(|heard| &**heard).filter(is_step).collect()
    }

    fn hear(&mut self, input: &[u8]) -> usize {
        let heard = &mut self.heard;
        self.client.receive(Instant::from_millis(self.now), input, &mut |said| heard.push(shown(said)))
    }

    /// Returns what the gateway sends 5 s later beside pings, which are answered.
    fn after_5_s(&mut self) -> Vec<Packet> {
        let mut packets = Vec::new();
        for _ in 0..10 {
            self.now += 500;
            self.hear(&message("instep/lamp/led", LED, true, None));
            for packet in self.sent(&[]).0 {
                if packet == Packet::PingReq {
                    let mut answer = BytesMut::new();
                    PingResp.write(&mut answer).unwrap();
                    self.hear(&answer);
                } else {
                    packets.push(packet);
                }
            }
        }
        packets
    }

    /// Returns what the gateway sends, with these messages.
    fn sent(&mut self, messages: &[Message<'_>]) -> (Vec<Packet>, Vec<Sent>) {
        let now = Instant::from_millis(self.now);
        let (mut scratch, mut unsent) = ([0; 1_000], FixedBuffer::new(vec![0; 800].leak()));
        let mut out = Outgoing::load(&mut scratch, &mut unsent, 800);
        let mut sent = Vec::new();
        if self.client.transmit(now, &mut out) {
            sent.extend(messages.iter().map(|message| self.client.publish(now, message, &mut out)));
        }
        let mut stream = BytesMut::new();
        out.flush(None, &mut 0, &mut |bytes| {
            stream.extend_from_slice(bytes);
            bytes.len()
        });
        let packets = std::iter::from_fn(|| (!stream.is_empty()).then(|| read(&mut stream, 10_000).unwrap()));
        (packets.collect(), sent)
    }
}

/// Returns the mark among the packets.
fn mark(packets: &[Packet]) -> Publish {
    let marks = packets.iter().filter_map(|packet| match packet {
        Packet::Publish(mark) if mark.topic == "instep/gw-1/thing/answer/gw-1/reply" => Some(mark.clone()),
        _ => None,
    });
    marks.last().unwrap_or_else(|| panic!("no mark: {packets:?}"))
}

/// Returns the bytes of a mark that comes back.
fn returned(mark: &Publish) -> BytesMut {
    message(&mark.topic, &mark.payload, false, None)
}

fn shown(heard: Heard<'_>) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    match heard {
        Heard::Opened => "opened".into(),
        Heard::Anew => "anew".into(),
        Heard::Complete => "complete".into(),
        Heard::State { id, online } => format!("{id} {online}"),
        Heard::Value { id, name, frame } => format!("{id} {name} {}", text(frame)),
        Heard::Answer { id, number, frame } => format!("{id} {number} {}", text(frame)),
        other => format!("{other:?}"),
    }
}

fn properties(number: Option<&'static [u8]>) -> PublishProperties {
    PublishProperties {
        payload_format_indicator: None,
        message_expiry_interval: Some(5),
        topic_alias: None,
        response_topic: None,
        correlation_data: number.map(Into::into),
        user_properties: Vec::new(),
        subscription_identifiers: Vec::new(),
        content_type: None,
    }
}

fn message(topic: &str, payload: impl AsRef<[u8]>, retain: bool, number: Option<&'static [u8]>) -> BytesMut {
    let mut message = Publish::new(topic, QoS::AtMostOnce, payload.as_ref());
    (message.retain, message.properties) = (retain, Some(properties(number)));
    let mut bytes = BytesMut::new();
    message.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn gateway_subscribes_to_all_devices_and_says_so_to_itself() {
    let (mut gateway, packets) = Gateway::open(ConnAckProperties::new());
    let [Packet::Connect(connect), Packet::Subscribe(subscribe), Packet::Publish(marker)] = &packets[..]
    else {
        panic!("{packets:?}");
    };
    assert_eq!((&*connect.client_id, connect.clean_session, &connect.last_will), ("gw-1", true, &None));
    let filters: Vec<&str> = subscribe.filters.iter().map(|filter| &*filter.path).collect();
    assert_eq!(
        filters,
        [
            "instep/+/thing/answer/gw-1/reply",
            "instep/gateway/+/+",
            "instep/+/thing",
            "instep/+/+",
            "instep/+/thing/td",
            "instep/+"
        ]
    );
    for filter in &subscribe.filters {
        assert!(filter.preserve_retain && filter.qos == QoS::AtMostOnce, "{filter:?}");
        assert_eq!(filter.retain_forward_rule, RetainForwardRule::OnEverySubscribe);
    }
    assert_eq!((&*marker.topic, marker.retain), ("instep/gw-1/thing/answer/gw-1/reply", false));
    assert_eq!(gateway.heard, ["opened"]);
    // The same again, once it has come back.
    let ask = |gateway: &mut Gateway| {
        let (mut scratch, mut unsent) = ([0; 1_000], FixedBuffer::new(vec![0; 800].leak()));
        let mut out = Outgoing::load(&mut scratch, &mut unsent, 800);
        let is_asked = gateway.client.ask_again(Instant::from_millis(gateway.now), &mut out);
        let mut stream = BytesMut::new();
        out.flush(None, &mut 0, &mut |bytes| {
            stream.extend_from_slice(bytes);
            bytes.len()
        });
        is_asked.then(|| read(&mut stream, 10_000).expect("no packet"))
    };
    assert_eq!(ask(&mut gateway), None);
    gateway.hear(&returned(marker));
    assert_eq!(ask(&mut gateway), Some(Packet::Subscribe(subscribe.clone())));
}

#[test]
fn messages_are_heard_however_they_are_split() {
    let number = Some(&[0, 0, 0, 0, 0, 0, 0, 9][..]);
    let all = [
        message("instep/lamp/led", LED, true, None),
        message("instep/lamp/led/set", "true", false, None),
        message("instep/lamp", "online", true, None),
        message("instep/gw-1/thing/answer/gw-1/reply", MARK, false, None),
        // A second one is not the end of anything, nor is one that was never sent.
        message("instep/gw-1/thing/answer/gw-1/reply", MARK, false, None),
        message("instep/gw-1/thing/answer/gw-1/reply", "\0\0\x01\0", false, None),
        message("instep/lamp/thing/answer/gw-1/reply", "{}", false, number),
    ]
    .concat();
    let led = format!("lamp led {LED}");
    for step in 1..all.len() {
        let (mut gateway, _) = Gateway::open(ConnAckProperties::new());
        let (mut begin, mut end) = (0, 0);
        while end < all.len() {
            end = (end + step).min(all.len());
            begin += gateway.hear(&all[begin..end]);
        }
        assert_eq!(gateway.heard, ["opened", &led, "lamp true", "complete", "lamp 9 {}"], "by {step}");
        assert_eq!((begin, gateway.client.ignored()), (all.len(), 1));
    }
}

/// A broker that drops the message to itself may have dropped values, or lets a gateway write nothing below its own id.
#[test]
fn broker_that_drops_the_mark_is_asked_again_and_then_counts_as_heard() {
    let (mut gateway, packets) = Gateway::open(ConnAckProperties::new());
    assert!(matches!(packets[..], [Packet::Connect(_), Packet::Subscribe(_), Packet::Publish(_)]));
    for attempt in 1..=3 {
        for _ in 0..5 {
            assert_eq!(gateway.after_5_s(), [], "attempt {attempt}");
        }
        assert!(!gateway.heard.iter().any(|heard| heard == "complete"), "attempt {attempt}");
        match &gateway.after_5_s()[..] {
            [Packet::Subscribe(_), Packet::Publish(_)] if attempt < 3 => {}
            [] if attempt == 3 => {}
            other => panic!("attempt {attempt}: {other:?}"),
        }
    }
    assert_eq!(gateway.heard.last().map(|heard| &**heard), Some("complete"));
}

#[test]
fn mark_that_comes_back_later_ends_it() {
    let (mut gateway, packets) = Gateway::open(ConnAckProperties::new());
    let first = mark(&packets);
    let packets: Vec<_> = (0..6).flat_map(|_| gateway.after_5_s()).collect();
    let [Packet::Subscribe(_), Packet::Publish(second)] = &packets[..] else { panic!("{packets:?}") };
    // It was sent before everything was asked for again.
    gateway.hear(&returned(&first));
    assert!(!gateway.heard.iter().any(|heard| heard == "complete"));
    gateway.hear(&returned(second));
    assert_eq!(gateway.heard.last().map(|heard| &**heard), Some("complete"));
    gateway.return_marks(20);
    assert_eq!(gateway.steps(), ["opened", "complete"]);
}

#[test]
fn broker_that_drops_a_later_mark_is_asked_for_everything_once() {
    let mut gateway = Gateway::complete();
    gateway.return_marks(8);
    let _dropped = mark(&gateway.after_5_s());
    let next = mark(&gateway.after_5_s());
    gateway.hear(&returned(&next));
    assert_eq!(gateway.steps(), ["opened", "complete", "anew"]);
    let (packets, _) = gateway.sent(&[]);
    let [Packet::Subscribe(_), Packet::Publish(again)] = &packets[..] else { panic!("{packets:?}") };
    gateway.hear(&returned(again));
    gateway.return_marks(20);
    assert_eq!(gateway.steps(), ["opened", "complete", "anew", "complete"]);
}

/// It sent no marks meanwhile.
#[test]
fn gateway_that_stood_still_asks_for_everything() {
    let mut gateway = Gateway::complete();
    gateway.return_marks(2);
    gateway.now += 4_000;
    gateway.hear(&[]);
    let (late, _) = gateway.sent(&[]);
    assert!(matches!(&late[..], [Packet::Publish(_)]), "{late:?}");
    gateway.hear(&[]);
    assert_eq!(gateway.sent(&[]).0, [], "the broker would drop the answer, too");
    gateway.hear(&returned(&mark(&late)));
    assert!(matches!(&gateway.sent(&[]).0[..], [Packet::Subscribe(_), Packet::Publish(_)]));
    assert_eq!(gateway.steps(), ["opened", "complete", "anew"]);
}

#[test]
fn broker_that_drops_messages_all_the_time_is_asked_every_30_s() {
    let mut gateway = Gateway::complete();
    let mut asked = Vec::new();
    for is_dropped in [true, false, true, false, false].into_iter().cycle().take(60) {
        let packets = gateway.after_5_s();
        if packets.iter().any(|packet| matches!(packet, Packet::Subscribe(_))) {
            asked.push(gateway.now);
        }
        if !is_dropped && !packets.is_empty() {
            gateway.hear(&returned(&mark(&packets)));
        }
    }
    assert!(asked.len() >= 5, "{asked:?} {:?} {:?}", gateway.client, gateway.steps());
    assert!(asked.array_windows().all(|[before, after]| after - before >= 30_000), "{asked:?}");
}

/// The rights of the gateway may have changed, or too much waits for it all the time.
#[test]
fn marks_that_come_back_no_more_are_tried_now_and_then() {
    let mut gateway = Gateway::complete();
    let asked = |packets: &[Packet]| packets.iter().any(|packet| matches!(packet, Packet::Subscribe(_)));
    let count = (0..60).filter(|_| asked(&gateway.after_5_s())).count();
    assert_eq!(count, 3);
    assert_eq!(gateway.steps(), ["opened", "complete", "anew", "complete"]);
    let mut packets = Vec::new();
    while packets.is_empty() {
        packets = gateway.after_5_s();
    }
    gateway.hear(&returned(&mark(&packets)));
    assert!((0..8).any(|_| asked(&gateway.after_5_s())), "a mark came back, so marks are of use again");
}

#[test]
fn command_has_an_expiry_and_asks_for_its_answer() {
    let (mut gateway, _) = Gateway::open(ConnAckProperties::new());
    let lamp = DeviceId::new("lamp").unwrap();
    let command = Message::Command { id: &lamp, name: "led", payload: b"true", number: 0x0102 };
    let notice = Message::Notice { name: "ended/1", payload: b"x", expiry_seconds: 60 };
    let (packets, sent) = gateway.sent(&[command, notice]);
    assert_eq!(sent, [Sent::Written, Sent::Written]);
    let [Packet::Publish(command), Packet::Publish(notice)] = &packets[..] else { panic!("{packets:?}") };
    assert_eq!(
        (&*command.topic, command.retain, &command.payload[..]),
        ("instep/lamp/led/set", false, &b"true"[..])
    );
    let properties = command.properties.as_ref().unwrap();
    assert_eq!(properties.message_expiry_interval, Some(5));
    assert_eq!(properties.response_topic.as_deref(), Some("instep/lamp/thing/answer/gw-1/reply"));
    assert_eq!(properties.correlation_data.as_deref(), Some(&[0, 0, 0, 0, 0, 0, 1, 2][..]));
    assert_eq!((&*notice.topic, notice.retain), ("instep/gateway/ended/1", true));
    assert_eq!(notice.properties.as_ref().unwrap().message_expiry_interval, Some(60));
}

#[test]
fn message_waits_for_room_or_is_too_long() {
    let (mut gateway, _) =
        Gateway::open(ConnAckProperties { max_packet_size: Some(600), ..ConnAckProperties::new() });
    let lamp = DeviceId::new("lamp").unwrap();
    let command = |payload| Message::Command { id: &lamp, name: "label", payload, number: 1 };
    let (half, over) = (vec![b'1'; 400], vec![b'1'; 600]);
    let (packets, sent) = gateway.sent(&[command(&half), command(&half), command(&over)]);
    assert_eq!(sent, [Sent::Written, Sent::NoRoom, Sent::TooLong]);
    assert_eq!(packets.len(), 1);
}

#[test]
fn nothing_is_published_before_the_broker_has_accepted() {
    let mut gateway = Gateway::new();
    let lamp = DeviceId::new("lamp").unwrap();
    let command = Message::Command { id: &lamp, name: "led", payload: b"true", number: 1 };
    let (packets, sent) = gateway.sent(&[command]);
    assert!(matches!(&packets[..], [Packet::Connect(_)]) && sent.is_empty(), "{packets:?}");
    gateway.now = 5_000;
    gateway.hear(&[]);
    assert_eq!(gateway.client.end(), Some(Ended::Connection(End::NotOpened)));
    gateway.client.begin(Instant::from_millis(gateway.now));
    assert_eq!(gateway.client.end(), None);
    assert!(matches!(&gateway.sent(&[]).0[..], [Packet::Connect(_)]));
}

#[test]
fn stop_disconnects() {
    let (mut gateway, _) = Gateway::open(ConnAckProperties::new());
    gateway.client.stop();
    let (packets, _) = gateway.sent(&[]);
    assert!(matches!(&packets[..], [Packet::Disconnect(_)]), "{packets:?}");
    assert_eq!((gateway.client.end(), gateway.client.is_open()), (Some(Ended::Stopped), false));
}

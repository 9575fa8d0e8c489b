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

    /// Returns what was heard beside messages.
    fn steps(&self) -> Vec<&str> {
        let is_step = |heard: &&str| ["opened", "resync", "complete", "incomplete"].contains(heard);
        self.heard.iter().map(|heard| &**heard).filter(is_step).collect()
    }

    fn hear(&mut self, input: &[u8]) -> usize {
        let heard = &mut self.heard;
        self.client.receive(Instant::from_millis(self.now), input, &mut |said| heard.push(shown(said)))
    }

    /// Lets time pass, in which marks come back if `comes_back` says so, and returns the times of the questions for everything, in s.
    ///
    /// Pings are answered. If the broker `is_busy`, values come all the time.
    fn run(&mut self, seconds: u64, is_busy: bool, mut comes_back: impl FnMut(u32) -> bool) -> Vec<u64> {
        let (end, mut questions) = (self.now + seconds * 1_000, Vec::new());
        while self.now < end {
            self.now += 500;
            let mut input = BytesMut::new();
            if is_busy {
                input.extend(message("instep/lamp/led", LED, true, None));
            }
            for packet in self.sent(&[]).0 {
                match packet {
                    Packet::Subscribe(_) => questions.push(self.now / 1_000),
                    Packet::PingReq => PingResp.write(&mut input).map(drop).unwrap(),
                    Packet::Publish(mark) if comes_back(number(&mark)) => input.extend(returned(&mark)),
                    Packet::Publish(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            self.hear(&input);
        }
        questions
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

fn number(mark: &Publish) -> u32 {
    u32::from_be_bytes((&*mark.payload).try_into().expect("it is no mark"))
}

/// Returns the bytes of a mark that comes back.
fn returned(mark: &Publish) -> BytesMut {
    message(&mark.topic, &mark.payload, false, None)
}

fn shown(heard: Heard<'_>) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    match heard {
        Heard::Opened => "opened".into(),
        Heard::Resync => "resync".into(),
        Heard::Incomplete => "incomplete".into(),
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

/// The broker may drop all marks, or let a gateway write nothing below its own id.
#[test]
fn broker_that_drops_all_marks_is_asked_three_times() {
    for (is_busy, questions) in [(false, [30, 61]), (true, [90, 181])] {
        let (mut gateway, _) = Gateway::open(ConnAckProperties::new());
        assert_eq!(gateway.run(600, is_busy, |_| false), questions);
        assert_eq!(gateway.steps(), ["opened", "incomplete"]);
    }
}

/// The mark is behind all that the broker has stored, which may take a while.
#[test]
fn long_answer_is_asked_for_once() {
    let (mut gateway, packets) = Gateway::open(ConnAckProperties::new());
    assert_eq!(gateway.run(70, true, |_| false), []);
    for number in 1..=number(&mark(&packets)) {
        gateway.hear(&message("instep/gw-1/thing/answer/gw-1/reply", number.to_be_bytes(), false, None));
    }
    assert_eq!(gateway.steps(), ["opened", "complete"]);
}

/// A mark that was sent before the broker was asked again shows as much.
#[test]
fn mark_of_an_earlier_question_ends_it() {
    let (mut gateway, packets) = Gateway::open(ConnAckProperties::new());
    assert_eq!(gateway.run(40, false, |_| false), [30]);
    gateway.hear(&returned(&mark(&packets)));
    assert_eq!(gateway.steps(), ["opened", "complete"]);
}

#[test]
fn broker_that_drops_a_later_mark_is_asked_for_everything_once() {
    let mut gateway = Gateway::complete();
    assert_eq!(gateway.run(300, true, |number| number != 20), [21]);
    assert_eq!(gateway.steps(), ["opened", "complete", "resync", "complete"]);
}

/// It sent no marks meanwhile.
#[test]
fn stalled_gateway_asks_for_everything_once_marks_come_back() {
    let mut gateway = Gateway::complete();
    assert_eq!(gateway.run(10, true, |_| true), []);
    gateway.now += 4_000;
    assert_eq!(gateway.run(20, true, |number| number > 14), [19]);
    assert_eq!(gateway.steps(), ["opened", "complete", "resync", "complete"]);
}

#[test]
fn broker_that_drops_messages_all_the_time_is_asked_ever_less() {
    let mut gateway = Gateway::complete();
    let questions = gateway.run(3_000, true, |number| number % 5 > 0);
    let pauses: Vec<_> = questions.array_windows().map(|[before, after]| after - before).collect();
    for (pause, least) in pauses.iter().zip([30, 60, 120, 240, 480, 480]) {
        assert!((least..=least + 5).contains(pause), "{pauses:?}");
    }
    assert!(pauses.len() > 5, "{pauses:?}");
}

/// The rights of the gateway may have changed, or too much waits for it all the time.
#[test]
fn marks_that_come_back_no_more_are_tried_now_and_then() {
    let mut gateway = Gateway::complete();
    assert_eq!(gateway.run(600, false, |_| false), [31, 62, 92]);
    assert_eq!(gateway.steps(), ["opened", "complete", "resync", "incomplete"]);
    assert_eq!(gateway.run(60, false, |_| true).len(), 1, "marks are of use again");
    assert_eq!(gateway.steps(), ["opened", "complete", "resync", "incomplete", "resync", "complete"]);
}

#[test]
fn broker_that_is_silent_for_30_s_is_asked_once() {
    let mut gateway = Gateway::complete();
    assert_eq!(gateway.run(120, false, |number| !(3..34).contains(&number)).len(), 1);
    assert_eq!(gateway.steps(), ["opened", "complete", "resync", "complete"]);
}

/// A stored message is said with each answer, before what follows.
#[test]
fn stored_mark_shows_nothing() {
    let (mut gateway, packets) = Gateway::open(ConnAckProperties::new());
    let mark = mark(&packets);
    gateway.hear(&message(&mark.topic, &mark.payload, true, None));
    assert_eq!(gateway.steps(), ["opened"]);
    gateway.hear(&returned(&mark));
    assert_eq!(gateway.steps(), ["opened", "complete"]);
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

//! A device with an application, its client, and a broker that takes everything, in one thread and on a virtual clock.

use bytes::{Bytes, BytesMut};
use instep::broker::Followed;
use instep::driver::{Buffer, Follower, Memory, RingEntry, SlotIndex, SlotMemory, TableEntry};
use instep::{App, Device, Inbox, Instant, Limits};
use instep_mqtt::{ConnectionOptions, DeviceClient, DeviceId, DeviceOptions};
use instep_proto::delivery::{FixedBuffer, Outgoing};
use mqttbytes::QoS;
use mqttbytes::v5::{
    ConnAck, ConnAckProperties, ConnectReturnCode, Packet, PingResp, Publish, PublishProperties, read,
};
use std::pin::Pin;
use std::task::{Context, Waker};

/// Maximum number of commands that wait for the application.
pub const PENDING: usize = 2;

instep::thing! {
    pub Lamp: "Lamp \"é\"", commands Command {
        led => Led: switch { title: "Light" },
        brightness => Brightness: number { title: "Brightness", min: 0, max: 100, step: 1, unit: "%" },
        slow => Slow: button { title: "Slow" },
        temperature: sensor { title: "Temperature", unit: "°C", precision: 1 },
        said: event { title: "Said" },
    }
}

pub const APP: App = App::new("lamp", "A lamp").thing(&Lamp::THING);

/// The application, which never answers `slow`.
async fn run(device: &'static Device, mut inbox: Inbox<'static>) {
    let lamp = Lamp::new(device);
    lamp.led(false);
    lamp.brightness(50);
    lamp.temperature(None);
    loop {
        match lamp.recv(&mut inbox).await {
            (Command::Led(on), _) => lamp.led(on),
            (Command::Brightness(13.0), responder) => responder.refuse("it brings bad luck"),
            (Command::Brightness(percent), _) => lamp.brightness(percent),
            (Command::Slow, responder) => {
                let _ = responder.defer();
            }
        }
    }
}

/// The device, its client and the broker.
pub struct House {
    pub device: &'static Device,
    pub client: DeviceClient<'static, PENDING>,
    application: Pin<Box<dyn Future<Output = ()>>>,
    pub now: u64,
    /// What the client has sent and the broker has not read.
    stream: BytesMut,
    /// What the broker has sent and the client has not read.
    input: Vec<u8>,
    /// The length of the output buffer.
    pub room: usize,
    pub running: bool,
    /// Whether the broker reads nothing.
    pub blocked: bool,
}

impl House {
    pub fn new() -> Self {
        Self::with(true, 600)
    }

    pub fn with(commands: bool, room: usize) -> Self {
        Self::with_options(commands, false, room)
    }

    /// Tells Home Assistant of the device.
    pub fn with_discovery(room: usize) -> Self {
        Self::with_options(true, true, room)
    }

    fn with_options(commands: bool, discovery: bool, room: usize) -> Self {
        let device = Box::leak(Box::new(Device::new(memory(), Limits::DEVICE)));
        device.set_boot_id(0x1234_5678);
        let inbox = device.inbox(Buffer::grown(Limits::DEVICE.message)).expect("the inbox is free");
        let app = Box::leak(Box::new(APP));
        let followed = Followed::new(app, device, 0).expect("the application has a Thing");
        let id = Box::leak(Box::new(DeviceId::new("lamp-1").expect("the id is valid")));
        let connection =
            ConnectionOptions { prefix: "instep", id, user: None, password: None, packet_max: 800 };
        let options = DeviceOptions { connection, commands, discovery, page: Some("http://lamp.local/") };
        let client = DeviceClient::new(Instant::default(), followed, options);
        let application = Box::pin(run(device, inbox));
        let (stream, input) = (BytesMut::new(), Vec::new());
        let mut house =
            Self { device, client, application, now: 0, stream, input, room, running: true, blocked: false };
        house.turn();
        house
    }

    /// Opens a connection, and returns CONNECT.
    pub fn connect(&mut self, properties: ConnAckProperties) -> mqttbytes::v5::Connect {
        self.stream.clear();
        self.input.clear();
        self.client.begin(Instant::from_millis(self.now));
        self.turn();
        let Some(Packet::Connect(connect)) = self.next() else { panic!("not CONNECT") };
        let answer = ConnAck {
            session_present: false,
            code: ConnectReturnCode::Success,
            properties: Some(properties),
        };
        let mut bytes = BytesMut::new();
        answer.write(&mut bytes).expect("cannot write CONNACK");
        self.send(&bytes);
        connect
    }

    /// Opens a connection, and lets the client publish everything.
    pub fn open(&mut self) -> Vec<(String, String, bool)> {
        self.connect(ConnAckProperties::new());
        self.messages()
    }

    /// Gives turns to the client and the application until nothing changes.
    pub fn turn(&mut self) {
        let now = Instant::from_millis(self.now);
        loop {
            if self.running {
                let mut context = Context::from_waker(Waker::noop());
                let _ = self.application.as_mut().poll(&mut context);
            }
            let used = self.client.receive(now, &self.input);
            self.input.drain(..used);
            let mut scratch = vec![0; self.room];
            let mut unsent = FixedBuffer::new(vec![0; self.room].leak());
            let mut out = Outgoing::load(&mut scratch, &mut unsent, self.room);
            if !self.blocked {
                self.client.transmit(now, &mut out);
            }
            let mut sent = 0;
            out.flush(None, &mut 0, &mut |bytes| {
                self.stream.extend_from_slice(bytes);
                sent += bytes.len();
                bytes.len()
            });
            if used + sent == 0 {
                break;
            }
        }
    }

    /// Lets time pass, with a turn whenever the client asks for one, and answers its pings.
    pub fn wait(&mut self, millis: u64) {
        let end = self.now + millis;
        loop {
            let due = self.client.wake_at(Instant::from_millis(self.now)).as_millis();
            assert!(due > self.now, "the client asks for a turn that changes nothing");
            self.now = due.min(end);
            self.turn();
            if self.now == end {
                return;
            }
        }
    }

    /// Passes bytes of the broker to the client.
    pub fn send(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        self.turn();
    }

    pub fn ping_response(&mut self) {
        let mut bytes = BytesMut::new();
        PingResp.write(&mut bytes).expect("cannot write PINGRESP");
        self.send(&bytes);
    }

    /// Sends a message to the client.
    pub fn publish(&mut self, topic: &str, payload: &str) {
        self.send(&message(topic, payload, None, false));
    }

    /// Sends a command that asks for an answer.
    pub fn ask(&mut self, topic: &str, payload: &str, response_topic: &str) {
        self.send(&message(topic, payload, Some(response_topic), false));
    }

    /// Returns the next packet of the client.
    pub fn next(&mut self) -> Option<Packet> {
        if self.stream.is_empty() {
            return None;
        }
        Some(read(&mut self.stream, 100_000).expect("the client sends no MQTT"))
    }

    /// Returns the messages of the client, each with its topic, its payload and whether it is retained.
    ///
    /// Other packets are left out.
    pub fn messages(&mut self) -> Vec<(String, String, bool)> {
        let mut messages = Vec::new();
        while let Some(packet) = self.next() {
            if let Packet::Publish(message) = packet {
                let text = String::from_utf8(message.payload.to_vec()).expect("a payload is not UTF-8");
                messages.push((message.topic, text, message.retain));
            }
        }
        messages
    }
}

/// Returns a message of the broker.
pub fn message(topic: &str, payload: &str, response_topic: Option<&str>, retain: bool) -> BytesMut {
    let mut message = Publish::new(topic, QoS::AtMostOnce, payload);
    message.retain = retain;
    message.properties = response_topic.map(|topic| PublishProperties {
        payload_format_indicator: None,
        message_expiry_interval: Some(5),
        topic_alias: None,
        response_topic: Some(topic.to_owned()),
        correlation_data: Some(Bytes::from_static(b"\x00\xff17")),
        user_properties: Vec::new(),
        subscription_identifiers: Vec::new(),
        content_type: None,
    });
    let mut bytes = BytesMut::new();
    message.write(&mut bytes).expect("cannot write PUBLISH");
    bytes
}

fn memory() -> Memory {
    let limits = Limits::DEVICE;
    let (topics, block, slots) = (APP.topic_count(), limits.frame + 10, 4);
    let slot =
        || SlotMemory::new(Buffer::grown(limits.message), Buffer::grown(limits.outbox), limits.replies);
    Memory {
        topics: vec![TableEntry::default(); topics].leak(),
        topic_storage: vec![0; block * (topics + 1)].leak(),
        events: vec![RingEntry::default(); limits.events].leak(),
        event_storage: vec![0; block * (limits.events + 1)].leak(),
        slots: (0..slots).map(|_| slot()).collect::<Vec<_>>().leak(),
        followers: vec![Follower::new(vec![SlotIndex::FIRST; slots].leak())].leak(),
        requests: 3,
        backlog: false,
        thing: APP.as_thing(),
        history: Vec::new().leak(),
        recorders: Vec::new().leak(),
        inbox_queue: vec![SlotIndex::FIRST; slots].leak(),
        waiting_queue: vec![SlotIndex::FIRST; slots].leak(),
    }
}

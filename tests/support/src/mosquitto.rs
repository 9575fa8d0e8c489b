//! The broker mosquitto on a port of its own, and a small client for tests.

use crate::{Folder, SOON, find, free_addr, target, wait_until};
use bytes::BytesMut;
use mqttbytes::QoS;
use mqttbytes::v5::{
    Connect, Login, Packet, Publish, PublishProperties, RetainForwardRule, Subscribe, SubscribeFilter, read,
};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Maximum length of a packet, in bytes.
const PACKET_MAX: usize = 2 << 20;
/// Number of ports that are tried.
const PORTS: usize = 5;

/// Mosquitto, which ends when dropped.
pub struct Mosquitto {
    process: Option<Child>,
    /// The address at which it listens.
    pub addr: SocketAddr,
    /// The folder of its configuration.
    pub folder: Folder,
}

impl Mosquitto {
    /// Starts the broker, which lets everybody do everything.
    ///
    /// Reports a missing mosquitto.
    pub fn start() -> Option<Self> {
        Self::with("allow_anonymous true\n", &[])
    }

    /// Starts the broker with these lines in its configuration and these files in its folder.
    ///
    /// `FOLDER` in the lines stands for that folder.
    pub fn with(lines: &str, files: &[(&str, &[u8])]) -> Option<Self> {
        find("mosquitto")?;
        let folder = Folder::with("mosquitto", files);
        // As root it would change to a user that cannot read the folder.
        let lines = lines.replace("FOLDER", &folder.file(""));
        let mut broker = Self { process: None, addr: free_addr(), folder };
        for _ in 0..PORTS {
            let port = broker.addr.port();
            let configuration = format!("user root\nlistener {port} 127.0.0.1\n{lines}\n");
            broker.folder.write("mosquitto.conf", configuration);
            if broker.listens() {
                return Some(broker);
            }
            // Another process has taken the port meanwhile.
            broker.addr = free_addr();
        }
        panic!("mosquitto does not start with\n{lines}");
    }

    /// Starts the broker that was killed, at the same address.
    pub fn restart(&mut self) {
        assert!(self.listens(), "mosquitto ends at once");
    }

    /// Starts the process, and returns whether it listens.
    fn listens(&mut self) -> bool {
        let program = find("mosquitto").expect("mosquitto was there before");
        let mut command = Command::new(program);
        command.arg("-c").arg(self.folder.join("mosquitto.conf")).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = self.process.insert(command.spawn().expect("cannot start mosquitto"));
        let mut has_ended = false;
        let is_decided = || {
            has_ended = process.try_wait().expect("cannot read the state").is_some();
            has_ended || TcpStream::connect(self.addr).is_ok()
        };
        wait_until(3 * SOON, is_decided, || "mosquitto does not listen");
        !has_ended
    }

    /// Ends the process at once.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Stops the process (SIGSTOP), as if the network was cut, or resumes it.
    pub fn freeze(&self, frozen: bool) {
        let process = self.process.as_ref().expect("mosquitto has ended");
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        kill_process(Pid::from_child(process), signal).expect("cannot send a signal");
    }

    /// Returns the URL at which the device reaches the broker.
    pub fn url(&self) -> String {
        url_of(self.addr)
    }

    /// Connects a client without a user.
    pub fn client(&self) -> Client {
        Client::connect(self.addr, None)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the URL of a broker at this address of this machine, as the device reaches it.
pub fn url_of(addr: SocketAddr) -> String {
    format!("mqtt://{}:{}", target().here, addr.port())
}

/// Returns a file of passwords for mosquitto.
pub fn passwords(users: &[(&str, &str)]) -> Option<Vec<u8>> {
    let folder = Folder::new("passwords");
    let file = folder.file("passwords");
    for (user, password) in users {
        let mut command = Command::new(find("mosquitto_passwd")?);
        command.arg("-b");
        if !folder.join("passwords").exists() {
            command.arg("-c");
        }
        let done = command.args([&*file, *user, *password]).output().expect("cannot run mosquitto_passwd");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    Some(fs::read(file).expect("cannot read the passwords"))
}

/// Client of the broker, independent of the one under test.
pub struct Client {
    stream: TcpStream,
    input: BytesMut,
    waiting: Vec<Publish>,
}

impl Client {
    /// Connects, as this user with this password.
    #[track_caller]
    pub fn connect(addr: SocketAddr, login: Option<(&str, &str)>) -> Self {
        let stream = TcpStream::connect(addr).expect("cannot connect to the broker");
        let mut client = Self { stream, input: BytesMut::new(), waiting: Vec::new() };
        let mut connect =
            Connect::new(format!("test-{}", client.stream.local_addr().expect("no address").port()));
        // The client sends no pings.
        (connect.clean_session, connect.keep_alive) = (true, 0);
        connect.login = login.map(|(user, password)| Login::new(user, password));
        client.send(|out| connect.write(out));
        let answer = client.packet(SOON).expect("the broker does not answer");
        assert!(matches!(&answer, Packet::ConnAck(answer) if answer.code as u8 == 0), "{answer:?}");
        client
    }

    /// Subscribes, and waits for the answer.
    #[track_caller]
    pub fn subscribe(&mut self, filter: &str) {
        let mut filters = SubscribeFilter::new(filter.into(), QoS::AtMostOnce);
        // Live messages have the flag that they were sent with.
        filters.set_preserve_retain(true).set_retain_forward_rule(RetainForwardRule::OnEverySubscribe);
        let subscribe = Subscribe { pkid: 1, filters: vec![filters], properties: None };
        self.send(|out| subscribe.write(out));
        let end = Instant::now() + SOON;
        loop {
            match self.packet(end - Instant::now()).expect("the broker does not answer") {
                Packet::SubAck(_) => return,
                Packet::Publish(message) => self.waiting.push(message),
                _ => {}
            }
        }
    }

    /// Publishes a message.
    pub fn publish(&mut self, topic: &str, payload: impl AsRef<[u8]>, retain: bool) {
        self.publish_with(topic, payload, retain, None);
    }

    /// Publishes a message that asks for an answer at this topic.
    pub fn ask(&mut self, topic: &str, payload: &str, response_topic: &str) {
        let properties = PublishProperties {
            payload_format_indicator: None,
            message_expiry_interval: Some(5),
            topic_alias: None,
            response_topic: Some(response_topic.into()),
            correlation_data: Some(b"17".to_vec().into()),
            user_properties: Vec::new(),
            subscription_identifiers: Vec::new(),
            content_type: None,
        };
        self.publish_with(topic, payload, false, Some(properties));
    }

    /// Publishes a message with this Response Topic, which may be none that the standard allows.
    pub fn publish_with_response_topic(
        &mut self,
        topic: &str,
        payload: &str,
        retain: bool,
        response_topic: &str,
    ) {
        let properties = PublishProperties {
            payload_format_indicator: Some(0),
            message_expiry_interval: None,
            topic_alias: None,
            response_topic: Some(response_topic.into()),
            correlation_data: None,
            user_properties: Vec::new(),
            subscription_identifiers: Vec::new(),
            content_type: None,
        };
        self.publish_with(topic, payload, retain, Some(properties));
    }

    /// Publishes the answer to a command, if it asks for one.
    pub fn answer(&mut self, command: &Publish, payload: &str) {
        let Some(asked) = &command.properties else { return };
        let Some(topic) = &asked.response_topic else { return };
        let properties =
            PublishProperties { response_topic: None, message_expiry_interval: None, ..asked.clone() };
        self.publish_with(topic, payload, false, Some(properties));
    }

    fn publish_with(
        &mut self,
        topic: &str,
        payload: impl AsRef<[u8]>,
        retain: bool,
        properties: Option<PublishProperties>,
    ) {
        let mut message = Publish::new(topic, QoS::AtMostOnce, payload.as_ref());
        // Without any property the oracle leaves out their length, which the standard does not allow.
        message.properties = Some(properties.unwrap_or(PublishProperties {
            payload_format_indicator: None,
            message_expiry_interval: Some(5),
            topic_alias: None,
            response_topic: None,
            correlation_data: None,
            user_properties: Vec::new(),
            subscription_identifiers: Vec::new(),
            content_type: None,
        }));
        if retain && let Some(properties) = &mut message.properties {
            properties.message_expiry_interval = None;
            properties.payload_format_indicator = Some(0);
        }
        message.retain = retain;
        self.send(|out| message.write(out));
    }

    /// Returns the next message.
    pub fn next(&mut self, within: Duration) -> Option<Publish> {
        if !self.waiting.is_empty() {
            return Some(self.waiting.remove(0));
        }
        let end = Instant::now() + within;
        while let Some(packet) = self.packet(end.checked_duration_since(Instant::now())?) {
            if let Packet::Publish(message) = packet {
                return Some(message);
            }
        }
        None
    }

    /// Waits for a message with this payload at this topic.
    #[track_caller]
    pub fn expect(&mut self, topic: &str, payload: &str) -> Publish {
        self.expect_within(topic, payload, 3 * SOON)
    }

    /// Waits as long as this for a message with this payload at this topic.
    #[track_caller]
    pub fn expect_within(&mut self, topic: &str, payload: &str, within: Duration) -> Publish {
        let end = Instant::now() + within;
        let mut seen = Vec::new();
        while let Some(message) = end.checked_duration_since(Instant::now()).and_then(|left| self.next(left))
        {
            let text = String::from_utf8_lossy(&message.payload).into_owned();
            if message.topic == topic && text == payload {
                return message;
            }
            seen.push(format!("{} {text:.80}", message.topic));
        }
        panic!("no {payload} at {topic}; there were\n{}", seen.join("\n"));
    }

    /// Returns the messages until none has come for a while, each with its topic and its payload.
    pub fn all(&mut self, pause: Duration) -> Vec<(String, String)> {
        std::iter::from_fn(|| self.next(pause))
            .map(|message| (message.topic, String::from_utf8_lossy(&message.payload).into_owned()))
            .collect()
    }

    fn send<E: std::fmt::Debug>(&mut self, write: impl FnOnce(&mut BytesMut) -> Result<usize, E>) {
        let mut out = BytesMut::new();
        write(&mut out).expect("cannot write a packet");
        self.stream.write_all(&out).expect("cannot send to the broker");
    }

    fn packet(&mut self, within: Duration) -> Option<Packet> {
        let end = Instant::now() + within;
        loop {
            match read(&mut self.input, PACKET_MAX) {
                Ok(packet) => return Some(packet),
                Err(mqttbytes::Error::InsufficientBytes(_)) => {}
                Err(error) => panic!("the broker sends no MQTT: {error:?}"),
            }
            let left = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            self.stream.set_read_timeout(Some(left)).expect("cannot set the timeout");
            let mut part = [0; 65_536];
            match self.stream.read(&mut part) {
                Ok(0) => return None,
                Ok(length) => self.input.extend_from_slice(&part[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return None;
                }
                Err(error) => panic!("cannot read from the broker: {error}"),
            }
        }
    }
}

//! State of one connection to a broker: opening, keep-alive, end.

use crate::packet::{
    ConnAck, Connect, Incoming, PINGREQ, PacketError, Publish, ReasonCode, SubAck, disconnect,
};
use core::fmt::{self, Display};
use instep::Instant;
use instep_proto::delivery::Outgoing;

/// Maximum time without a packet in either direction before a PINGREQ, in seconds.
pub const KEEP_ALIVE_SECONDS: u16 = 10;
/// Timeout of a CONNACK and of a PINGRESP, in ms.
pub const ANSWER_TIMEOUT_MS: u64 = 5_000;

/// Connection to a broker, without a socket and without a clock.
///
/// It subscribes and publishes with QoS 0 only, so it has no queue, and no packet is sent twice.
#[derive(Debug)]
pub struct Connection {
    phase: Phase,
    /// The maximum length of a packet from the broker, in bytes.
    packet_max: usize,
    keep_alive_ms: u64,
    /// The time of the last packet from the broker.
    heard_at: Instant,
    /// The time of the last packet to the broker.
    sent_at: Instant,
    /// The time of a PINGREQ without a PINGRESP.
    pinged_at: Option<Instant>,
    /// Whether each packet shows that the broker is there, however old it is.
    any_age: bool,
    accepted: ConnAck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// CONNECT has not been written.
    New,
    /// CONNACK has not arrived.
    Opening,
    Open,
    /// The broker has ended it, or broken the protocol.
    Failed,
    Ended,
}

/// What a packet from the broker means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'p> {
    /// The broker has accepted the client.
    Opened(ConnAck),
    /// A message.
    Message(Publish<'p>),
    /// An answer to SUBSCRIBE.
    Subscribed(SubAck<'p>),
    /// A packet that the caller need not look at, such as a PINGRESP.
    Alive,
}

/// End of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The broker does not accept the client.
    Refused(ReasonCode),
    /// The broker has disconnected.
    Disconnected(ReasonCode),
    /// The broker sent something that is not MQTT 5.
    Broken(PacketError),
    /// The broker did not answer CONNECT in time.
    NotOpened,
    /// The broker did not answer PINGREQ in time, or the client was stopped for that long.
    Silent,
}

impl Connection {
    /// Creates the connection, once the transport is there.
    ///
    /// The broker sends no packet above `packet_max` bytes.
    pub fn new(now: Instant, packet_max: usize) -> Self {
        Self {
            phase: Phase::New,
            packet_max,
            keep_alive_ms: u64::from(KEEP_ALIVE_SECONDS) * 1_000,
            heard_at: now,
            sent_at: now,
            pinged_at: None,
            any_age: false,
            accepted: ConnAck {
                reason: ReasonCode::SUCCESS,
                keep_alive: None,
                maximum_packet_size: u32::MAX,
                retain_available: true,
                wildcard_available: true,
            },
        }
    }

    /// Takes packets of any age, so that only a broker that sends nothing at all is silent.
    ///
    /// This is for a client that reads much and does nothing because of it: the answer to its PINGREQ may come behind all of that.
    #[must_use]
    pub fn with_any_age(self) -> Self {
        Self { any_age: true, ..self }
    }

    /// Returns whether the broker has accepted the client, and the connection has not ended.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Returns the maximum length of a packet to the broker, in bytes.
    pub fn send_max(&self) -> usize {
        usize::try_from(self.accepted.maximum_packet_size).unwrap_or(usize::MAX)
    }

    /// Takes the packet at the front of `input`, and returns its meaning and its length.
    ///
    /// Returns `None` if no packet has arrived as a whole. What has been sent too long ago is not taken, because it may be too late
    /// for it: then the connection ends first.
    ///
    /// # Errors
    /// If the connection has ended.
    pub fn receive<'i>(&mut self, now: Instant, input: &'i [u8]) -> Result<Option<(Event<'i>, usize)>, End> {
        self.check_time(now)?;
        match self.take(now, input) {
            Ok(taken) => Ok(taken),
            Err(end) => {
                self.phase = Phase::Failed;
                Err(end)
            }
        }
    }

    /// Ends the connection if the broker has been silent for too long.
    ///
    /// # Errors
    /// If it has.
    pub fn check_time(&mut self, now: Instant) -> Result<(), End> {
        if now < self.deadline() {
            return Ok(());
        }
        let end = if self.phase == Phase::Open { End::Silent } else { End::NotOpened };
        self.phase = Phase::Ended;
        Err(end)
    }

    /// Adds CONNECT or PINGREQ if one is due.
    ///
    /// Returns whether the connection is open, so that the caller may add packets of its own. Without room nothing is added.
    pub fn transmit(&mut self, now: Instant, connect: &Connect<'_>, out: &mut Outgoing<'_>) -> bool {
        match self.phase {
            Phase::New => {
                if let Some(length) = connect.write(out.spare_mut()) {
                    out.commit(length);
                    (self.phase, self.heard_at) = (Phase::Opening, now);
                }
            }
            Phase::Open if now >= self.ping_at() && out.push(&PINGREQ) => {
                (self.sent_at, self.pinged_at) = (now, Some(now));
            }
            Phase::Opening | Phase::Open | Phase::Failed | Phase::Ended => {}
        }
        self.is_open()
    }

    /// Notes that the caller has sent a packet.
    pub fn note_sent(&mut self, now: Instant) {
        self.sent_at = now;
    }

    /// Ends the connection with a DISCONNECT, if there is room for it.
    pub fn disconnect(&mut self, reason: ReasonCode, out: &mut Outgoing<'_>) {
        if matches!(self.phase, Phase::Opening | Phase::Open | Phase::Failed) {
            // Without room the broker sees the end of the transport.
            let _ = out.push(&disconnect(reason));
        }
        self.phase = Phase::Ended;
    }

    /// Returns the time at which the connection needs attention without input.
    pub fn wake_at(&self) -> Instant {
        if self.is_open() { self.deadline().min(self.ping_at()) } else { self.deadline() }
    }

    /// Returns the time at which the silence of the broker ends the connection.
    fn deadline(&self) -> Instant {
        match self.phase {
            Phase::Failed | Phase::Ended => Instant::NEVER,
            // A CONNECT that finds no room ends like one that is not answered.
            Phase::New | Phase::Opening => self.heard_at.after(ANSWER_TIMEOUT_MS),
            Phase::Open => {
                let pinged = self.pinged_at.map_or(Instant::NEVER, |at| at.after(ANSWER_TIMEOUT_MS));
                // A client that was stopped has sent no PINGREQ.
                self.heard_at.after(self.keep_alive_ms + ANSWER_TIMEOUT_MS).min(pinged)
            }
        }
    }

    fn ping_at(&self) -> Instant {
        if self.pinged_at.is_some() {
            return Instant::NEVER;
        }
        self.heard_at.min(self.sent_at).after(self.keep_alive_ms)
    }

    fn take<'i>(&mut self, now: Instant, input: &'i [u8]) -> Result<Option<(Event<'i>, usize)>, End> {
        let read = Incoming::read(input, self.packet_max).map_err(End::Broken)?;
        let Some((packet, length)) = read else { return Ok(None) };
        let event = match (self.phase, packet) {
            (Phase::Opening, Incoming::ConnAck(answer)) => {
                if answer.reason.is_error() {
                    return Err(End::Refused(answer.reason));
                }
                if let Some(seconds) = answer.keep_alive.filter(|seconds| *seconds > 0) {
                    self.keep_alive_ms = self.keep_alive_ms.min(u64::from(seconds) * 1_000);
                }
                (self.phase, self.sent_at, self.heard_at, self.accepted) = (Phase::Open, now, now, answer);
                Event::Opened(answer)
            }
            (Phase::Open, Incoming::Publish(message)) => {
                if self.any_age {
                    self.heard_at = now;
                    self.pinged_at = self.pinged_at.map(|_| now);
                }
                Event::Message(message)
            }
            (Phase::Open, Incoming::SubAck(answer)) => Event::Subscribed(answer),
            (Phase::Open, Incoming::UnsubAck(_)) => Event::Alive,
            (Phase::Open, Incoming::PingResp) => {
                // Only this answer shows how old the input is, because other packets may have waited in the socket. What comes after
                // it may have been sent right after the PINGREQ.
                if let Some(at) = self.pinged_at.take() {
                    self.heard_at = at;
                }
                Event::Alive
            }
            (Phase::Open, Incoming::Disconnect(reason)) => return Err(End::Disconnected(reason)),
            _ => return Err(End::Broken(PacketError::Unexpected)),
        };
        Ok(Some((event, length)))
    }
}

impl End {
    /// Returns the reason of the DISCONNECT that reports this end to the broker.
    ///
    /// Returns `None` if the broker is not told.
    pub const fn report(self) -> Option<ReasonCode> {
        match self {
            Self::Broken(error) => Some(error.reason_code()),
            Self::Refused(_) | Self::Disconnected(_) | Self::NotOpened | Self::Silent => None,
        }
    }
}

/// The cause, and what to do.
impl Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(ReasonCode::BAD_USER_NAME_OR_PASSWORD | ReasonCode::NOT_AUTHORIZED) => {
                f.write_str("it refused the user name or the password; correct them, or allow this user in the broker")
            }
            Self::Refused(ReasonCode::UNSUPPORTED_PROTOCOL_VERSION) | Self::Broken(PacketError::Version) => {
                f.write_str("it does not speak MQTT 5; use a broker that does, such as mosquitto from 1.6 on")
            }
            Self::Refused(ReasonCode::PACKET_TOO_LARGE) => {
                f.write_str("it takes only smaller packets; raise its maximum packet size")
            }
            Self::Refused(reason) => write!(f, "it refused the connection: {reason}; see the broker's log"),
            Self::Disconnected(ReasonCode::SESSION_TAKEN_OVER) => {
                f.write_str("another device has connected with the same id; give each device an id of its own")
            }
            Self::Disconnected(ReasonCode::PACKET_TOO_LARGE) => {
                f.write_str("it takes only smaller packets; raise its maximum packet size")
            }
            Self::Disconnected(reason) => write!(f, "it disconnected: {reason}; see the broker's log"),
            // The text of the error is for programmers, and would take flash.
            Self::Broken(error) => {
                let reason = error.reason_code();
                write!(f, "it sent what it must not: {reason}; check that the address is that of an MQTT broker")
            }
            Self::NotOpened => {
                f.write_str("it accepted the connection and said nothing; check that the address is that of an MQTT broker")
            }
            Self::Silent => f.write_str("it did not answer for too long; check the network and the broker"),
        }
    }
}

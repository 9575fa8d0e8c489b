//! One connection over time: opening, keep-alive, end.

use instep::Instant;
use instep_mqtt::packet::{Connect, PacketError, Password, ReasonCode};
use instep_mqtt::{Connection, End, Event};
use instep_proto::delivery::{FixedBuffer, Outgoing};

const CONNACK: [u8; 5] = [0x20, 3, 0, 0, 0];
const PINGREQ: [u8; 2] = [0xc0, 0];
const PINGRESP: [u8; 2] = [0xd0, 0];
const CONNECT: Connect<'_> = Connect {
    client_id: "lamp",
    keep_alive: 10,
    maximum_packet_size: 1_000,
    user: None,
    password: None,
    will: None,
};

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// Returns what the connection sends.
fn sent(connection: &mut Connection, now: u64) -> Vec<u8> {
    with_output(|out| {
        connection.transmit(at(now), &CONNECT, out);
    })
}

fn with_output(act: impl FnOnce(&mut Outgoing<'_>)) -> Vec<u8> {
    let (mut scratch, mut unsent) = ([0; 200], FixedBuffer::new(vec![0; 100].leak()));
    let mut out = Outgoing::load(&mut scratch, &mut unsent, 100);
    act(&mut out);
    let mut bytes = Vec::new();
    out.flush(None, &mut 0, &mut |part| {
        bytes.extend_from_slice(part);
        part.len()
    });
    bytes
}

fn open() -> Connection {
    let mut connection = Connection::new(at(0), 1_000);
    assert_eq!(sent(&mut connection, 0)[0], 0x10);
    assert!(matches!(connection.receive(at(0), &CONNACK), Ok(Some((Event::Opened(_), 5)))));
    connection
}

#[test]
fn broker_that_says_nothing_is_left() {
    let mut connection = Connection::new(at(0), 1_000);
    assert_eq!(connection.wake_at(), at(5_000));
    sent(&mut connection, 100);
    assert_eq!(connection.wake_at(), at(5_100));
    assert_eq!(connection.receive(at(5_099), &[]), Ok(None));
    assert_eq!(connection.receive(at(5_100), &CONNACK), Err(End::NotOpened));
    assert!(!connection.is_open());
}

#[test]
fn silent_broker_is_pinged_and_then_left() {
    let mut connection = open();
    assert_eq!(connection.wake_at(), at(10_000));
    assert_eq!(sent(&mut connection, 9_999), []);
    assert_eq!(sent(&mut connection, 10_000), PINGREQ);
    assert_eq!(sent(&mut connection, 10_001), []);
    assert_eq!(connection.receive(at(10_100), &PINGRESP), Ok(Some((Event::Alive, 2))));
    // What came after the PINGRESP may have been sent at 10,000.
    assert_eq!(sent(&mut connection, 20_000), PINGREQ);
    assert_eq!(connection.wake_at(), at(25_000));
    assert_eq!(connection.check_time(at(24_999)), Ok(()));
    assert_eq!(connection.check_time(at(25_000)), Err(End::Silent));
}

/// Messages that nobody acknowledges do not show that the broker is there.
#[test]
fn client_that_only_publishes_pings() {
    let mut connection = open();
    for now in (0..10_000).step_by(500) {
        connection.note_sent(at(now));
        assert_eq!(sent(&mut connection, now), []);
    }
    assert_eq!(sent(&mut connection, 10_000), PINGREQ);
}

/// A broker whose messages come without a pause waits for a packet of the client.
#[test]
fn client_that_only_receives_pings() {
    let mut connection = open();
    let message = [0x30, 4, 0, 1, b'a', 0];
    for now in (0..10_000).step_by(500) {
        assert!(matches!(connection.receive(at(now), &message), Ok(Some((Event::Message(_), 6)))));
        assert_eq!(sent(&mut connection, now), []);
    }
    assert_eq!(sent(&mut connection, 10_000), PINGREQ);
}

/// Packets may have waited in the socket, however many come, so only the answer to a PINGREQ shows that input is new.
#[test]
fn client_that_reads_late_pings_and_then_leaves() {
    let mut connection = open();
    let message = [0x30, 4, 0, 1, b'a', 0];
    for now in (0..10_000).step_by(500) {
        assert!(matches!(connection.receive(at(now), &message), Ok(Some((Event::Message(_), 6)))));
        connection.note_sent(at(now));
    }
    assert_eq!(sent(&mut connection, 10_000), PINGREQ);
    assert!(connection.receive(at(14_999), &message).is_ok());
    connection.note_sent(at(14_999));
    assert_eq!(connection.receive(at(15_000), &message), Err(End::Silent));
}

/// A client that reads for longer than the broker may be silent: the answer to its PINGREQ comes behind all that it reads.
#[test]
fn client_of_any_age_reads_as_long_as_something_comes() {
    let mut connection = open().with_any_age();
    let message = [0x30, 4, 0, 1, b'a', 0];
    for now in (0..60_000).step_by(500) {
        assert!(matches!(connection.receive(at(now), &message), Ok(Some((Event::Message(_), 6)))), "{now}");
        sent(&mut connection, now);
    }
    assert_eq!(connection.check_time(at(64_499)), Ok(()));
    assert_eq!(connection.check_time(at(64_500)), Err(End::Silent));
}

/// A command that has waited in the socket meanwhile is dropped with it.
#[test]
fn client_that_was_stopped_takes_nothing_late() {
    let mut connection = open();
    let message = [0x30, 4, 0, 1, b'a', 0];
    assert_eq!(connection.receive(at(15_000), &message), Err(End::Silent));
    assert_eq!(connection.receive(at(15_001), &message), Err(End::Broken(PacketError::Unexpected)));
}

#[test]
fn broker_shortens_the_keep_alive() {
    let mut connection = Connection::new(at(0), 1_000);
    sent(&mut connection, 0);
    // Server Keep Alive 4.
    assert!(connection.receive(at(0), &[0x20, 6, 0, 0, 3, 0x13, 0, 4]).is_ok());
    assert_eq!(sent(&mut connection, 4_000), PINGREQ);
    // A longer one, and none at all, do not count.
    for seconds in [0, 60] {
        let mut connection = Connection::new(at(0), 1_000);
        sent(&mut connection, 0);
        assert!(connection.receive(at(0), &[0x20, 6, 0, 0, 3, 0x13, 0, seconds]).is_ok());
        assert_eq!(connection.wake_at(), at(10_000));
    }
}

#[test]
fn ends_of_broker_have_their_reasons() {
    let mut connection = Connection::new(at(0), 1_000);
    sent(&mut connection, 0);
    let refusal = connection.receive(at(0), &[0x20, 3, 0, 0x87, 0]);
    assert_eq!(refusal, Err(End::Refused(ReasonCode::NOT_AUTHORIZED)));
    let end = open().receive(at(0), &[0xe0, 1, 0x8e]);
    assert_eq!(end, Err(End::Disconnected(ReasonCode::SESSION_TAKEN_OVER)));
    let end = open().receive(at(0), &CONNACK);
    assert_eq!(end, Err(End::Broken(PacketError::Unexpected)));
    assert_eq!(end.unwrap_err().report(), Some(ReasonCode::PROTOCOL_ERROR));
}

#[test]
fn message_before_the_answer_is_an_error() {
    let mut connection = Connection::new(at(0), 1_000);
    sent(&mut connection, 0);
    let early = connection.receive(at(0), &[0x30, 4, 0, 1, b'a', 0]);
    assert_eq!(early, Err(End::Broken(PacketError::Unexpected)));
}

#[test]
fn disconnect_is_sent_once() {
    let mut connection = open();
    let bytes = with_output(|out| {
        connection.disconnect(ReasonCode::DISCONNECT_WITH_WILL, out);
        connection.disconnect(ReasonCode::DISCONNECT_WITH_WILL, out);
    });
    assert_eq!(bytes, [0xe0, 2, 4, 0]);
    assert_eq!((sent(&mut connection, 20_000), connection.wake_at()), (vec![], Instant::NEVER));
}

#[test]
fn password_is_not_printed() {
    let connect = Connect { password: Some(Password("secret")), ..CONNECT };
    assert!(!format!("{connect:?}").contains("secret"));
}

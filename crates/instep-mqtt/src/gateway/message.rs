//! Messages of a gateway.

use super::topics::{GATEWAYS, REPLY};
use crate::id::DeviceId;
use crate::packet::ExpiringHead;
use instep_proto::delivery::Outgoing;

/// Time after which the broker no longer passes a command on, in seconds.
const COMMAND_EXPIRY_SECONDS: u32 = 5;

/// Message of a gateway.
#[derive(Clone, Copy, Debug)]
pub enum Message<'m> {
    /// A command for a device.
    Command {
        /// The device.
        id: &'m DeviceId,
        /// The name of the property or action.
        name: &'m str,
        /// The value, or the frame.
        payload: &'m [u8],
        /// The number that the answer has.
        number: u64,
    },
    /// A message to all gateways, which the broker stores until it expires.
    Notice {
        /// The topic, after the prefix and `gateway/`.
        name: &'m str,
        /// The payload.
        payload: &'m [u8],
        /// The time until it expires, in seconds.
        expiry_seconds: u32,
    },
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is in the output.
    Written,
    /// It waits for room.
    NoRoom,
    /// It is longer than the broker takes, or than the output can ever be.
    TooLong,
}

impl Message<'_> {
    /// Adds the message to the output.
    pub(super) fn write(
        &self,
        prefix: &str,
        gateway: &DeviceId,
        send_max: usize,
        out: &mut Outgoing<'_>,
    ) -> Sent {
        match *self {
            Self::Command { id, name, payload, number } => {
                let topic = [prefix, "/", id.as_str(), "/", name, "/set"];
                let response = [prefix, "/", id.as_str(), "/thing/answer/", gateway.as_str(), "/", REPLY];
                let head = ExpiringHead {
                    topic: &topic,
                    retain: false,
                    expiry_seconds: COMMAND_EXPIRY_SECONDS,
                    response: Some((&response, &number.to_be_bytes())),
                    payload: payload.len(),
                };
                write(&head, payload, send_max, out)
            }
            Self::Notice { name, payload, expiry_seconds } => {
                let topic = [prefix, "/", GATEWAYS, name];
                let payload_length = payload.len();
                let head = ExpiringHead {
                    topic: &topic,
                    retain: true,
                    expiry_seconds,
                    response: None,
                    payload: payload_length,
                };
                write(&head, payload, send_max, out)
            }
        }
    }
}

fn write(head: &ExpiringHead<'_>, payload: &[u8], send_max: usize, out: &mut Outgoing<'_>) -> Sent {
    let Some(length) = head.packet_length().filter(|length| *length <= send_max) else {
        return Sent::TooLong;
    };
    if !out.has_room(length) {
        return if out.is_clear() { Sent::TooLong } else { Sent::NoRoom };
    }
    let Some(written) = head.write(out.spare_mut()) else { return Sent::TooLong };
    out.spare_mut()[written..length].copy_from_slice(payload);
    out.commit(length);
    Sent::Written
}

//! Commands to devices, on their way over the broker.

use instep_mqtt::DeviceId;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// Command of a viewer to a device.
#[derive(Clone, Copy, Debug)]
pub struct Command<'c> {
    /// The device.
    pub id: DeviceId,
    /// The name of the property or action.
    pub name: &'c str,
    /// The frame with that label as the viewer sent it, or the value alone as JSON, or nothing for an action without a value.
    pub payload: &'c [u8],
    /// How long the answer is waited for.
    pub wait: Wait,
}

/// Time for which an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// 5 s, for a request over HTTP.
    Request,
    /// 60 s, for a message of a WebSocket.
    WebSocket,
}

/// Reason why a command has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandError {
    /// No such device.
    Unknown,
    /// The device is offline. The command was not sent.
    Offline,
    /// The gateway is not connected to the broker. The command was not sent.
    NoBroker,
    /// Too many commands wait for their answers. The command was not sent.
    Busy,
    /// The name cannot be a part of a topic, or the command is longer than the broker takes. The command was not sent.
    Invalid,
    /// The device did not answer in time. The command may have been done.
    TimedOut,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such device",
            Self::Offline => "the device is offline; try again when it is back",
            Self::NoBroker => "the gateway is not connected to the broker; try again later",
            Self::Busy => "too many commands wait for answers; try again later",
            Self::Invalid => "there is nothing of that name, or the command is too long",
            Self::TimedOut => "the device did not answer in time; the command may have been done",
        })
    }
}

impl std::error::Error for CommandError {}

/// Answer that a device has yet to give: its frame `ok` or `error`, as it came.
///
/// The `id` in the frame is the one in the command's frame, or 0. An answer that comes after this future was dropped, or after its
/// time, is dropped.
#[derive(Debug)]
#[must_use = "a reply is a future"]
pub struct Reply(pub(crate) oneshot::Receiver<Result<Box<[u8]>, CommandError>>);

impl Future for Reply {
    type Output = Result<Box<[u8]>, CommandError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The fleet drops the sender only at the end of the program.
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(CommandError::NoBroker)))
    }
}

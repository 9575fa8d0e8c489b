//! The application of a device that is looked at: it passes requests on, and answers back.

use super::pool::Memory;
use crate::command::{Command, CommandError, Wait};
use crate::fleet::Fleet;
use instep::driver::Buffer;
use instep::thing::Thing;
use instep::{ClientId, Device, Forwarded};
use instep_mqtt::DeviceId;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// The application of a device that is looked at.
#[derive(Debug)]
pub(super) struct Forwarder {
    pub(super) fleet: Arc<Fleet>,
    pub(super) id: DeviceId,
    pub(super) thing: &'static Thing,
    pub(super) device: &'static Device,
    /// The maximum number of requests that wait for their answers.
    ///
    /// While there are so many, requests wait in the inbox, and their senders are not read from.
    pub(super) commands: usize,
    /// Gets the memory of the device when nobody looks at it any more.
    pub(super) closed: oneshot::Receiver<Memory>,
}

/// Sender of a request that was passed on.
#[derive(Debug)]
struct Sender {
    client: ClientId,
    id: Option<u64>,
    name: &'static str,
}

type Answered = (Sender, Result<Box<[u8]>, CommandError>);

impl Forwarder {
    /// Passes requests on until the device is closed, and returns its memory.
    ///
    /// Returns `None` if the gateway has ended.
    pub(super) async fn run(mut self) -> Option<Memory> {
        let message = self.device.limits().message;
        // Cannot be taken, because nobody has the memory but this.
        let mut inbox = self.device.inbox(Buffer::grown(message))?;
        let mut waiting: JoinSet<Answered> = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                memory = &mut self.closed => {
                    // Nobody is left who could get the answers.
                    return memory.ok();
                }
                Some(answered) = waiting.join_next(), if !waiting.is_empty() => {
                    if let Ok((sender, answer)) = answered {
                        self.answer(&sender, &answer);
                    }
                }
                request = inbox.recv_forwarded(self.thing), if waiting.len() < self.commands => {
                    let Forwarded { client, by_http, name, id, frame } = request;
                    let wait = if by_http { Wait::Request } else { Wait::WebSocket };
                    let command = Command { id: self.id, name, payload: frame.as_bytes(), wait };
                    let sender = Sender { client, id, name };
                    match self.fleet.send(&command) {
                        Ok(reply) => {
                            waiting.spawn(async move { (sender, reply.await) });
                        }
                        Err(error) => self.answer(&sender, &Err(error)),
                    }
                    // Viewers that flood this device must not stop the commands of others.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn answer(&self, sender: &Sender, answer: &Result<Box<[u8]>, CommandError>) {
        let text = match answer {
            Ok(frame) => match answer_for(sender.id, frame) {
                Some(text) => text,
                None => return,
            },
            Err(error) => error_frame(sender, *error),
        };
        // The client may be gone, and that is all that can be wrong with an answer that fits.
        if self.device.send(sender.client, &text).is_err() && answer.is_ok() {
            let _ = self.device.send(sender.client, short_answer(sender, &text));
        }
    }
}

/// Returns the device's answer for a client. A client that did not ask for one gets errors only, without an id.
fn answer_for(id: Option<u64>, frame: &[u8]) -> Option<String> {
    let text = str::from_utf8(frame).ok()?;
    if id.is_some() {
        return Some(text.to_owned());
    }
    let error = text.strip_prefix("{\"label\":\"error\",")?;
    Some(format!("{{\"label\":\"error\",{}", error.strip_prefix("\"id\":0,").unwrap_or(error)))
}

/// Returns what is known of an answer that is longer than a frame: that the command was done, or that it may have been.
fn short_answer(sender: &Sender, answer: &str) -> String {
    match sender.id {
        Some(id) if answer.starts_with("{\"label\":\"ok\"") => format!("{{\"label\":\"ok\",\"id\":{id}}}"),
        _ => error_frame(sender, CommandError::TimedOut),
    }
}

fn error_frame(sender: &Sender, error: CommandError) -> String {
    let id = sender.id.map_or(String::new(), |id| format!("\"id\":{id},"));
    let (code, name) = (error.code(), sender.name);
    format!(
        "{{\"label\":\"error\",{id}\"value\":{{\"code\":\"{code}\",\"name\":\"{name}\",\"message\":\"{error}\"}}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_that_asked_for_no_answer_gets_errors_only() {
        let ok = br#"{"label":"ok","id":0}"#;
        let error = br#"{"label":"error","id":0,"value":{"code":"refused","message":"no"}}"#;
        assert_eq!(answer_for(None, ok), None);
        let without = r#"{"label":"error","value":{"code":"refused","message":"no"}}"#;
        assert_eq!(answer_for(None, error).as_deref(), Some(without));
        assert_eq!(answer_for(None, without.as_bytes()).as_deref(), Some(without));
        assert_eq!(answer_for(Some(0), ok).map(String::into_bytes).as_deref(), Some(&ok[..]));
    }
}

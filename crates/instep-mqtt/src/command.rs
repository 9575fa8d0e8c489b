//! Commands from the broker, on their way to the application.

use crate::short::Short;
use crate::topics::{Topic, Topics};
use crate::writer::To;
use core::fmt::{self, Display};
use instep::Instant;
use instep::broker::{CommandId, Followed};
use instep_proto::json::{Object, Value};
use instep_proto::texts;

/// Maximum length of the end of a Response Topic, in bytes.
const ANSWER_TOPIC_MAX: usize = 48;
/// Maximum length of Correlation Data, in bytes.
const CORRELATION_MAX: usize = 40;
/// Time in which the application receives a command, in ms. After that it is too late.
const RECEIVE_TIMEOUT_MS: u64 = 5_000;
/// Timeout of an answer, in ms.
const ANSWER_TIMEOUT_MS: u64 = 10_000;
/// Time in which a command without an answer is refused, if it is refused, in ms.
const REFUSAL_TIME_MS: u64 = 100;

/// Command that the application has yet to answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingCommand {
    pub(crate) progress: Progress,
    /// The time of the next look at it, at the latest.
    pub(crate) until: Instant,
    begun: Instant,
    /// Where the answer goes, if the sender asks for one.
    pub(crate) answer: Option<AnswerAddress>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Progress {
    /// The application has it.
    Asked(CommandId),
    /// It was refused before.
    Refused(Refusal),
}

texts! {
    /// Reason why a command does not reach the application.
    pub(crate) enum Refusal {
        Unknown = "\"unknown\",\"message\":\"there is nothing of that name\"",
        NotJson = "\"not-json\",\"message\":\"send the value as JSON, such as true, 20 or \\\"text\\\"\"",
        OtherName = "\"wrong-type\",\"message\":\"the label and the topic have different names\"",
        TooLong = "\"too-long\",\"message\":\"this is more than the application takes\"",
        Late = "\"busy\",\"message\":\"the application did not answer in time\"",
    }
    /// Returns the code and the message, as in an error frame.
    fn members
}

impl Refusal {
    /// Returns the error frame.
    pub(crate) fn frame(self) -> impl Display {
        fmt::from_fn(move |f| write!(f, "{{\"label\":\"error\",\"value\":{{\"code\":{}}}}}", self.members()))
    }
}

/// Where an answer goes: the end of its topic, and its Correlation Data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnswerAddress {
    topic: Short<ANSWER_TOPIC_MAX>,
    data: Option<Short<CORRELATION_MAX>>,
}

impl AnswerAddress {
    /// Returns `None` if one of both is too long.
    pub(crate) fn new(topic: &str, data: Option<&[u8]>) -> Option<Self> {
        let data = match data {
            Some(data) => Some(Short::new(data)?),
            None => None,
        };
        Some(Self { topic: Short::new(topic.as_bytes())?, data })
    }

    /// Returns where the answer goes.
    pub(crate) fn to<'t>(&'t self, topics: &'t Topics<'t>) -> To<'t> {
        let topic = Topic::Answer(self.topic.as_str());
        To { topics, topic, correlation_data: self.data.as_ref().map(Short::bytes) }
    }
}

impl PendingCommand {
    /// Passes a command to the application, or refuses it.
    ///
    /// Returns `None` if the application has no room for it now.
    pub(crate) fn begin(
        now: Instant,
        name: &str,
        payload: &[u8],
        answer: Option<AnswerAddress>,
        followed: &Followed<'_>,
    ) -> Option<Self> {
        let progress = match ask(name, payload, followed) {
            Ok(asked) => Progress::Asked(asked?),
            Err(refusal) => Progress::Refused(refusal),
        };
        let until = match progress {
            Progress::Refused(_) => Instant::NEVER,
            Progress::Asked(_) if answer.is_some() => now.after(RECEIVE_TIMEOUT_MS),
            Progress::Asked(_) => now.after(REFUSAL_TIME_MS),
        };
        Some(Self { progress, until, begun: now, answer })
    }

    /// Waits for the application once more, or refuses the command because it is too late.
    ///
    /// Returns whether the command is done, because the application has it and nobody waits for the answer.
    pub(crate) fn wait_on(&mut self, id: CommandId, now: Instant, followed: &Followed<'_>) -> bool {
        let is_received = followed.has_received(id);
        let max = if is_received { ANSWER_TIMEOUT_MS } else { RECEIVE_TIMEOUT_MS };
        match (self.answer, is_received) {
            (None, true) => return true,
            _ if now >= self.begun.after(max) => self.expire(followed),
            (None, false) => self.until = now.after(REFUSAL_TIME_MS),
            (Some(_), _) => self.until = self.begun.after(max),
        }
        false
    }

    /// Refuses the command if the application has not received it in time.
    ///
    /// This does not depend on whether the broker reads, because a late command must not be done.
    pub(crate) fn check_time(&mut self, now: Instant, followed: &Followed<'_>) {
        if let Progress::Asked(id) = self.progress
            && now >= self.begun.after(RECEIVE_TIMEOUT_MS)
            && !followed.has_received(id)
        {
            self.expire(followed);
        }
    }

    fn expire(&mut self, followed: &Followed<'_>) {
        self.end(followed);
        (self.progress, self.until) = (Progress::Refused(Refusal::Late), Instant::NEVER);
    }

    /// Ends the command, whose answer nobody waits for any more.
    pub(crate) fn end(&self, followed: &Followed<'_>) {
        if let Progress::Asked(id) = self.progress {
            followed.end_command(id);
        }
    }
}

fn ask(name: &str, payload: &[u8], followed: &Followed<'_>) -> Result<Option<CommandId>, Refusal> {
    // With this name the message is JSON, because names have only letters, digits, `_` and `-`.
    let Some(name) = followed.find(name) else { return Err(Refusal::Unknown) };
    let payload = payload.trim_ascii();
    let label = name.as_bytes();
    let parts: &[&[u8]] = if payload.is_empty() {
        &[b"{\"label\":\"", label, b"\",\"id\":0}"]
    } else {
        let text = core::str::from_utf8(payload).map_err(|_| Refusal::NotJson)?;
        // Without this check, a payload could add members to the message.
        match Value::parse(text).map_err(|_| Refusal::NotJson)? {
            Value::Object(frame) if !is_about(name, frame) => return Err(Refusal::OtherName),
            Value::Object(frame) if has_id(frame) => &[payload],
            Value::Object(_) => &[b"{\"id\":0,", &payload[1..]],
            _ => &[b"{\"label\":\"", label, b"\",\"value\":", payload, b",\"id\":0}"],
        }
    };
    let length: usize = parts.iter().map(|part| part.len()).sum();
    if length > followed.command_max() { Err(Refusal::TooLong) } else { Ok(followed.command(parts)) }
}

fn has_id(frame: Object<'_>) -> bool {
    frame.members().any(|(key, value)| key == *"id" && !matches!(value, Value::Null))
}

/// Returns whether the label of a frame is this name.
fn is_about(name: &str, frame: Object<'_>) -> bool {
    frame
        .members()
        .any(|(key, value)| key == *"label" && matches!(value, Value::String(label) if label == *name))
}

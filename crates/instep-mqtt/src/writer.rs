//! Writer of messages to the broker, within the lengths that it takes.

use crate::lines;
use crate::packet::PublishHead;
use crate::short::{NAME_MAX, Short};
use crate::topics::{Topic, Topics};
use core::fmt::{Display, Write as _};
use instep::broker::escaped;
use instep_proto::delivery::Outgoing;
use instep_proto::http::Window;

/// Maximum length of a frame that the client itself makes, in bytes.
const OWN_FRAME_MAX: usize = 160;

/// Writer of messages.
#[derive(Debug)]
pub(crate) struct Writer {
    /// The maximum length of a packet, in bytes.
    pub(crate) send_max: usize,
    /// The number of messages that were too long for the broker.
    pub(crate) oversized: u32,
    /// The end of the first of their topics, until it is logged.
    unlogged: Option<Short<NAME_MAX>>,
}

/// Where a message goes.
#[derive(Clone, Copy)]
pub(crate) struct To<'t> {
    pub(crate) topics: &'t Topics<'t>,
    pub(crate) topic: Topic<'t>,
    /// The data of the command that the message answers.
    pub(crate) correlation_data: Option<&'t [u8]>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { send_max: usize::MAX, oversized: 0, unlogged: None }
    }

    /// Publishes a short text. Returns `false` if there is no room for it now.
    pub(crate) fn text(&mut self, to: To<'_>, text: &dyn Display, out: &mut Outgoing<'_>) -> bool {
        let mut bytes = [0; OWN_FRAME_MAX];
        let mut payload = Window::new(&mut bytes, 0);
        let written = write!(payload, "{text}");
        debug_assert!(written.is_ok(), "a frame is longer than OWN_FRAME_MAX");
        let length = payload.used();
        self.publish(to, bytes.get(..length).unwrap_or_default(), out)
    }

    /// Publishes a payload. Returns `false` if there is no room for it now.
    ///
    /// What can never fit is left out.
    pub(crate) fn publish(&mut self, to: To<'_>, payload: &[u8], out: &mut Outgoing<'_>) -> bool {
        let parts = to.topics.parts(to.topic);
        let head = PublishHead {
            topic: &parts,
            retain: to.topic.is_retained(),
            correlation_data: to.correlation_data,
            payload: payload.len(),
        };
        let Some(length) = self.length(&head) else { return true };
        if !out.has_room(length) {
            let never = out.is_clear();
            if never {
                self.note_oversized(&parts);
            }
            return never;
        }
        let Some(written) = head.write(out.spare_mut()) else { return false };
        let place = out.spare_mut().get_mut(written..).unwrap_or_default();
        place.iter_mut().zip(payload).for_each(|(to, from)| *to = *from);
        out.commit(length);
        true
    }

    /// Returns the length of a packet, or `None` if the broker does not take it.
    pub(crate) fn length(&mut self, head: &PublishHead<'_>) -> Option<usize> {
        let length = head.packet_length().filter(|length| *length <= self.send_max);
        if length.is_none() {
            self.note_oversized(head.topic);
        }
        length
    }

    /// Counts a message that is too long, and keeps the end of the first topic for the log.
    fn note_oversized(&mut self, topic: &[&str]) {
        if self.oversized == 0 {
            let end = topic.iter().rfind(|part| !part.is_empty()).unwrap_or(&"");
            self.unlogged = Some(Short::cut(end.as_bytes()));
        }
        self.oversized = self.oversized.saturating_add(1);
    }

    /// Logs the first message of a connection that is too long.
    ///
    /// Not at once, because the device is locked then, and a receiver of the log may call it.
    pub(crate) fn log_oversized(&mut self) {
        if let Some(topic) = self.unlogged.take() {
            // The end of an answer's topic is a client's text.
            let (topic, max) = (escaped(topic.bytes()), self.send_max);
            lines::warn(format_args!(
                "The broker does not get {topic}: it takes packets of at most {max} bytes; raise its maximum packet size"
            ));
        }
    }
}

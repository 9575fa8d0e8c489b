//! Messages that may be longer than the output: they are written in parts.

use crate::announce::measure;
use crate::discovery::Discovery;
use crate::packet::PublishHead;
use crate::topics::Topic;
use crate::writer::Writer;
use core::fmt::Write as _;
use instep_proto::delivery::Outgoing;
use instep_proto::http::Window;

/// Text of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// The Thing Description.
    Description,
    /// What Home Assistant is told.
    Discovery,
    /// The message that removes a component.
    Removal,
}

/// Message of which a part may be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    pub(crate) body: Body,
    /// The number of bytes of the text that are written. At 0 the packet has not begun.
    position: usize,
    length: usize,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The rest waits for room.
    Part,
    Whole,
    /// It is longer than the broker takes.
    LeftOut,
}

impl Stream {
    pub(crate) fn new(body: Body, content: &Discovery<'_>) -> Self {
        let length = match body {
            Body::Description => content.own.followed.description().length(),
            Body::Discovery | Body::Removal => measure(content).0,
        };
        Self { body, position: 0, length }
    }

    /// Returns whether the packet has begun, so that no other packet may come now.
    pub(crate) fn has_begun(&self) -> bool {
        self.position > 0
    }

    /// Writes what fits.
    pub(crate) fn write(
        &mut self,
        content: &Discovery<'_>,
        writer: &mut Writer,
        out: &mut Outgoing<'_>,
    ) -> Written {
        if self.position == 0 {
            let is_description = self.body == Body::Description;
            let topic = if is_description { Topic::Stored("thing/td") } else { Topic::Discovery };
            let topic = &content.own.topics.parts(topic);
            let head = PublishHead { topic, retain: true, correlation_data: None, payload: self.length };
            if writer.length(&head).is_none() {
                return Written::LeftOut;
            }
            let Some(written) = head.write(out.spare_mut()) else { return Written::Part };
            // At least one byte follows at once, so that a position above 0 means that the packet has begun.
            if out.remaining() == written {
                return Written::Part;
            }
            out.commit(written);
        }
        let written = match self.body {
            Body::Description => content.own.followed.description().write(self.position, out.spare_mut()),
            Body::Discovery | Body::Removal => {
                let mut part = Window::new(out.spare_mut(), self.position);
                // An error means that the output is full.
                let _ = write!(part, "{content}");
                part.used()
            }
        };
        out.commit(written);
        self.position += written;
        if self.position >= self.length { Written::Whole } else { Written::Part }
    }
}

//! Publishing of properties, events and log lines of a Thing.

use super::shared::Device;
use crate::log::lines;
use crate::model::{EncodedValue, Interaction, Kind, Reading, Severity, Thing, Topic};
use core::fmt::{self, Display};
use instep_proto::delivery::PublishError;
use instep_proto::frame::Payload;
use instep_proto::json::Text;

/// Maximum overhead of a log line's frame, in bytes.
///
/// The frame is `{"label":"…","value":{"severity":"warning","message":"…"}}`.
const LOG_OVERHEAD: usize = 96;

impl Thing {
    /// Publishes the value of the property `name` to all clients.
    ///
    /// New clients receive it first. If there is no such property, the value does not fit its kind, or the text does
    /// not fit a frame, the old value stays, and the reason is logged.
    pub fn publish<'v>(&self, device: &Device, name: &str, value: impl Into<Reading<'v>>) {
        let value = value.into();
        let found = self.find(name);
        let topic = found.and_then(|(number, interaction)| Some((self.topic(number)?, interaction)));
        let Some((topic, interaction)) = topic else {
            lines::not_published(format_args!("Not published: there is no property {name}"));
            return;
        };
        match EncodedValue::of(&interaction.kind, value) {
            Some(encoded) => {
                let (topic, name) = (Topic::new(topic), interaction.name);
                let frame = format_args!("{{\"label\":\"{name}\",\"value\":{encoded}}}");
                if interaction.kept {
                    device.publish_and_keep(topic, frame, name, &encoded);
                } else {
                    device.publish(topic, frame);
                }
                if let Kind::Sensor { history: Some(_), .. } = interaction.kind {
                    let number = if let Reading::Number(number) = value { number } else { f64::NAN };
                    device.remember(interaction.name, number);
                }
            }
            None => lines::not_published(format_args!("Not published: {name} cannot be {value:?}")),
        }
    }

    /// Emits the event `name` to every client that is connected now; to all connected clients.
    ///
    /// With [`App::thing_with_backlog`](crate::App::thing_with_backlog), new clients receive it, too. If there is no such event, or the text
    /// does not fit a frame, the event is not sent, and the reason is logged.
    pub fn emit_event(&self, device: &Device, name: &str, text: impl Display) {
        match self.find(name) {
            Some((_, Interaction { name, kind: Kind::Event, .. })) => {
                device.emit_event(name, &Text::new(text));
            }
            _ => lines::not_published(format_args!("Not sent: there is no event {name}")),
        }
    }

    /// Sends a line of the log `name`, as [`Thing::emit_event`] sends an event.
    ///
    /// A line that does not fit a frame is cut. If the Thing has no such log, the line is not sent, and the reason is logged.
    pub fn log(&self, device: &Device, name: &str, severity: Severity, line: impl Display) {
        let Some((_, Interaction { name, kind: Kind::Log, .. })) = self.find(name) else {
            lines::not_published(format_args!("Not sent: there is no log {name}"));
            return;
        };
        let max = device.limits().frame.saturating_sub(device.event_overhead(LOG_OVERHEAD));
        let (severity, message) = (severity.as_str(), Text::cut(line, max));
        device.emit_event(name, &format_args!("{{\"severity\":\"{severity}\",\"message\":{message}}}"));
    }
}

impl Device {
    /// Publishes the value of a persistent property, and persists it if that succeeds.
    ///
    /// Both are done under one lock, so the persisted value is the last published one, even if several threads publish.
    fn publish_and_keep(
        &self,
        topic: Topic,
        frame: fmt::Arguments<'_>,
        name: &'static str,
        value: &EncodedValue<'_>,
    ) {
        let done = self.with(|state| {
            state.publish(topic.0, Payload::Text(&frame))?;
            Ok::<_, PublishError>(
                state.keeping.map_or(Ok(()), |keeping| (keeping.keep)(keeping.store, name, value)),
            )
        });
        match done {
            Ok(Ok(())) => {}
            Ok(Err(why)) => lines::not_published(format_args!("{name} is not kept: {why}")),
            Err(error) => lines::not_published(format_args!("Not published: {error}")),
        }
    }
}

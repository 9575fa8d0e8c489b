//! What the application says of its Thing, as frames.

use super::decimal::{Decimal, Plain};
use super::declare::{Interaction, Kind, Thing};
use crate::app::Topic;
use crate::device::Device;
use core::fmt::{self, Display};
use instep_proto::json::Text;

/// What a frame takes beside a line of a log: `{"label":"…","value":{"severity":"warning","message":"…"}}`.
const LOG_OVERHEAD: usize = 96;

/// The value of a property, as the application has it.
#[derive(Clone, Copy)]
pub enum Reading<'v> {
    /// There is none: the sensor failed, or has not been read yet.
    Unavailable,
    /// On or off.
    Bool(bool),
    /// A number; what is none (NaN, infinite) is unavailable.
    Number(f64),
    /// Text, as it is displayed.
    Text(&'v dyn Display),
}

/// How much a line of a log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For who looks for a fault.
    Debug,
    /// What usually happens.
    Info,
    /// What should not happen, but does no harm.
    Warning,
    /// What went wrong.
    Error,
}

impl From<bool> for Reading<'_> {
    fn from(on: bool) -> Self {
        Self::Bool(on)
    }
}

impl From<Option<bool>> for Reading<'_> {
    fn from(on: Option<bool>) -> Self {
        on.map_or(Self::Unavailable, Self::Bool)
    }
}

impl From<f64> for Reading<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Option<f64>> for Reading<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Unavailable, Self::Number)
    }
}

impl<'v> From<&'v &'v str> for Reading<'v> {
    fn from(text: &'v &'v str) -> Self {
        Self::Text(text)
    }
}

impl fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => f.write_str("Unavailable"),
            Self::Bool(on) => write!(f, "Bool({on})"),
            // Without the code that writes floating point: it takes some 10 KB of flash.
            Self::Number(number) => write!(f, "Number({})", Plain(*number)),
            Self::Text(text) => write!(f, "Text(\"{text}\")"),
        }
    }
}

impl Severity {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Thing {
    /// Makes `value` the value of the property `name`: every client gets it, and whoever connects later gets it first.
    ///
    /// If there is no such property, or it is of another kind, or the text does not fit a frame, the old value stays and the log
    /// says why.
    pub fn publish<'v>(&self, device: &Device, name: &str, value: impl Into<Reading<'v>>) {
        let value = value.into();
        let found = self.find(name);
        let topic = found.and_then(|(number, interaction)| Some((self.topic(number)?, interaction)));
        let Some((topic, interaction)) = topic else {
            log::error!("Not published: there is no property {name}");
            return;
        };
        match Shape::of(&interaction.kind, value) {
            Some(shape) => {
                let (topic, name) = (Topic::new(topic), interaction.name);
                let frame = format_args!("{{\"label\":\"{name}\",\"value\":{shape}}}");
                match interaction.kept {
                    None => device.publish(topic, frame),
                    Some(publish) => publish(device, topic, name, &shape, frame),
                }
                if let Kind::Sensor { history: Some(_), .. } = interaction.kind {
                    let number = if let Reading::Number(number) = value { number } else { f64::NAN };
                    device.remember(interaction.name, number);
                }
            }
            None => log::error!("Not published: {name} cannot be {value:?}"),
        }
    }

    /// Tells every client that is connected now of the event `name`; with [`App::backlog`](crate::App::backlog) those that
    /// connect later, too.
    ///
    /// If there is no such event, or the text does not fit a frame, it is not sent and the log says why.
    pub fn tell(&self, device: &Device, name: &str, text: impl Display) {
        match self.find(name) {
            Some((_, Interaction { name, kind: Kind::Event, .. })) => {
                device.tell(name, &Text::new(text));
            }
            _ => log::error!("Not sent: there is no event {name}"),
        }
    }

    /// Adds a line to the log `name`: every client that is connected now gets it, and as with [`Thing::tell`] those
    /// that connect later. What does not fit a frame is cut.
    ///
    /// If there is no such log, the device's own log says so.
    pub fn log(&self, device: &Device, name: &str, severity: Severity, line: impl Display) {
        let Some((_, Interaction { name, kind: Kind::Log, .. })) = self.find(name) else {
            log::error!("Not sent: there is no log {name}");
            return;
        };
        let most = device.limits().frame.saturating_sub(device.event_overhead(LOG_OVERHEAD));
        let (severity, message) = (severity.as_str(), Text::cut(line, most));
        device.tell(name, &format_args!("{{\"severity\":\"{severity}\",\"message\":{message}}}"));
    }
}

/// A value as JSON.
pub(super) enum Shape<'v> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(&'v dyn Display),
}

impl<'v> Shape<'v> {
    /// `None`: the property is of another kind.
    fn of(kind: &Kind, value: Reading<'v>) -> Option<Self> {
        Some(match (kind, value) {
            (_, Reading::Unavailable) => Self::Null,
            (Kind::Switch | Kind::BinarySensor, Reading::Bool(on)) => Self::Bool(on),
            (Kind::Number { .. } | Kind::Sensor { .. }, Reading::Number(number)) => {
                Decimal::nearest(number, kind.precision()).map_or(Self::Null, Self::Number)
            }
            (Kind::Select { options }, Reading::Text(text)) => {
                // A `Display` cannot be compared, but what it writes can.
                let option = options.iter().find(|option| displays(text, option))?;
                Self::Text(option)
            }
            (Kind::Text { .. }, Reading::Text(text)) => Self::Text(text),
            _ => return None,
        })
    }
}

impl Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(on) => on.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => Text::new(text).fmt(f),
        }
    }
}

/// Whether `text` displays as `wanted`.
fn displays(text: &dyn Display, wanted: &str) -> bool {
    struct Rest<'w>(&'w str);

    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest(wanted);
    fmt::write(&mut rest, format_args!("{text}")).is_ok() && rest.0.is_empty()
}

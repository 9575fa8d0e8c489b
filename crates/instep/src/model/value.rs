//! Values of properties: as the application has them, as clients send them, and as JSON.

use super::decimal::{Decimal, Shortest};
use super::thing::Kind;
use core::fmt::{self, Display};
use instep_proto::json::Text;

/// The value of a property, as the application has it.
#[derive(Clone, Copy)]
#[non_exhaustive]
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

/// What comes with a request. It is of the kind that was declared, and within its range.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Input<'m> {
    /// Nothing: a button.
    Nothing,
    /// For a switch.
    Bool(bool),
    /// For a number.
    Number(f64),
    /// For a select: one of its options.
    Choice(&'static str),
    /// For a text, or for an action that takes text.
    Text(&'m str),
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
            Self::Number(number) => write!(f, "Number({})", Shortest(*number)),
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

/// A value as JSON.
pub(crate) enum EncodedValue<'v> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(&'v dyn Display),
}

impl<'v> EncodedValue<'v> {
    /// `None`: the property is of another kind.
    pub(crate) fn of(kind: &Kind, value: Reading<'v>) -> Option<Self> {
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

impl Display for EncodedValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(on) => on.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => Text::new(text).fmt(f),
        }
    }
}

/// What an action gives back, as JSON.
pub(crate) struct Output<'v>(pub(crate) Reading<'v>);

impl Display for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reading::Bool(on) => on.fmt(f),
            Reading::Number(number) if number.is_finite() => Shortest(number).fmt(f),
            Reading::Unavailable | Reading::Number(_) => f.write_str("null"),
            Reading::Text(text) => Text::new(text).fmt(f),
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

//! Values of properties, from the application, from clients, and as JSON.

use super::decimal::{Decimal, Shortest};
use super::kind::Kind;
use core::fmt::{self, Display};
use instep_proto::json::Text;
use instep_proto::texts;

/// Value of a property that the application publishes.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Reading<'v> {
    /// No value, because the sensor failed or has not been read yet. It is `null` on the wire.
    Unavailable,
    /// On or off.
    Bool(bool),
    /// A number. NaN and infinity are unavailable.
    Number(f64),
    /// A text, which is formatted when it is published.
    Text(&'v dyn Display),
}

texts! {
    /// Severity of a log line.
    #[derive(PartialOrd, Ord)]
    pub enum Severity {
        /// Details for debugging.
        Debug = "debug",
        /// Normal operation.
        Info = "info",
        /// An unexpected condition that does no harm.
        Warning = "warning",
        /// A failure.
        Error = "error",
    }
    /// Returns the name on the wire.
    fn as_str
}

/// Value of a client's request, which is valid for the declared kind and range.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Input<'m> {
    /// No value, for a button.
    Nothing,
    /// The value for a switch.
    Bool(bool),
    /// The value for a number.
    Number(f64),
    /// The option for a select.
    Choice(&'static str),
    /// The text for a text, or for an action with text.
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

macro_rules! from_number {
    ($($number:ty)+) => {$(
        impl From<$number> for Reading<'_> {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        }

        impl From<Option<$number>> for Reading<'_> {
            fn from(number: Option<$number>) -> Self {
                number.map_or(Self::Unavailable, Self::from)
            }
        }
    )+};
}

from_number!(f64 f32 i8 i16 i32 u8 u16 u32);

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
            // Formatting of floating point is avoided, because it takes some 10 KB of flash.
            Self::Number(number) => write!(f, "Number({})", Shortest(*number)),
            Self::Text(text) => write!(f, "Text(\"{text}\")"),
        }
    }
}

/// Value of a property as JSON.
pub(crate) enum EncodedValue<'v> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(&'v dyn Display),
}

impl<'v> EncodedValue<'v> {
    /// Encodes a value of a property of that kind.
    ///
    /// Returns `None` if the value does not fit the kind.
    pub(crate) fn of(kind: &Kind, value: Reading<'v>) -> Option<Self> {
        Some(match (kind, value) {
            (_, Reading::Unavailable) => Self::Null,
            (Kind::Switch | Kind::BinarySensor, Reading::Bool(on)) => Self::Bool(on),
            (Kind::Number { .. } | Kind::Sensor { .. }, Reading::Number(number)) => {
                Decimal::nearest(number, kind.precision()).map_or(Self::Null, Self::Number)
            }
            (Kind::Select { options }, Reading::Text(text)) => {
                // A `Display` cannot be compared, but its text can.
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

/// Returns the output of an action as JSON.
pub(crate) fn output(value: Reading<'_>) -> impl Display {
    fmt::from_fn(move |f| match value {
        Reading::Bool(on) => on.fmt(f),
        Reading::Number(number) if number.is_finite() => Shortest(number).fmt(f),
        Reading::Unavailable | Reading::Number(_) => f.write_str("null"),
        Reading::Text(text) => Text::new(text).fmt(f),
    })
}

/// Returns whether `text` displays as `expected`.
fn displays(text: &dyn Display, expected: &str) -> bool {
    struct Rest<'w>(&'w str);

    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest(expected);
    fmt::write(&mut rest, format_args!("{text}")).is_ok() && rest.0.is_empty()
}

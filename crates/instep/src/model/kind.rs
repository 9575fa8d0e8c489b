//! Kinds of interactions.

use super::check::{check, eq};
use super::decimal::{Decimal, PRECISION_MAX};

/// Kind of an interaction.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A writable property that is on or off.
    Switch,
    /// A writable property that is a number.
    Number {
        /// The minimum.
        min: f64,
        /// The maximum.
        max: f64,
        /// The step. Values are `min` plus a multiple of it.
        step: f64,
        /// The unit, such as `%`. Empty if there is none.
        unit: &'static str,
    },
    /// A read-only property that is a number.
    Sensor {
        /// The unit, such as `°C`. Empty if there is none.
        unit: &'static str,
        /// The number of digits after the decimal point, at most 6.
        precision: u8,
        /// The size of its history, if the device keeps one.
        history: Option<History>,
    },
    /// A read-only property that is on or off.
    BinarySensor,
    /// A writable property that is one of several options.
    Select {
        /// The options.
        options: &'static [&'static str],
    },
    /// A writable property that is text.
    Text {
        /// The maximum length, in bytes.
        max: usize,
    },
    /// An action without input.
    Button,
    /// An action with text as its input.
    TextAction {
        /// The maximum length of the text, in bytes.
        max: usize,
    },
    /// An event that is text.
    Event,
    /// An event that is a log line, with a severity.
    Log,
}

/// Size of a sensor's history, which the device keeps in RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The number of values.
    pub points: usize,
    /// The period of which the last value is kept, in ms, at least 100.
    pub every: u32,
}

impl Kind {
    /// Returns whether the kind is a property, which has a value.
    pub const fn is_property(&self) -> bool {
        !self.is_action() && !self.is_event()
    }

    /// Returns whether the kind is an action, which clients invoke.
    pub const fn is_action(&self) -> bool {
        matches!(self, Self::Button | Self::TextAction { .. })
    }

    /// Returns whether the kind is an event, which the device emits.
    pub const fn is_event(&self) -> bool {
        matches!(self, Self::Event | Self::Log)
    }

    /// Returns whether clients may write or invoke an interaction of this kind.
    pub const fn is_writable(&self) -> bool {
        !matches!(self, Self::Sensor { .. } | Self::BinarySensor | Self::Event | Self::Log)
    }

    /// Returns its name in the Thing Description.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Number { .. } => "number",
            Self::Sensor { .. } => "sensor",
            Self::BinarySensor => "binary_sensor",
            Self::Select { .. } => "select",
            Self::Text { .. } => "text",
            Self::Button => "button",
            Self::TextAction { .. } => "message",
            Self::Event => "event",
            Self::Log => "log",
        }
    }

    /// Returns the number of digits after the decimal point of its value.
    pub(crate) const fn precision(&self) -> u8 {
        match *self {
            Self::Number { min, step, .. } => {
                let (min, step) = (Decimal::digits_of(min), Decimal::digits_of(step));
                if min > step { min } else { step }
            }
            Self::Sensor { precision, .. } => precision,
            _ => 0,
        }
    }

    /// Returns what is wrong with the kind, if anything is.
    pub(super) const fn problem(&self) -> Option<&'static str> {
        match *self {
            Self::Number { min, max, step, .. } => {
                check!(min < max, "the max of a number must be above its min");
                check!(
                    step > 0.0 && step <= max - min,
                    "the step of a number must be above 0, and not above max less min"
                );
                check!(
                    Decimal::digits_of(min) <= PRECISION_MAX
                        && Decimal::digits_of(max) <= PRECISION_MAX
                        && Decimal::digits_of(step) <= PRECISION_MAX,
                    "a number must have at most 6 digits behind its decimal point"
                );
            }
            Self::Sensor { precision, history, .. } => {
                check!(precision <= PRECISION_MAX, "the precision of a sensor must be at most 6 digits");
                if let Some(history) = history {
                    check!(
                        history.points > 0 && history.every >= 100,
                        "a history must have values, at least 100 ms apart"
                    );
                }
            }
            Self::Select { options } => {
                check!(!options.is_empty(), "a select must have options");
                let mut i = 0;
                while i < options.len() {
                    check!(!options[i].is_empty(), "an option of a select must not be empty");
                    let mut other = 0;
                    while other < i {
                        check!(!eq(options[i], options[other]), "an option of a select must not stand twice");
                        other += 1;
                    }
                    i += 1;
                }
            }
            Self::Text { max } | Self::TextAction { max } => {
                check!(max > 0, "the max of a text must be at least 1 byte");
            }
            Self::Switch | Self::BinarySensor | Self::Button | Self::Event | Self::Log => {}
        }
        None
    }
}

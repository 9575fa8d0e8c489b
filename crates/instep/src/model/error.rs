//! Errors of requests to a Thing.
//!
//! A client receives a code for programs and a sentence for people.

use super::decimal::Shortest;
use super::interaction::Interaction;
use super::kind::Kind;
use core::fmt::{self, Display};
use instep_proto::json::{JsonError, JsonString, Text};

/// Maximum length of a client's text that is repeated in an error, in bytes.
const REPEATED_MAX: usize = 40;
/// Maximum length of an error frame without its message, in bytes.
///
/// An error with the longest id, code and name has this length.
const FRAME_OVERHEAD: usize = 144;
/// Maximum length of an error's message, in bytes.
const MESSAGE_MAX: usize = 512;

/// Error of a request to a Thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestError<'j> {
    pub(crate) id: Option<u64>,
    /// The interaction of the request, if it is known.
    pub(crate) interaction: Option<&'static Interaction>,
    pub(crate) kind: RequestErrorKind<'j>,
}

/// Reason of an error.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RequestErrorKind<'j> {
    Json(JsonError),
    /// The message is binary, or not UTF-8.
    Binary,
    NoObject,
    NoLabel,
    LabelType,
    BadId,
    Unknown(JsonString<'j>),
    ReadOnly,
    MissingValue,
    WrongType,
    OutOfRange,
    TooLong,
}

impl<'j> RequestError<'j> {
    pub(crate) const fn new(kind: RequestErrorKind<'j>) -> Self {
        Self { id: None, interaction: None, kind }
    }

    /// Returns the error frame for the client. Frames have at most `frame_max` bytes.
    pub(crate) fn frame(&self, frame_max: usize) -> impl Display {
        let name = self.interaction.map(|interaction| interaction.name);
        error_frame(self.id, name, self.kind.code(), self, frame_max)
    }
}

/// Returns an error frame, `{"label":"error",...}`. Frames have at most `frame_max` bytes.
pub(crate) fn error_frame(
    id: Option<u64>,
    name: Option<&'static str>,
    code: &'static str,
    message: impl Display,
    frame_max: usize,
) -> impl Display {
    fmt::from_fn(move |f| {
        f.write_str("{\"label\":\"error\",")?;
        if let Some(id) = id {
            write!(f, "\"id\":{id},")?;
        }
        write!(f, "\"value\":{{\"code\":\"{code}\",")?;
        if let Some(name) = name {
            write!(f, "\"name\":\"{name}\",")?;
        }
        let message_max = frame_max.saturating_sub(FRAME_OVERHEAD).min(MESSAGE_MAX);
        write!(f, "\"message\":{}}}}}", Text::cut(&message, message_max))
    })
}

impl RequestErrorKind<'_> {
    /// Returns the code for programs.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Json(JsonError::NotJson(_)) | Self::Binary => "not-json",
            Self::Json(JsonError::TooDeep(_)) => "too-deep",
            Self::Json(JsonError::DuplicateKey(_)) => "duplicate-key",
            Self::Json(JsonError::TooManyMembers(_)) | Self::TooLong => "too-long",
            Self::NoObject | Self::LabelType | Self::BadId | Self::WrongType => "wrong-type",
            Self::NoLabel | Self::MissingValue => "missing-value",
            Self::Unknown(_) => "unknown",
            Self::ReadOnly => "read-only",
            Self::OutOfRange => "out-of-range",
        }
    }
}

/// Sentence about a wrong request, and about what is expected.
impl Display for RequestError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.interaction) {
            (RequestErrorKind::Json(error), _) => error.fmt(f),
            (RequestErrorKind::Binary, _) => f.write_str("this is not JSON: send text, not bytes"),
            (RequestErrorKind::NoObject, _) => {
                f.write_str("send an object with a label, such as {\"label\":\"NAME\"}")
            }
            (RequestErrorKind::NoLabel, _) => f.write_str("there is no label, which says what is meant"),
            (RequestErrorKind::LabelType, _) => f.write_str("label is not a string"),
            (RequestErrorKind::BadId, _) => f.write_str("id is not a whole number from 0 to 2^53 - 1"),
            (RequestErrorKind::Unknown(label), _) => {
                write!(f, "there is no {}", Text::cut(label, REPEATED_MAX))
            }
            (_, None) => Ok(()),
            (RequestErrorKind::ReadOnly, Some(Interaction { name, kind, .. })) if kind.is_event() => {
                write!(f, "{name} is an event: only the device tells it")
            }
            (RequestErrorKind::ReadOnly, Some(Interaction { name, .. })) => write!(f, "{name} is only read"),
            (RequestErrorKind::MissingValue, Some(interaction)) => {
                write!(f, "there is no value: {} is {}", interaction.name, Expected(&interaction.kind))
            }
            (_, Some(interaction)) => write!(f, "{} is {}", interaction.name, Expected(&interaction.kind)),
        }
    }
}

/// Description of the values that a kind accepts.
struct Expected<'k>(&'k Kind);

impl Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.0 {
            Kind::Switch => f.write_str("true or false"),
            Kind::Number { min, max, step, .. } => {
                let [min, max, step] = [min, max, step].map(Shortest);
                write!(f, "a number from {min} to {max} in steps of {step}")
            }
            Kind::Select { options } => {
                f.write_str("one of ")?;
                let mut options = options.iter();
                options.next().map_or(Ok(()), |option| f.write_str(option))?;
                options.try_for_each(|option| write!(f, ", {option}"))
            }
            Kind::Text { max } | Kind::TextAction { max } => write!(f, "text of at most {max} bytes"),
            Kind::Button => f.write_str("an action without a value"),
            // Clients cannot write these.
            Kind::Sensor { .. } | Kind::BinarySensor | Kind::Event | Kind::Log => Ok(()),
        }
    }
}

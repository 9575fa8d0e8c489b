//! What is wrong with what a client asked for, as it is told: a code for programs, a sentence for people.

use super::decimal::Shortest;
use super::thing::{Interaction, Kind};
use core::fmt::{self, Display};
use instep_proto::json::{JsonError, JsonString, Text};

/// How much of a text from a client is repeated to it, in bytes.
const REPEATED_MAX: usize = 40;
/// What an error takes at most beside its message: an id, a code and a name as long as they may be.
const FRAME_OVERHEAD: usize = 144;
/// A message is not longer, however long a frame may be.
const MESSAGE_MAX: usize = 512;

/// A request that cannot be met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestError<'j> {
    pub(crate) id: Option<u64>,
    /// What it was about, as far as that is known.
    pub(crate) interaction: Option<&'static Interaction>,
    pub(crate) kind: RequestErrorKind<'j>,
}

/// Why.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RequestErrorKind<'j> {
    Json(JsonError),
    /// Bytes came where text is expected.
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
    pub(crate) const fn new(reason: RequestErrorKind<'j>) -> Self {
        Self { id: None, interaction: None, kind: reason }
    }

    /// The frame that tells the client, where frames have at most so many bytes.
    pub(crate) fn frame(&self, frame_max: usize) -> impl Display {
        ErrorFrame {
            id: self.id,
            name: self.interaction.map(|interaction| interaction.name),
            code: self.kind.code(),
            message: Sentence { interaction: self.interaction, reason: self.kind },
            frame_max,
        }
    }
}

/// `{"label":"error",...}`
pub(crate) struct ErrorFrame<M> {
    pub(crate) id: Option<u64>,
    pub(crate) name: Option<&'static str>,
    pub(crate) code: &'static str,
    pub(crate) message: M,
    pub(crate) frame_max: usize,
}

impl<M: Display> Display for ErrorFrame<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{\"label\":\"error\",")?;
        if let Some(id) = self.id {
            write!(f, "\"id\":{id},")?;
        }
        write!(f, "\"value\":{{\"code\":\"{}\",", self.code)?;
        if let Some(name) = self.name {
            write!(f, "\"name\":\"{name}\",")?;
        }
        let most = self.frame_max.saturating_sub(FRAME_OVERHEAD).min(MESSAGE_MAX);
        write!(f, "\"message\":{}}}}}", Text::cut(&self.message, most))
    }
}

impl RequestErrorKind<'_> {
    /// The code that programs go by.
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

/// What is wrong, and what would be right.
struct Sentence<'j> {
    interaction: Option<&'static Interaction>,
    reason: RequestErrorKind<'j>,
}

impl Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.reason, self.interaction) {
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

/// What a value has to be.
struct Expected<'k>(&'k Kind);

impl Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.0 {
            Kind::Switch => f.write_str("true or false"),
            Kind::Number { min, max, step, .. } => {
                write!(
                    f,
                    "a number from {} to {} in steps of {}",
                    Shortest(min),
                    Shortest(max),
                    Shortest(step)
                )
            }
            Kind::Select { options } => {
                f.write_str("one of ")?;
                let mut options = options.iter();
                options.next().map_or(Ok(()), |option| f.write_str(option))?;
                options.try_for_each(|option| write!(f, ", {option}"))
            }
            Kind::Text { max } | Kind::TextAction { max } => write!(f, "text of at most {max} bytes"),
            Kind::Button => f.write_str("an action without a value"),
            // Nobody gives them a value.
            Kind::Sensor { .. } | Kind::BinarySensor | Kind::Event | Kind::Log => Ok(()),
        }
    }
}

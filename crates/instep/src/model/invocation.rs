//! What a client asks of a Thing: one object of JSON, checked against what was declared.

use super::decimal::Decimal;
use super::error::{RequestError, RequestErrorKind};
use super::thing::{Interaction, Kind, Thing};
use instep_proto::json::{JsonString, Object, Value};

/// The greatest id: each whole number up to it is one in JavaScript.
const ID_MAX: i64 = (1 << 53) - 1;

/// A write or an invocation that is as it should be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocation<'j> {
    /// Which of the Thing's interactions.
    pub(crate) number: usize,
    pub(crate) interaction: &'static Interaction,
    pub(crate) argument: Argument<'j>,
    /// The client asks for an answer with this id.
    pub(crate) id: Option<u64>,
}

/// The value that came with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Argument<'j> {
    Nothing,
    Bool(bool),
    Number(f64),
    Choice(&'static str),
    Text(JsonString<'j>),
}

impl Thing {
    /// What the message asks for.
    pub(crate) fn read<'j>(&'static self, text: &'j str) -> Result<Invocation<'j>, RequestError<'j>> {
        let object = match Value::parse(text) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Err(RequestError::new(RequestErrorKind::NoObject)),
            Err(error) => return Err(RequestError::new(RequestErrorKind::Json(error))),
        };
        let id = read_id(object)?;
        let wrong = |reason| RequestError { id, interaction: None, kind: reason };
        let label = match find(object, "label") {
            Some(Value::String(label)) => label,
            Some(_) => return Err(wrong(RequestErrorKind::LabelType)),
            None => return Err(wrong(RequestErrorKind::NoLabel)),
        };
        let mut interactions = self.interactions.iter().enumerate();
        let Some((number, interaction)) = interactions.find(|(_, interaction)| label == *interaction.name)
        else {
            return Err(wrong(RequestErrorKind::Unknown(label)));
        };
        let given = interaction.kind.read(find(object, "value"));
        let given =
            given.map_err(|reason| RequestError { id, interaction: Some(interaction), kind: reason })?;
        Ok(Invocation { number, interaction, argument: given, id })
    }

    /// The property of that name, if a client may write this value to it.
    pub(crate) fn check_write<'j>(
        &'static self,
        name: JsonString<'j>,
        value: Value<'j>,
    ) -> Result<&'static Interaction, RequestError<'j>> {
        let mut properties = self.interactions.iter().filter(|interaction| interaction.kind.is_property());
        let Some(property) = properties.find(|property| name == *property.name) else {
            return Err(RequestError::new(RequestErrorKind::Unknown(name)));
        };
        match property.kind.read(Some(value)) {
            Ok(_) => Ok(property),
            Err(reason) => Err(RequestError { id: None, interaction: Some(property), kind: reason }),
        }
    }

    /// Which property the message writes, if that is all it does: nobody asks for an answer, so a newer one may take
    /// its place.
    pub(crate) fn plain_write(&'static self, text: &str) -> Option<usize> {
        let order = self.read(text).ok()?;
        (order.id.is_none() && order.interaction.kind.is_property()).then_some(order.number)
    }
}

impl Kind {
    /// The value that the client gave, if it fits.
    pub(super) fn read<'j>(&self, value: Option<Value<'j>>) -> Result<Argument<'j>, RequestErrorKind<'j>> {
        if !self.is_writable() {
            return Err(RequestErrorKind::ReadOnly);
        }
        match (self, value) {
            (Self::Button, None | Some(Value::Null)) => Ok(Argument::Nothing),
            (_, None) => Err(RequestErrorKind::MissingValue),
            (Self::Switch, Some(Value::Bool(on))) => Ok(Argument::Bool(on)),
            (Self::Number { min, max, step, .. }, Some(Value::Number(number))) => {
                let precision = self.precision();
                let units = |value| Decimal::nearest(value, precision).map(Decimal::units);
                let (Some(min), Some(max), Some(step)) = (units(*min), units(*max), units(*step)) else {
                    return Err(RequestErrorKind::OutOfRange);
                };
                let given = number.units(precision).filter(|given| {
                    // Within the range nothing overflows.
                    (min..=max).contains(given) && (given - min) % step.max(1) == 0
                });
                let given = given.ok_or(RequestErrorKind::OutOfRange)?;
                Ok(Argument::Number(Decimal::of_units(given, precision).to_f64()))
            }
            (Self::Select { options }, Some(Value::String(text))) => {
                let option = options.iter().find(|option| text == ***option);
                option.map(|option| Argument::Choice(option)).ok_or(RequestErrorKind::OutOfRange)
            }
            (Self::Text { max } | Self::TextAction { max }, Some(Value::String(text))) => {
                if text.utf8_length() > *max {
                    Err(RequestErrorKind::TooLong)
                } else {
                    Ok(Argument::Text(text))
                }
            }
            _ => Err(RequestErrorKind::WrongType),
        }
    }
}

fn find<'j>(object: Object<'j>, name: &str) -> Option<Value<'j>> {
    object.members().find(|(key, _)| *key == *name).map(|(_, value)| value)
}

/// `null` is as good as none.
fn read_id(object: Object<'_>) -> Result<Option<u64>, RequestError<'static>> {
    let id = match find(object, "id") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.units(0),
        Some(_) => None,
    };
    let id = id.filter(|id| *id <= ID_MAX).and_then(|id| u64::try_from(id).ok());
    id.map(Some).ok_or(RequestError::new(RequestErrorKind::BadId))
}

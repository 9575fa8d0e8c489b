//! Parsing and validation of a client's message to a Thing.

use super::decimal::Decimal;
use super::error::{RequestError, RequestErrorKind};
use super::interaction::Interaction;
use super::kind::Kind;
use super::thing::Thing;
use super::value::Input;
use core::ops::Range;
use instep_proto::json::{JsonString, Object, Value};

/// Maximum id, up to which JavaScript represents every whole number.
const ID_MAX: i64 = (1 << 53) - 1;

/// Valid write of a property, or valid invocation of an action.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// The number of the interaction.
    pub(crate) number: usize,
    pub(crate) interaction: &'static Interaction,
    /// The value. A text is empty here.
    pub(crate) input: Input<'static>,
    /// Where a text stands in the message, with its escapes.
    pub(crate) text: Range<usize>,
    /// The id of the reply, if the client asks for one.
    pub(crate) id: Option<u64>,
}

impl Thing {
    /// Parses and validates a message.
    pub(crate) fn read<'j>(&'static self, text: &'j str) -> Result<Invocation, RequestError<'j>> {
        let object = match Value::parse(text) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Err(RequestError::new(RequestErrorKind::NoObject)),
            Err(error) => return Err(RequestError::new(RequestErrorKind::Json(error))),
        };
        let id = read_id(object)?;
        let error = |kind| RequestError { id, interaction: None, kind };
        let label = match find(object, "label") {
            Some(Value::String(label)) => label,
            Some(_) => return Err(error(RequestErrorKind::LabelType)),
            None => return Err(error(RequestErrorKind::NoLabel)),
        };
        let mut interactions = self.interactions.iter().enumerate();
        let Some((number, interaction)) = interactions.find(|(_, interaction)| label == *interaction.name)
        else {
            return Err(error(RequestErrorKind::Unknown(label)));
        };
        let value = find(object, "value");
        let input = interaction.kind.read(value);
        let input = input.map_err(|kind| RequestError { id, interaction: Some(interaction), kind })?;
        let text = match (&input, value) {
            (Input::Text(_), Some(Value::String(text))) => text.range(),
            _ => 0..0,
        };
        Ok(Invocation { number, interaction, input, text, id })
    }

    /// Returns the property of that name, if a client may write this value to it.
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
            Err(kind) => Err(RequestError { id: None, interaction: Some(property), kind }),
        }
    }

    /// Returns the property that a message writes without asking for a reply.
    ///
    /// A newer write may replace such a message.
    pub(crate) fn plain_write(&'static self, text: &str) -> Option<usize> {
        let invocation = self.read(text).ok()?;
        (invocation.id.is_none() && invocation.interaction.kind.is_property()).then_some(invocation.number)
    }
}

impl Kind {
    /// Validates a client's value. The result of a text is empty, because the caller has it.
    pub(super) fn read<'j>(&self, value: Option<Value<'j>>) -> Result<Input<'static>, RequestErrorKind<'j>> {
        if !self.is_writable() {
            return Err(RequestErrorKind::ReadOnly);
        }
        match (self, value) {
            (Self::Button, None | Some(Value::Null)) => Ok(Input::Nothing),
            (_, None) => Err(RequestErrorKind::MissingValue),
            (Self::Switch, Some(Value::Bool(on))) => Ok(Input::Bool(on)),
            (Self::Number { min, max, step, .. }, Some(Value::Number(number))) => {
                let precision = self.precision();
                let units = |value| Decimal::nearest(value, precision).map(|decimal| decimal.units);
                let (Some(min), Some(max), Some(step)) = (units(*min), units(*max), units(*step)) else {
                    return Err(RequestErrorKind::OutOfRange);
                };
                let units = number.units(precision).filter(|units| {
                    // The difference cannot overflow, because the range is checked first.
                    (min..=max).contains(units) && (units - min) % step.max(1) == 0
                });
                let units = units.ok_or(RequestErrorKind::OutOfRange)?;
                Ok(Input::Number(Decimal { units, precision }.to_f64()))
            }
            (Self::Select { options }, Some(Value::String(text))) => {
                let option = options.iter().find(|option| text == ***option);
                option.map(|option| Input::Choice(option)).ok_or(RequestErrorKind::OutOfRange)
            }
            (Self::Text { max } | Self::TextAction { max }, Some(Value::String(text))) => {
                if text.utf8_length() > *max { Err(RequestErrorKind::TooLong) } else { Ok(Input::Text("")) }
            }
            _ => Err(RequestErrorKind::WrongType),
        }
    }
}

fn find<'j>(object: Object<'j>, name: &str) -> Option<Value<'j>> {
    object.members().find(|(key, _)| *key == *name).map(|(_, value)| value)
}

/// Returns the id of a message. `null` counts as none.
fn read_id(object: Object<'_>) -> Result<Option<u64>, RequestError<'static>> {
    let id = match find(object, "id") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.units(0),
        Some(_) => None,
    };
    let id = id.filter(|id| *id <= ID_MAX).and_then(|id| u64::try_from(id).ok());
    id.map(Some).ok_or(RequestError::new(RequestErrorKind::BadId))
}

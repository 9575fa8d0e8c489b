//! JSON as `serde_json` reads it, but with each number as
//! written, because a JSON number may be arbitrarily large, and
//! an `f64` cannot tell whether `1e-400` is a whole number.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Exact {
    Null,
    Bool(bool),
    /// The number as written.
    Number(String),
    String(String),
    Array(Vec<Exact>),
    /// The last value of a repeated key.
    Object(BTreeMap<String, Exact>),
}

impl Exact {
    /// Reads a document. Returns `None` if it is not JSON.
    pub(crate) fn parse(text: &str) -> Option<Exact> {
        // Checks the structure. Strings are checked as each of them is read.
        let text = serde_json::from_str::<&RawValue>(text).ok()?.get();
        Some(match text.as_bytes()[0] {
            b'{' => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let members = members.into_iter().map(|(key, value)| Some((key, Self::parse(value.get())?)));
                Self::Object(members.collect::<Option<_>>()?)
            }
            b'[' => {
                let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                Self::Array(
                    elements.into_iter().map(|value| Self::parse(value.get())).collect::<Option<_>>()?,
                )
            }
            b'"' => Self::String(serde_json::from_str(text).ok()?),
            b't' | b'f' => Self::Bool(text == "true"),
            b'n' => Self::Null,
            _ => Self::Number(text.to_owned()),
        })
    }

    /// Returns the number times 10 to the power of
    /// `precision`, if that is a whole number of 64 bits.
    pub(crate) fn units(&self, precision: u8) -> Option<i64> {
        match self {
            Self::Number(digits) => units(digits, precision),
            _ => None,
        }
    }
}

/// Returns the number in units of its last digit, computed digit by digit.
pub(crate) fn units(number: &str, precision: u8) -> Option<i64> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.trim_start_matches('-').to_owned() + part;
    if digits.bytes().all(|digit| digit == b'0') {
        return Some(0);
    }
    // Beyond this, no number reaches 1, or ends before its point.
    let max = i32::try_from(number.len()).ok()? + 30;
    let exponent = exponent.parse::<i32>().ok().filter(|exponent| exponent.abs() <= max)?;
    let shift = exponent + i32::from(precision) - i32::try_from(part.len()).ok()?;
    let (kept, rest) = match usize::try_from(shift) {
        Ok(shift) => (digits + &"0".repeat(shift), String::new()),
        Err(_) => {
            let shift = usize::try_from(-shift).ok()?;
            let padded = "0".repeat(shift) + &digits;
            let index = padded.len() - shift;
            (padded[..index].to_owned(), padded[index..].to_owned())
        }
    };
    if rest.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    format!("{sign}0{kept}").parse().ok()
}

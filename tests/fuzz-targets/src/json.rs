//! JSON, compared with `serde_json`.
//!
//! Input: a document.

use crate::exact::{self, Exact};
use instep_proto::json::{JsonError, MEMBERS_MAX, NESTING_MAX, Number, Text, Value, unescape};

/// Checks the parsing of `data`.
pub(crate) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    write(text);
    let expected = serde_json::from_str::<serde_json::Value>(text);
    match (Value::parse(text), expected) {
        (Ok(value), Ok(expected)) => {
            assert!(depth(&expected) <= NESTING_MAX);
            compare(text, &value, &expected);
        }
        // It rejects only numbers that do not fit into an `f64`.
        (Ok(_), Err(error)) => assert!(Exact::parse(text).is_some(), "{error}"),
        (Err(JsonError::NotJson(index)), expected) => {
            assert!(index <= text.len());
            assert!(expected.is_err(), "valid JSON was rejected at {index}");
        }
        (Err(JsonError::TooDeep(index)), expected) => {
            assert!(matches!(text.as_bytes()[index], b'[' | b'{'));
            assert!(expected.is_err() || expected.is_ok_and(|expected| depth(&expected) > NESTING_MAX));
        }
        // `serde_json` does not detect a repeated key. A property test checks that a document without one is
        // accepted.
        (Err(JsonError::DuplicateKey(index)), _) => assert_eq!(text.as_bytes()[index], b'"'),
        (Err(JsonError::TooManyMembers(index)), expected) => {
            assert_eq!(text.as_bytes()[index], b'{');
            assert!(expected.is_err() || expected.is_ok_and(|expected| members(&expected) > MEMBERS_MAX));
        }
    }
}

fn compare(text: &str, value: &Value<'_>, expected: &serde_json::Value) {
    match (value, expected) {
        (Value::Null, serde_json::Value::Null) => {}
        (Value::Bool(ours), serde_json::Value::Bool(theirs)) => assert_eq!(ours, theirs),
        (Value::Number(ours), serde_json::Value::Number(theirs)) => {
            let (ours_near, theirs) = (ours.as_str().parse::<f64>(), theirs.as_f64());
            let (ours_near, theirs) = (
                ours_near.expect("our number is not an f64"),
                theirs.expect("the expected number is not an f64"),
            );
            // It may round the last digit differently.
            assert!((ours_near - theirs).abs() <= theirs.abs() * 1e-15, "{ours_near} or {theirs}");
            same_units(ours);
        }
        (Value::String(ours), serde_json::Value::String(theirs)) => {
            assert_eq!(ours.to_string(), *theirs);
            assert!(*ours == **theirs);
            assert_eq!(ours.utf8_length(), theirs.len());
            let mut bytes = text.as_bytes()[ours.range()].to_vec();
            let length = unescape(&mut bytes);
            assert_eq!(&bytes[..length], theirs.as_bytes());
        }
        (Value::Array(ours), serde_json::Value::Array(theirs)) => {
            let ours: Vec<_> = ours.elements().collect();
            assert_eq!(ours.len(), theirs.len());
            ours.iter().zip(theirs).for_each(|(ours, theirs)| compare(text, ours, theirs));
        }
        (Value::Object(ours), serde_json::Value::Object(theirs)) => {
            // It keeps one value of a repeated key.
            assert_eq!(ours.members().count(), theirs.len());
            for (key, value) in ours.members() {
                compare(text, &value, &theirs[&key.to_string()]);
            }
        }
        _ => panic!("{value:?} is not {expected}"),
    }
}

fn same_units(number: &Number<'_>) {
    for precision in [0, 1, 2, 6] {
        let expected = exact::units(number.as_str(), precision);
        assert_eq!(number.units(precision), expected, "{number} with {precision}");
    }
}

/// Checks that written text is read back, is
/// harmless in HTML, and is cut where necessary.
fn write(text: &str) {
    let written = Text::new(text).to_string();
    assert_eq!(serde_json::from_str::<String>(&written).expect("the written text is not JSON"), text);
    assert!(Value::parse(&written).is_ok());
    for max in [0, 1, 7, 20] {
        let cut = Text::cut(text, max).to_string();
        assert!(!cut.contains(['<', '>', '&', '\n', '\u{2028}', '\u{2029}']));
        let read = serde_json::from_str::<String>(&cut).expect("the cut text is not JSON");
        if cut != written {
            assert!(cut.len() <= max + "\"…\"".len());
            assert!(
                text.starts_with(read.strip_suffix('…').expect("the cut text does not end with an ellipsis"))
            );
        }
    }
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Returns the number of members of the largest object.
fn members(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(elements) => elements.iter().map(members).max().unwrap_or(0),
        serde_json::Value::Object(object) => {
            object.len().max(object.values().map(members).max().unwrap_or(0))
        }
        _ => 0,
    }
}

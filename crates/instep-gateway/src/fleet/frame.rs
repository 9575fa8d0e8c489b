//! Checks of what a broker says: only frames of devices go to viewers as they came.

use instep_proto::json::{JsonString, Value};

/// Words that no property and no event has as its name.
const RESERVED: [&str; 5] = ["error", "ok", "missed", "alive", "thing"];

/// Retained frame of a property, or frame of an event.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'f> {
    /// The name of the property or event.
    pub name: &'f str,
    /// The frame as it came.
    pub bytes: &'f [u8],
}

/// Returns whether this may be the frame of a property.
pub(super) fn is_value(name: &str, frame: &[u8]) -> bool {
    !RESERVED.contains(&name) && object(name, frame, false).is_some()
}

/// Returns the number in a frame that [`is_value`] accepts, and NaN for `null`. Other values are none.
pub(super) fn number(Frame { name, bytes }: Frame<'_>) -> Option<f32> {
    let value = begins(bytes, name)?.strip_prefix(b",\"value\":")?.strip_suffix(b"}")?;
    match str::from_utf8(value).ok()?.trim() {
        "null" => Some(f32::NAN),
        value if value.starts_with(|first: char| first.is_ascii_digit() || first == '-') => {
            value.parse().ok()
        }
        _ => None,
    }
}

/// Returns whether this may be the frame of an event, or that of missed events.
pub(super) fn is_event(name: &str, frame: &[u8]) -> bool {
    (!RESERVED.contains(&name) || name == "missed") && object(name, frame, true).is_some()
}

/// Returns whether this may be the answer to a command.
pub(crate) fn is_answer(frame: &[u8]) -> bool {
    ["ok", "error"].iter().any(|label| begins(frame, label).is_some() && text(frame).is_some())
}

/// What a frame `thing` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    /// The id of the start, if the frame has one.
    pub(super) start: Option<u32>,
    /// The hash of the declaration.
    pub(super) hash: Box<str>,
}

/// Returns what a frame `thing` says, or `None` if this is no such frame.
pub(super) fn greeting(frame: &[u8]) -> Option<Greeting> {
    let Value::Object(value) = object("thing", frame, false)? else { return None };
    let string = |name: &str| {
        let mut members = value.members();
        members.find_map(|(key, value)| match value {
            Value::String(text) if key == *name => Some(text),
            _ => None,
        })
    };
    let hash = string("hash")?.chars().collect::<String>().into();
    let digits = |text: JsonString<'_>| u32::from_str_radix(&text.chars().collect::<String>(), 16).ok();
    Some(Greeting { start: string("start").and_then(digits), hash })
}

/// Returns the value in a frame with this label, and perhaps with a number.
fn object<'f>(label: &str, frame: &'f [u8], may_have_number: bool) -> Option<Value<'f>> {
    // As devices write it, so that the value begins and ends at known places.
    begins(frame, label).filter(|rest| rest.starts_with(b",\"value\":") && rest.ends_with(b"}"))?;
    let Value::Object(members) = text(frame)? else { return None };
    let mut members = members.members();
    let (_, value) = (members.next()?, members.next()?.1);
    match members.next() {
        None => Some(value),
        Some((key, Value::Number(_))) if may_have_number && key == *"seq" && members.next().is_none() => {
            Some(value)
        }
        Some(_) => None,
    }
}

/// Returns what follows the label, if the frame has this one.
fn begins<'f>(frame: &'f [u8], label: &str) -> Option<&'f [u8]> {
    frame.strip_prefix(b"{\"label\":\"")?.strip_prefix(label.as_bytes())?.strip_prefix(b"\"")
}

/// Returns the JSON in a frame, which is one line.
fn text(frame: &[u8]) -> Option<Value<'_>> {
    let text = str::from_utf8(frame).ok().filter(|text| !text.contains(|letter| letter < ' '))?;
    Value::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_devices_are_taken() {
        assert!(is_value("led", br#"{"label":"led","value":true}"#));
        assert!(is_value("led", br#"{"label":"led","value":null}"#));
        assert!(is_event("said", br#"{"label":"said","value":"a","seq":12}"#));
        assert!(is_event("lines", br#"{"label":"lines","value":{"severity":"error","message":"a"}}"#));
        assert!(is_event("missed", br#"{"label":"missed","value":3}"#));
        assert!(is_answer(br#"{"label":"ok","id":0}"#));
        assert!(is_answer(br#"{"label":"error","id":1,"value":{"code":"unknown","message":"a"}}"#));
    }

    #[test]
    fn anything_else_is_not() {
        for frame in [
            &b""[..],
            b"true",
            br#"{"label":"lamp","value":true}"#,
            br#"{"label":"led"}"#,
            br#"{"label":"led","value":}"#,
            br#"{"label":"led","value":true,"value":false}"#,
            br#"{"label":"led","value":true}}"#,
            br#"{"label":"led","value":true},"other":{}"#,
            br#"{"label": "led","value":true}"#,
            b"{\"label\":\"led\",\"value\":\n\ntrue}",
            b"{\"label\":\"led\",\"value\":\"\xff\"}",
            br#"{"label":"led","value":[[[[1]]]]}"#,
            br#"{"label":"led","value":true,"x":1}"#,
            br#"{"label":"led","value":true,"seq":1}"#,
            b"{\"label\":\"led\",\"value\":true} ",
        ] {
            assert!(!is_value("led", frame), "{}", String::from_utf8_lossy(frame));
        }
        for name in RESERVED {
            assert!(!is_value(name, format!(r#"{{"label":"{name}","value":1}}"#).as_bytes()), "{name}");
        }
        assert!(!is_event("said", br#"{"label":"said","value":1,"seq":1,"x":1}"#));
        assert!(!is_event("said", br#"{"label":"said","value":1,"seq":"1"}"#));
        assert!(!is_event("alive", br#"{"label":"alive","value":1}"#));
        assert!(!is_answer(br#"{"label":"led","value":1}"#));
        assert!(!is_answer(br#"{"label":"ok""#));
    }

    #[test]
    fn start_is_read() {
        let start = |value: &str| {
            let frame = format!(r#"{{"label":"thing","value":{value}}}"#);
            greeting(frame.as_bytes()).map(|greeting| greeting.start)
        };
        assert_eq!(start(r#"{"wire":1,"hash":"ab","start":"0123abcd"}"#), Some(Some(0x0123_abcd)));
        assert_eq!(start(r#"{"wire":1,"hash":"ab"}"#), Some(None));
        assert_eq!(start(r#"{"wire":1,"hash":"ab","start":"x"}"#), Some(None));
        assert_eq!(start(r#"{"wire":1}"#), None);
        assert_eq!(start("1"), None);
    }
}

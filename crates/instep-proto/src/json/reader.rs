//! Reader that checks a whole document, and iterators that walk it.

use super::number::Number;
use super::string::{JsonString, read_escape};
use core::fmt::{self, Display};

/// Maximum nesting of objects and arrays, in levels.
pub const NESTING_MAX: usize = 4;
/// Maximum members of an object, because each key is compared with all before it.
pub const MEMBERS_MAX: usize = 16;

/// Reason why a document is rejected, with the offset of the byte, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Invalid JSON.
    NotJson(usize),
    /// Nesting above [`NESTING_MAX`].
    TooDeep(usize),
    /// Duplicate key in an object.
    DuplicateKey(usize),
    /// Object with more than [`MEMBERS_MAX`] members.
    TooManyMembers(usize),
}

impl Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(offset) => write!(f, "this is not JSON, at byte {offset}"),
            Self::TooDeep(offset) => write!(f, "more than {NESTING_MAX} levels deep, at byte {offset}"),
            Self::DuplicateKey(offset) => write!(f, "the key at byte {offset} stands there twice"),
            Self::TooManyMembers(offset) => {
                write!(f, "the object at byte {offset} has more than {MEMBERS_MAX} members")
            }
        }
    }
}

impl core::error::Error for JsonError {}

/// Value in a checked document.
#[derive(Clone, Copy, Debug)]
pub enum Value<'j> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Number.
    Number(Number<'j>),
    /// String.
    String(JsonString<'j>),
    /// Array.
    Array(Array<'j>),
    /// Object.
    Object(Object<'j>),
}

/// Array in a checked document, as the reader of its elements.
#[derive(Clone, Copy)]
pub struct Array<'j>(Reader<'j>);

/// Object in a checked document, without duplicate keys, as the reader of its members.
#[derive(Clone, Copy)]
pub struct Object<'j>(Reader<'j>);

impl<'j> Value<'j> {
    /// Parses `text` as one value, with white space around it.
    ///
    /// # Errors
    /// If `text` is not JSON, nested too deep, or has an object with a duplicate key or too many members.
    pub fn parse(text: &'j str) -> Result<Self, JsonError> {
        let mut reader = Reader { text, position: 0 };
        let value = reader.value(0)?;
        reader.skip_space();
        if reader.position == text.len() { Ok(value) } else { Err(JsonError::NotJson(reader.position)) }
    }
}

impl<'j> Array<'j> {
    /// Returns the elements.
    pub fn elements(&self) -> impl Iterator<Item = Value<'j>> + use<'j> {
        let mut reader = self.0;
        core::iter::from_fn(move || {
            reader.skip_space();
            if reader.peek() == Some(b']') {
                return None;
            }
            // The document was checked by `Value::parse`, so this cannot fail.
            let value = reader.value(0).ok()?;
            reader.skip_space();
            let _ = reader.take(b',');
            Some(value)
        })
    }
}

impl<'j> Object<'j> {
    /// Returns the members in the order of the document.
    pub fn members(&self) -> impl Iterator<Item = (JsonString<'j>, Value<'j>)> + use<'j> {
        self.texts().map(|(key, value, _)| (key, value))
    }

    /// Returns the members with the text of each value, as written in the document.
    pub fn texts(&self) -> impl Iterator<Item = (JsonString<'j>, Value<'j>, &'j str)> + use<'j> {
        let mut reader = self.0;
        core::iter::from_fn(move || {
            reader.skip_space();
            if reader.peek() == Some(b'}') {
                return None;
            }
            let key = reader.key().ok()?;
            reader.skip_space();
            let start = reader.position;
            let value = reader.value(0).ok()?;
            let text = &reader.text[start..reader.position];
            reader.skip_space();
            let _ = reader.take(b',');
            Some((key, value, text))
        })
    }
}

impl fmt::Debug for Array<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.elements()).finish()
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.members()).finish()
    }
}

#[derive(Clone, Copy)]
struct Reader<'j> {
    text: &'j str,
    /// Offset of the next byte.
    position: usize,
}

impl<'j> Reader<'j> {
    /// Reads a value with its content, within `depth` arrays and objects.
    fn value(&mut self, depth: usize) -> Result<Value<'j>, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(JsonError::NotJson(self.position)),
        }
    }

    /// Steps into an array or object up to `close`. Returns whether the array or object is empty.
    fn enter(&mut self, depth: usize, close: u8) -> Result<(Self, bool), JsonError> {
        if depth >= NESTING_MAX {
            return Err(JsonError::TooDeep(self.position));
        }
        self.position += 1;
        let place = *self;
        self.skip_space();
        Ok((place, self.take(close)))
    }

    /// Steps over the byte behind an element. Returns whether another element follows.
    fn goes_on(&mut self, close: u8) -> Result<bool, JsonError> {
        self.skip_space();
        if self.take(b',') {
            return Ok(true);
        }
        if self.take(close) { Ok(false) } else { Err(JsonError::NotJson(self.position)) }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'j>, JsonError> {
        let (place, empty) = self.enter(depth, b']')?;
        let mut more = !empty;
        while more {
            self.value(depth + 1)?;
            more = self.goes_on(b']')?;
        }
        Ok(Value::Array(Array(place)))
    }

    fn object(&mut self, depth: usize) -> Result<Value<'j>, JsonError> {
        let start = self.position;
        let (place, empty) = self.enter(depth, b'}')?;
        let mut keys = [JsonString { raw: "", start: 0 }; MEMBERS_MAX];
        let (mut count, mut more) = (0, !empty);
        while more {
            let key = self.key()?;
            if keys[..count].contains(&key) {
                return Err(JsonError::DuplicateKey(key.start - 1));
            }
            *keys.get_mut(count).ok_or(JsonError::TooManyMembers(start))? = key;
            count += 1;
            self.value(depth + 1)?;
            more = self.goes_on(b'}')?;
        }
        Ok(Value::Object(Object(place)))
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Result<JsonString<'j>, JsonError> {
        self.skip_space();
        let key = self.string()?;
        self.skip_space();
        if self.take(b':') { Ok(key) } else { Err(JsonError::NotJson(self.position)) }
    }

    fn string(&mut self) -> Result<JsonString<'j>, JsonError> {
        if !self.take(b'"') {
            return Err(JsonError::NotJson(self.position));
        }
        let start = self.position;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let escape = read_escape(&self.text.as_bytes()[self.position..]);
                    self.position += escape.ok_or(JsonError::NotJson(self.position))?.1;
                }
                None | Some(..0x20) => return Err(JsonError::NotJson(self.position)),
                Some(_) => self.position += 1,
            }
        }
        let raw = &self.text[start..self.position];
        self.position += 1;
        Ok(JsonString { raw, start })
    }

    fn number(&mut self) -> Result<Number<'j>, JsonError> {
        let start = self.position;
        let _ = self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Number { digits: &self.text[start..self.position] })
    }

    /// Reads at least one digit.
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.position;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.position += 1;
        }
        if self.position > start { Ok(()) } else { Err(JsonError::NotJson(self.position)) }
    }

    fn word(&mut self, word: &str, value: Value<'j>) -> Result<Value<'j>, JsonError> {
        if !self.text.as_bytes()[self.position..].starts_with(word.as_bytes()) {
            return Err(JsonError::NotJson(self.position));
        }
        self.position += word.len();
        Ok(value)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    /// Steps over `byte` if it is the next byte. Returns whether it was.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.position += usize::from(is_next);
        is_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString as _;
    use std::vec::Vec;

    #[test]
    fn checked_document_is_walked_in_place() {
        let text = " {\"label\" : \"l\\u0065d\", \"value\":[1.50,true,null,{\"a\":[]}], \"id\":7}\n";
        let Ok(Value::Object(object)) = Value::parse(text) else { panic!("not an object") };
        let members: Vec<_> = object.members().collect();
        assert_eq!(members.len(), 3);
        assert!(members[0].0 == *"label");
        let Value::String(label) = members[0].1 else { panic!("not a string") };
        assert!(label == *"led");
        assert_eq!(&text[label.range()], "l\\u0065d");
        let texts: Vec<_> = object.texts().map(|(_, _, text)| text).collect();
        assert_eq!(texts, ["\"l\\u0065d\"", "[1.50,true,null,{\"a\":[]}]", "7"]);
        assert_eq!(
            format!("{:?}", members[1].1),
            "Array([Number(Number { digits: \"1.50\" }), Bool(true), Null, Object({\"a\": Array([])})])"
        );
        let Value::Number(id) = members[2].1 else { panic!("not a number") };
        assert_eq!(id.units(0), Some(7));
    }

    #[test]
    fn invalid_json_is_an_error_with_its_offset() {
        for (text, offset) in [
            ("", 0),
            ("toggle", 0),
            ("tru", 0),
            ("1 2", 2),
            ("01", 1),
            ("-", 1),
            ("1.", 2),
            (".5", 0),
            ("1e", 2),
            ("+1", 0),
            ("\"", 1),
            ("\"\n\"", 1),
            (r#""\x""#, 1),
            (r#""\ud800""#, 1),
            (r#""\udc00""#, 1),
            (r#""\ud800\u0041""#, 1),
            (r#""\u00g0""#, 1),
            ("{", 1),
            ("{\"a\"}", 4),
            ("{\"a\":1,}", 7),
            ("{a:1}", 1),
            ("[1,]", 3),
            ("[1", 2),
            ("[1}", 2),
            ("\u{feff}1", 0),
        ] {
            assert_eq!(Value::parse(text).unwrap_err(), JsonError::NotJson(offset), "{text}");
        }
    }

    #[test]
    fn depth_and_members_above_limits_are_errors() {
        assert!(Value::parse("[[[[1]]]]").is_ok());
        assert_eq!(Value::parse("[[[[[]]]]]").unwrap_err(), JsonError::TooDeep(4));
        assert_eq!(Value::parse("{\"a\":[{\"b\":[{}]}]}").unwrap_err(), JsonError::TooDeep(12));
        assert!(Value::parse("{\"a\":{\"a\":1},\"b\":{\"a\":1}}").is_ok());
        assert_eq!(Value::parse("{\"a\":1,\"\\u0061\":1}").unwrap_err(), JsonError::DuplicateKey(7));
        let members = |count: usize| {
            let members: Vec<_> = (0..count).map(|i| format!("\"{i}\":0")).collect();
            "{".to_string() + &members.join(",") + "}"
        };
        assert!(Value::parse(&members(MEMBERS_MAX)).is_ok());
        let error = Value::parse(&members(MEMBERS_MAX + 1)).unwrap_err();
        assert_eq!(error, JsonError::TooManyMembers(0));
        assert_eq!(error.to_string(), "the object at byte 0 has more than 16 members");
    }
}

//! Forms (`application/x-www-form-urlencoded`, WHATWG URL section 5).

/// Error in a field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormError {
    /// `%` without two hexadecimal digits.
    Malformed,
    /// Repeated field.
    Twice,
    /// Value above the length of the buffer.
    TooLong,
}

/// Decodes the field `name` of a form or query to the start of `out`.
///
/// Returns `None` if there is no such field.
///
/// # Errors
/// If that field is malformed, repeated or too long. Other fields are not checked.
pub fn form_value<'o>(form: &[u8], name: &str, out: &'o mut [u8]) -> Result<Option<&'o [u8]>, FormError> {
    let mut values = form.split(|byte| *byte == b'&').filter_map(|field| {
        let equals = field.iter().position(|byte| *byte == b'=')?;
        (field[..equals] == *name.as_bytes()).then_some(&field[equals + 1..])
    });
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(FormError::Twice);
    }
    let (mut length, mut rest) = (0, value);
    while let [first, after @ ..] = rest {
        let byte;
        (byte, rest) = match first {
            b'%' => decode(after).ok_or(FormError::Malformed)?,
            b'+' => (b' ', after),
            other => (*other, after),
        };
        *out.get_mut(length).ok_or(FormError::TooLong)? = byte;
        length += 1;
    }
    Ok(Some(&out[..length]))
}

/// Decodes two hexadecimal digits, and returns the byte and the rest.
pub(super) fn decode(digits: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let [high, low, rest @ ..] = digits else { return None };
    Some((digit(*high)? << 4 | digit(*low)?, rest))
}

/// Text as the value of a query.
///
/// Everything but letters, digits, `-`, `.`, `_`, `~` and `/` is percent-encoded.
#[derive(Clone, Copy, Debug)]
pub struct QueryValue<'t>(pub &'t str);

impl core::fmt::Display for QueryValue<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        use core::fmt::Write as _;
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn value(form: &str) -> Result<Option<std::string::String>, FormError> {
        let mut out = [0; 8];
        let found = form_value(form.as_bytes(), "a", &mut out)?;
        Ok(found.map(|value| std::string::String::from_utf8_lossy(value).into_owned()))
    }

    #[test]
    fn field_among_others_is_decoded() {
        for (form, expected) in [
            ("a=b", Some("b")),
            ("x=1&a=b+c%2b%C3%a9&y", Some("b c+é")),
            ("a=", Some("")),
            ("a=1=2", Some("1=2")),
            ("a", None),
            ("", None),
            ("aa=1&b=a", None),
            ("b=%&a=1", Some("1")),
        ] {
            assert_eq!(value(form).unwrap().as_deref(), expected, "{form}");
        }
        assert_eq!(value("a=12345678").unwrap().as_deref(), Some("12345678"));
    }

    #[test]
    fn malformed_repeated_or_long_field_is_an_error() {
        for form in ["a=%", "a=%4", "a=%4g", "a=%+1", "a=% 41"] {
            assert_eq!(value(form), Err(FormError::Malformed), "{form}");
        }
        assert_eq!(value("a=1&a=2"), Err(FormError::Twice));
        assert_eq!(value("a=123456789"), Err(FormError::TooLong));
    }

    #[test]
    fn encoded_query_value_decodes_to_itself() {
        let text = "/any/a%20b?x=1&y=%2F#+é";
        let query = format!("next={}", QueryValue(text));
        assert_eq!(query, "next=/any/a%2520b%3Fx%3D1%26y%3D%252F%23%2B%C3%A9");
        let mut out = [0; 64];
        assert_eq!(form_value(query.as_bytes(), "next", &mut out), Ok(Some(text.as_bytes())));
    }
}

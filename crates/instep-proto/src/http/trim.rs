//! White space around values, and the bytes of tokens.

/// Without the white space that may stand around a value or an item of a list (RFC 9110 section 5.6.3).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Whether a byte may stand in a token, such as the name of a header or of a subprotocol (RFC 9110 section 5.6.2).
#[inline(never)]
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

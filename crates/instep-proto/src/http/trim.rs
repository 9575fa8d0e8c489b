//! White space around values, and bytes of tokens.

/// Removes the white space allowed around a value or list item (RFC 9110 section 5.6.3).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Returns whether a byte may be in a token, such as a header's name (RFC 9110 section 5.6.2).
#[inline(never)]
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

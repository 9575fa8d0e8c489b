//! White space around values, and bytes of tokens.

/// Removes white space around a value or list item (RFC 9110 section 5.6.3).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Returns whether a byte may be in a token (RFC 9110 section 5.6.2).
///
/// The names of headers and subprotocols are tokens.
#[inline(never)]
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

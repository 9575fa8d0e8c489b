//! White space around values.

/// Without the white space that may stand around a value or an item of a list (RFC 9110 section 5.6.3).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

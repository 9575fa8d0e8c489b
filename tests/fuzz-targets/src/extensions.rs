//! The offers of permessage-deflate in a `Sec-WebSocket-Extensions` header.
//!
//! Input: the header's value.

use instep_proto::deflate::PermessageDeflate;

/// Checks the answer to `data`.
pub(crate) fn check(data: &[u8]) {
    let Ok(header) = std::str::from_utf8(data) else { return };
    let ours = PermessageDeflate::find(header).map(|offer| offer.to_string());
    if let Some(offers) = read(data) {
        assert_eq!(ours, offers.iter().find_map(accept));
    }
    if let Some(answer) = ours {
        // The answer is an offer, too, and gets the same answer.
        let again = PermessageDeflate::find(&answer).map(|offer| offer.to_string());
        assert_eq!(again.as_ref(), Some(&answer));
    }
}

/// Extension: its name and its parameters.
type Extension = (Vec<u8>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

/// Reads the list of RFC 6455 section 9.1.
///
/// Returns `None` if it is not one, or if a quoted value has a backslash, which no meaningful value
/// needs.
fn read(header: &[u8]) -> Option<Vec<Extension>> {
    let mut rest = header;
    let mut extensions = Vec::new();
    loop {
        rest = skip_blanks(rest);
        match rest {
            [] => return Some(extensions),
            // An element may be empty (RFC 9110 section 5.6.1.2).
            [b',', tail @ ..] => {
                rest = tail;
                continue;
            }
            _ => {}
        }
        let (name, tail) = token(rest)?;
        let mut parameters = Vec::new();
        rest = skip_blanks(tail);
        while let [b';', tail @ ..] = rest {
            let (name, tail) = token(skip_blanks(tail))?;
            rest = skip_blanks(tail);
            let mut value = None;
            if let [b'=', tail @ ..] = rest {
                let (word, tail) = match skip_blanks(tail) {
                    [b'"', quoted @ ..] => {
                        let (word, tail) = token(quoted)?;
                        (word, tail.strip_prefix(b"\"")?)
                    }
                    plain => token(plain)?,
                };
                value = Some(word);
                rest = skip_blanks(tail);
            }
            parameters.push((name, value));
        }
        extensions.push((name, parameters));
        if !matches!(rest, [] | [b',', ..]) {
            return None;
        }
    }
}

fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(bytes.len());
    &bytes[end..]
}

fn token(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let end = bytes.iter().position(|byte| !is_part(byte)).unwrap_or(bytes.len());
    (end > 0).then(|| (bytes[..end].to_vec(), &bytes[end..]))
}

/// Returns the answer to an offer if this server accepts
/// it: RFC 7692 section 7.1, and no window of 256 bytes.
fn accept((name, parameters): &Extension) -> Option<String> {
    let bits: Vec<String> = (8..16).map(|bits| bits.to_string()).collect();
    let is_bits = |value: &[u8]| bits.iter().any(|bits| bits.as_bytes() == value);
    let legal = |(name, value): &(Vec<u8>, Option<Vec<u8>>)| match (&name[..], value) {
        (b"server_no_context_takeover" | b"client_no_context_takeover" | b"client_max_window_bits", None) => {
            true
        }
        (b"server_max_window_bits", Some(value)) => value != b"8" && is_bits(value),
        (b"client_max_window_bits", Some(value)) => is_bits(value),
        _ => false,
    };
    let names: std::collections::BTreeSet<_> = parameters.iter().map(|(name, _)| name).collect();
    if name != b"permessage-deflate" || !parameters.iter().all(legal) || names.len() < parameters.len() {
        return None;
    }
    let mut answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
    if let Some((_, Some(bits))) = parameters.iter().find(|(name, _)| name == b"server_max_window_bits") {
        answer += &format!("; server_max_window_bits={}", String::from_utf8_lossy(bits));
    }
    Some(answer)
}

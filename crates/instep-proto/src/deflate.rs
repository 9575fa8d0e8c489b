//! Negotiation of permessage-deflate (RFC 7692).
//!
//! This crate negotiates the extension and tracks compressed messages; it neither compresses nor decompresses.

use crate::http::{Fields, trim};

use core::fmt::{self, Display};

/// Window of the server's compressor, as a power of two.
///
/// No negotiated window is smaller, so one encoding serves all clients.
pub const WINDOW_BITS: u8 = 9;
/// Minimum payload to compress, in bytes, because shorter ones hardly shrink.
pub const LENGTH_MIN: usize = 256;
/// Bytes that a sender removes from the end of a compressed message.
///
/// The receiver appends them again (RFC 7692 section 7.2).
pub const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Acceptable offer of permessage-deflate.
///
/// The response always has both `no_context_takeover` parameters, as RFC 7692 section 7.1.1 allows. So no
/// memory is kept between messages, and a message to many clients is compressed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermessageDeflate {
    /// Maximum window of the client's decompressor, as a power of two, if offered.
    ///
    /// The value is 9 to 15.
    server_max_window_bits: Option<u8>,
}

impl PermessageDeflate {
    /// Finds the first acceptable offer in a request's `Sec-WebSocket-Extensions`.
    ///
    /// All headers of that name are one list; offers are judged as in [`find`](Self::find).
    pub fn offered_in(fields: Fields<'_>) -> Option<Self> {
        fields.items("sec-websocket-extensions").find_map(Self::parse)
    }

    /// Finds the first acceptable offer in a `Sec-WebSocket-Extensions` header.
    ///
    /// An offer is declined if a parameter is unknown to RFC 7692, repeated or malformed. So is a window of 2^8
    /// bytes for the server, which few implementations support.
    pub fn find(header: &str) -> Option<Self> {
        header.split(',').find_map(Self::parse)
    }

    fn parse(offer: &str) -> Option<Self> {
        let mut parts = offer.split(';').map(trim);
        if parts.next() != Some("permessage-deflate") {
            return None;
        }
        let mut seen = [false; 4];
        let mut server_max_window_bits = None;
        for part in parts {
            let (name, value) = part
                .split_once('=')
                .map_or((part, None), |(name, value)| (name.trim_end(), Some(unquoted(value.trim_start()))));
            let parameter = match (name, value) {
                ("server_no_context_takeover", None) => 0,
                ("client_no_context_takeover", None) => 1,
                ("server_max_window_bits", Some(value)) => {
                    server_max_window_bits = Some(window_bits(value).filter(|bits| *bits >= WINDOW_BITS)?);
                    2
                }
                ("client_max_window_bits", None) => 3,
                ("client_max_window_bits", Some(value)) => {
                    window_bits(value)?;
                    3
                }
                _ => return None,
            };
            if core::mem::replace(&mut seen[parameter], true) {
                return None;
            }
        }
        Some(Self { server_max_window_bits })
    }
}

/// Displays the value of `Sec-WebSocket-Extensions` that accepts the offer.
impl Display for PermessageDeflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("permessage-deflate; server_no_context_takeover; client_no_context_takeover")?;
        match self.server_max_window_bits {
            Some(bits) => write!(f, "; server_max_window_bits={bits}"),
            None => Ok(()),
        }
    }
}

/// Removes the quotes of a quoted value (RFC 6455 section 9.1).
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// Parses a window of 8 to 15 bits, without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    let plain = !value.starts_with(['0', '+']);
    value.parse().ok().filter(|bits| plain && (8..=15).contains(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn acceptable_offers_are_answered() {
        let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        for (header, bits) in [
            ("permessage-deflate", ""),
            ("permessage-deflate; client_max_window_bits", ""),
            ("permessage-deflate;client_max_window_bits=8 ; client_no_context_takeover", ""),
            ("permessage-deflate; server_max_window_bits=9", "; server_max_window_bits=9"),
            ("permessage-deflate; server_max_window_bits=\"15\"", "; server_max_window_bits=15"),
            ("x-webkit-deflate-frame, permessage-deflate; server_no_context_takeover", ""),
            ("permessage-deflate; server_max_window_bits=8, permessage-deflate", ""),
        ] {
            let answer = PermessageDeflate::find(header).map(|offer| offer.to_string());
            assert_eq!(answer, Some([both, bits].concat()), "{header}");
        }
    }

    #[test]
    fn unacceptable_offers_are_declined() {
        for header in [
            "",
            "permessage-bzip2",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=010",
            "permessage-deflate; server_max_window_bits=+9",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=x",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; unheard_of",
            "permessage-deflate;",
        ] {
            assert_eq!(PermessageDeflate::find(header), None, "{header}");
        }
    }
}

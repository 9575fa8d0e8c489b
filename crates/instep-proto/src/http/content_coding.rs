//! Negotiation of gzip (RFC 9110 section 12.5.3).

use super::RequestHead;
use super::trim;

/// Function that chooses between gzip (`true`) and no coding.
///
/// Only assets in both forms reference it, so firmware without such an asset does not link it.
pub(super) type Negotiation = fn(&RequestHead<'_>) -> bool;

/// Weights in `Accept-Encoding`, in thousandths; `None` if not listed.
#[derive(Default)]
struct Weights {
    gzip: Option<u16>,
    identity: Option<u16>,
    any: Option<u16>,
}

/// Returns whether gzip has at least the weight of no coding.
pub(super) fn prefers_gzip(request: &RequestHead<'_>) -> bool {
    let mut weights = Weights::default();
    for item in request.fields.items("accept-encoding") {
        let mut parts = item.split(';').map(trim);
        let coding = parts.next().unwrap_or_default();
        let is = |known: &str| coding.eq_ignore_ascii_case(known);
        let weight = match coding {
            _ if is("gzip") => &mut weights.gzip,
            _ if is("identity") => &mut weights.identity,
            "*" => &mut weights.any,
            _ => continue,
        };
        // An invalid item is ignored.
        if let Some(read) = parts.next().map_or(Some(1000), parse_weight) {
            *weight = Some(weight.map_or(read, |other| other.max(read)));
        }
    }
    let identity = weights.identity.or(weights.any);
    match (weights.gzip, weights.any) {
        (Some(0), _) => false,
        (Some(gzip), _) => gzip >= identity.unwrap_or(0),
        // "*" alone lists neither, and a client that surely supports gzip lists it.
        (None, Some(any)) => any > identity.unwrap_or(0),
        (None, None) => identity == Some(0),
    }
}

/// Parses a weight such as `q=0.25`, in thousandths.
fn parse_weight(text: &str) -> Option<u16> {
    let weight = text.strip_prefix(['q', 'Q'])?.strip_prefix('=')?;
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths =
        decimals.bytes().chain([b'0'; 3]).take(3).fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    match (whole, thousandths) {
        ("0", _) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::HeadLimits;
    use super::*;
    use std::format;

    fn gets_gzip(headers: &str) -> bool {
        let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        let (head, _) = RequestHead::parse(text.as_bytes(), limits).unwrap().unwrap();
        prefers_gzip(&head)
    }

    #[test]
    fn gzip_is_chosen_if_weight_is_not_below_identity() {
        for (list, expected) in [
            ("gzip", true),
            ("br, gzip", true),
            ("GZIP", true),
            ("gzip, deflate, br, zstd", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("gzip ; Q=0", false),
            ("x-gzip", false),
            ("gzip;q=0.01", true),
            ("", false),
            ("br", false),
            ("identity", false),
            ("gzip;q=0.5, identity", false),
            ("gzip;q=0.5, identity;q=0.5", true),
            ("gzip;q=0.5, identity;q=0.501", false),
            ("gzip;q=0.002, *;q=0.001", true),
            ("*", false),
            ("*;q=0.5, identity;q=0.1", true),
            ("*;q=0", false),
            ("gzip;q=0, *", false),
            ("*;q=0.5, gzip;q=0.4", false),
            ("identity;q=0, *", true),
            ("identity;q=0", true),
            ("identity;q=0, gzip;q=0", false),
            ("gzip;q=2", false),
            ("gzip;q=1.001", false),
            ("gzip;q=0.0001", false),
            ("gzip;q=", false),
            ("gzip;q=-1", false),
            ("gzip;level=9", false),
        ] {
            assert_eq!(gets_gzip(&format!("Accept-Encoding: {list}\r\n")), expected, "{list}");
        }
        assert!(!gets_gzip(""), "gzip without Accept-Encoding");
        assert!(
            gets_gzip("Accept-Encoding: br\r\nAccept-Encoding: identity;q=0.5, gzip\r\n"),
            "lines were not joined to one list"
        );
        assert!(!gets_gzip("Accept-Encoding: gzip;q=0.5\r\nAccept-Encoding: identity\r\n"));
    }
}

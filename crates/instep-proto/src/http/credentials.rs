//! Credentials of a request: cookies and `Authorization`.
//!
//! The formats are defined in RFC 6265, and in RFC 7617 and 6750.

use super::trim;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Returns the cookies in a `Cookie` header, as names and values.
///
/// Cookies that are not UTF-8 are left out. A name may be repeated, because pages of other ports and domains
/// can set cookies of the same name.
pub fn cookies(header: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let pairs = header.split(|byte| *byte == b';').filter_map(|pair| core::str::from_utf8(pair).ok());
    pairs.filter_map(|pair| trim(pair).split_once('='))
}

/// Writes the password of an `Authorization` header to the start of `out`.
///
/// This is the password of `Basic`, for any user, or the token of `Bearer`. Returns `None` if the header has no
/// password, or a password longer than `out`.
pub fn authorization_password<'o>(authorization: &str, out: &'o mut [u8]) -> Option<&'o [u8]> {
    let (scheme, rest) = authorization.split_once(' ')?;
    let rest = rest.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        let out = out.get_mut(..rest.len())?;
        out.copy_from_slice(rest.as_bytes());
        return Some(out);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let length = STANDARD.decode_slice(rest, out).ok()?;
    let colon = out[..length].iter().position(|byte| *byte == b':')?;
    Some(&out[colon + 1..length])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn cookies_are_split_into_names_and_values() {
        let of = |header: &'static [u8]| cookies(header).collect::<Vec<_>>();
        assert_eq!(of(b"a=b; instep_80=x;a=y=z ;b"), [("a", "b"), ("instep_80", "x"), ("a", "y=z")]);
        assert_eq!(of(b"a="), [("a", "")]);
        assert!(of(b"a").is_empty() && of(b"").is_empty());
        assert_eq!(of(b"a=b; c=\xff; d=e"), [("a", "b"), ("d", "e")]);
    }

    #[test]
    fn basic_and_bearer_give_password() {
        let password = |header: &str| {
            let mut out = [0; 64];
            authorization_password(header, &mut out).map(<[u8]>::to_vec)
        };
        // The example of RFC 7617 section 2.
        assert_eq!(password("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap(), b"open sesame");
        assert_eq!(password("bAsic  OmE6Yg==").unwrap(), b"a:b");
        assert_eq!(password("Bearer open-sesame").unwrap(), b"open-sesame");
        for wrong in ["Basic", "Basic ?", "Basic YQ==", "Digest a:b", "", "Bearer", "QWxhZGRpbjpvcGVu"] {
            assert_eq!(password(wrong), None, "{wrong}");
        }
        let mut out = [0; 4];
        assert_eq!(authorization_password("Bearer 12345", &mut out), None);
        assert_eq!(authorization_password("Basic OjEyMzQ1Njc4OQ==", &mut out), None);
    }
}

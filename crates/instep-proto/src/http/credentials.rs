//! What a client shows to be let in: cookies (RFC 6265) and `Authorization` (RFC 7617 and 6750).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The values that a `Cookie` header has for `name`. There may be more than one: pages of other ports and domains can
/// set cookies of the same name.
pub fn cookie_values<'c>(cookies: &'c str, name: &'c str) -> impl Iterator<Item = &'c str> {
    let pairs = cookies.split(';').filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('='));
    pairs.filter(move |(known, _)| *known == name).map(|(_, value)| value)
}

/// The password in an `Authorization` header, written to the start of `out`: the one of `Basic`, whatever the user is
/// called, or the token of `Bearer`. `None` if there is none, or it is longer than `out`.
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
    fn cookies_of_one_name_and_no_other() {
        let values = |cookies| cookie_values(cookies, "instep_80").collect::<Vec<_>>();
        assert_eq!(values("a=b; instep_80=x;instep_80=y ; instep_8080=z; Instep_80=w"), ["x", "y"]);
        assert_eq!(values("instep_80="), [""]);
        assert!(values("instep_80").is_empty() && values("").is_empty());
    }

    #[test]
    fn passwords_of_basic_and_bearer() {
        let password = |header: &str| {
            let mut out = [0; 64];
            authorization_password(header, &mut out).map(<[u8]>::to_vec)
        };
        // RFC 7617 section 2, and a colon in the password.
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

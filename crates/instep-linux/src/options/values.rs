//! Parsers of values.
//!
//! Their errors continue the quoted value: `"8080"` + ` is not an address and a port`.

use crate::addresses::Address;
use instep::App;
use instep::access::IpNetwork;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// An invalid value and the reason.
#[derive(Debug)]
pub(super) struct ValueError {
    pub(super) text: String,
    pub(super) reason: String,
}

/// Parses all values of a list, which may be empty.
pub(super) fn each<T>(
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, ValueError> {
    let parse = |text: &String| parse(text).map_err(|reason| ValueError { text: text.clone(), reason });
    texts.iter().map(parse).collect()
}

pub(super) fn application(apps: &[&'static App], name: &str) -> Result<&'static App, String> {
    apps.iter().copied().find(|app| app.name() == name).ok_or_else(|| {
        let names: Vec<_> = apps.iter().map(|app| app.name()).collect();
        format!("is not an application; use one of {}", names.join(", "))
    })
}

/// Parses an address and a port.
///
/// `*` or no address is every address of this machine.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = "is not an address and a port, such as 127.0.0.1:8080";
    let (host, port) = text.rsplit_once(':').ok_or(wrong)?;
    let number =
        port.parse::<u16>().map_err(|_| "has no port from 0 to 65535; write it as 127.0.0.1:8080")?;
    if let "" | "*" = host {
        return Ok(SocketAddr::new(unspecified(), number));
    }
    let mut addresses =
        text.to_socket_addrs().map_err(|_| "has a host name that this machine cannot resolve")?;
    addresses.next().ok_or_else(|| wrong.into())
}

/// Returns `[::]`, or `0.0.0.0` if this machine has no IPv6.
fn unspecified() -> IpAddr {
    match std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)) {
        Ok(_) => Ipv6Addr::UNSPECIFIED.into(),
        Err(_) => Ipv4Addr::UNSPECIFIED.into(),
    }
}

/// Parses an address to listen on. `https://` before it enables TLS.
pub(super) fn listener(text: &str) -> Result<Address, String> {
    let (secure, rest) = match text.split_once("://") {
        None => (false, text),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
        Some(_) => return Err("begins with neither http:// nor https://".into()),
    };
    let socket = address(rest.strip_suffix('/').unwrap_or(rest))?;
    Ok(Address { secure, ..Address::from(socket) })
}

/// Parses a port of 127.0.0.1, or an address and a port.
pub(super) fn port_or_address(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<u16>() {
        Ok(port) => Ok(SocketAddr::from(([127, 0, 0, 1], port))),
        Err(_) => address(text),
    }
}

pub(super) fn host(text: &str) -> Result<String, String> {
    if !instep::access::is_host_name(text) {
        return Err("is not a host name; write it without http:// and without a port".into());
    }
    Ok(text.into())
}

pub(super) fn origin(text: &str) -> Result<String, String> {
    if !instep::access::is_origin(text) {
        return Err(
            "is not an origin, such as http://example.org, https://example.org:8443 or capacitor://localhost; leave out \
                    the path"
                .into(),
        );
    }
    Ok(text.into())
}

/// Parses an origin for the header `Content-Security-Policy`.
///
/// Other characters could add directives to the header.
pub(super) fn frame(text: &str) -> Result<String, String> {
    if !instep::access::is_framing_origin(text) {
        return Err("is not an origin, such as http://example.org or https://example.org:8443".into());
    }
    Ok(text.into())
}

pub(super) fn proxy(text: &str) -> Result<IpNetwork, String> {
    text.parse().map_err(|_| {
        "is not an address without a port, such as 192.168.0.2, or a network, such as 172.16.0.0/12; a proxy on this machine \
         is 127.0.0.1 or ::1"
            .into()
    })
}

/// Parses a path and strips a `/` at its end. The empty path is valid.
pub(super) fn base_path(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if !(path.is_empty() || path.starts_with('/')) || path.contains("//") || !path.bytes().all(good) {
        return Err("is not a path, such as /device".into());
    }
    Ok(path.into())
}

/// Parses a password that a browser can send.
pub(super) fn password(text: &str) -> Result<Zeroizing<String>, String> {
    match instep::login::find_password(text.as_bytes()) {
        Ok(password) => Ok(Zeroizing::new(password.into())),
        Err(error) => Err(error.reason().into()),
    }
}

/// Parses a password at a broker, which may be any text.
pub(super) fn broker_password(text: &str) -> Result<Zeroizing<String>, String> {
    if text.is_empty() { Err("is empty".into()) } else { Ok(Zeroizing::new(text.into())) }
}

/// Parses the name of a file, which need not exist.
pub(super) fn file(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("is not the name of a file".into()) } else { Ok(text.into()) }
}

/// Parses a count, or a size in bytes.
pub(super) fn count(text: &str) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err("is not a whole number".into());
    }
    text.parse().map_err(|_| "is too large".into())
}

/// Parses a time and returns it in ms.
pub(super) fn time(text: &str) -> Result<u64, String> {
    let wrong = "is not a time with its unit, such as 5 s or 500 ms";
    let unit_index = text.find(|c: char| !c.is_ascii_digit()).ok_or(wrong)?;
    let (number, unit) = text.split_at(unit_index);
    let milliseconds = match unit.trim_start_matches(' ') {
        "s" => 1000,
        "ms" => 1,
        _ => return Err(wrong.into()),
    };
    let number: u64 = number.parse().map_err(|_| wrong)?;
    number.checked_mul(milliseconds).ok_or_else(|| "is too long".into())
}

/// Formats a time as [`time`] parses it.
pub(super) fn show_time(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(1000) {
        format!("{} s", milliseconds / 1000)
    } else {
        format!("{milliseconds} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_values_are_rejected() {
        assert!(address("127.0.0.1:0").is_ok() && address("[::1]:80").is_ok());
        for wrong in
            ["8080", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", ":80:", ":", "*", "*:", "**:80", "*.*:80"]
        {
            assert!(address(wrong).is_err(), "{wrong}");
        }
        for text in [":8080", "*:8080"] {
            let all = address(text).unwrap();
            assert!(all.ip().is_unspecified() && all.port() == 8080, "{all}");
            assert_eq!(listener(&format!("https://{text}/")).unwrap().to_string(), format!("https://{all}"));
            assert_eq!(port_or_address(text), Ok(all));
        }
        for (text, expected) in
            [("9000", "127.0.0.1:9000"), ("0.0.0.0:0", "0.0.0.0:0"), ("[::1]:1", "[::1]:1")]
        {
            assert_eq!(port_or_address(text).unwrap().to_string(), expected);
        }
        for wrong in ["99999", "0.0.0.0", "", "-1"] {
            assert!(port_or_address(wrong).is_err(), "{wrong}");
        }
        assert!(origin("https://a.b:1").is_ok() && origin("null").is_ok());
        assert!(origin("file://").is_ok() && origin("capacitor://localhost").is_ok());
        for wrong in ["", "example.org", "http://", "http://a/", "file:// ", "file:"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
        assert!(frame("https://a.b:1").is_ok() && frame("http://[::1]:80").is_ok());
        for wrong in ["null", "*", "http://a b", "http://a;b", "http://a\r\nb", "http://*.a", "'self'"] {
            assert!(frame(wrong).is_err(), "{wrong}");
        }
        assert!(proxy("127.0.0.1").is_ok() && proxy("::1").is_ok() && proxy("10.0.0.0/8").is_ok());
        for wrong in ["", "localhost", "127.0.0.1:80", "10.0.0.0/33", "[::1]"] {
            assert!(proxy(wrong).is_err(), "{wrong}");
        }
        for (path, right) in [("/device/", "/device"), ("/a/b-c", "/a/b-c"), ("/", ""), ("", "")] {
            assert_eq!(base_path(path).as_deref(), Ok(right));
        }
        for wrong in ["device", "/a//b", "/a?b", "/a b", "/%20", "https://a/"] {
            assert!(base_path(wrong).is_err(), "{wrong}");
        }
        assert!(host("lamp.test").is_ok());
        for wrong in ["", "http://lamp", "lamp:80", "a b"] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
        assert_eq!(count("65536"), Ok(65_536));
        for wrong in ["", "-1", "+1", "1.5", "0x10", "1_000", "99999999999999999999"] {
            assert!(count(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn listening_address_parses_as_it_is_printed() {
        for text in ["127.0.0.1:0", "[::1]:80", "https://127.0.0.1:8443", "https://[::]:443"] {
            assert_eq!(listener(text).unwrap().to_string(), text);
        }
        for (text, printed) in
            [("http://127.0.0.1:80/", "127.0.0.1:80"), ("HTTPS://[::1]:1/", "https://[::1]:1")]
        {
            assert_eq!(listener(text).unwrap().to_string(), printed);
        }
        for wrong in ["", "https://", "https://127.0.0.1", "wss://127.0.0.1:1", "https://127.0.0.1:1/page"] {
            assert!(listener(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn time_with_a_unit_parses_as_it_is_printed() {
        for (text, milliseconds) in [("5 s", 5000), ("5s", 5000), ("500 ms", 500), ("0 s", 0)] {
            assert_eq!(time(text), Ok(milliseconds), "{text}");
        }
        for milliseconds in [0, 1, 999, 1000, 1001, 86_400_000] {
            assert_eq!(time(&show_time(milliseconds)), Ok(milliseconds));
        }
        for wrong in ["", "5", "s", "5 m", "5 S", "-5 s", "1.5 s", "5 s ", " 5 s", "99999999999999999999 s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert!(time("18446744073709551615 s").is_err(), "an overflow is an error");
    }
}

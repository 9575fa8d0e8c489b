//! Check of Host against the names of the device.

use super::Access;
use super::authority::{find, is_address, parse_host};

/// Suffixes that routers and resolvers append to a device's name.
///
/// The public DNS delegates none of them (RFC 6762, RFC 8375, ICANN's `internal`), so no name below them can be rebound.
/// `.fritz.box` is missing, because `.box` is public.
const SUFFIXES: [&str; 6] = [".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain"];

impl Access {
    /// Returns whether a Host is an IP address, `localhost`, or a name of the device.
    pub(super) fn knows_host(&self, host: &str) -> bool {
        let Some(host) = parse_host(host) else { return false };
        let name = without_dot(host.name);
        let own = without_dot(self.name);
        let alone = find(own, b'.').map_or(own, |end| &own[..end]);
        let is = |known: &str| !known.is_empty() && name.eq_ignore_ascii_case(known);
        is_address(name)
            || is("localhost")
            || [own, alone].iter().any(|own| is_name_of(own, name))
            || self.hosts.iter().any(|known| is(without_dot(known)))
    }
}

/// Returns whether `name` is the device's own, alone or with one of [`SUFFIXES`].
///
/// Below `.local` it may have a number, which mDNS adds if another device has the name (RFC 6762 section 9).
fn is_name_of(own: &str, name: &str) -> bool {
    let Some((begin, rest)) = name.split_at_checked(own.len()) else { return false };
    if own.is_empty() || !begin.eq_ignore_ascii_case(own) {
        return false;
    }
    rest.is_empty() || SUFFIXES.iter().any(|suffix| rest.eq_ignore_ascii_case(suffix)) || is_numbered(rest)
}

/// Returns whether the rest of a name is a number below `.local`: `-2.local`.
fn is_numbered(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('-') else { return false };
    let number = rest.bytes().take_while(u8::is_ascii_digit).count();
    number > 0 && rest[number..].eq_ignore_ascii_case(".local")
}

/// Removes the dot at the end of a fully qualified name.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_name_passes_with_suffixes_of_routers() {
        for (own, name, passes) in [
            ("box.example.com", "box.example.com", true),
            ("box.example.com", "BOX.Example.COM.", true),
            ("box.example.com", "box", true),
            ("box.example.com", "box.", true),
            ("box.example.com", "box.local", true),
            ("box.example.com", "box-2.local", true),
            ("box.example.com", "box.example", false),
            ("box.example.com", "example.com", false),
            ("box.example.com", "box.example.com.evil.test", false),
            ("Lamp.", "lamp", true),
            ("Lamp.", "lamp.LOCAL", true),
            ("lamp.local", "lamp", true),
            ("lamp.local", "lamp.local.", true),
            ("lamp", "lamp.lan", true),
            ("lamp", "lamp.home", true),
            ("lamp", "Lamp.Home.Arpa.:8080", true),
            ("lamp", "lamp.internal", true),
            ("lamp", "lamp.localdomain", true),
            // Numbers exist below `.local` only.
            ("lamp", "lamp-2.lan", false),
            ("lamp", "lamp-2.local", true),
            ("lamp", "lamp-2.local.lan", false),
            ("lamp", "lamp.fritz.box", false),
            ("lamp", "lamp.arpa", false),
            ("lamp", "lamp.home.arpa.test", false),
            ("lamp", "my.lamp.lan", false),
            ("lamp", "lamp.lan.local", false),
            ("lamp", "amp.lan", false),
            ("lamp", "lamp..", false),
            ("lamp", "lamp..lan", false),
            ("lamp", ".lan", false),
            ("", ".lan", false),
            ("", "-2.local", false),
            (".", ".local", false),
            (".lamp", ".local", false),
        ] {
            assert_eq!(Access::new(own).knows_host(name), passes, "{name} of {own}");
        }
    }

    #[test]
    fn allowed_name_ignores_case_and_final_dot() {
        let access = Access::new("").with_hosts(&["Lamp.Fritz.box.", ""]);
        for name in ["lamp.fritz.box", "LAMP.fritz.BOX.", "lamp.fritz.box:80", "lamp.fritz.box:"] {
            assert!(access.knows_host(name), "{name}");
        }
        for name in ["fritz.box", "lamp.fritz.box.local", ".", ""] {
            assert!(!access.knows_host(name), "{name}");
        }
    }

    #[test]
    fn ip_addresses_pass() {
        for host in ["[fe80::1%eth0]", "[fe80::1%25eth0]:8080", "[::1]", "127.0.0.1", "127.0.0.1."] {
            assert!(Access::new("lamp").knows_host(host), "{host}");
        }
        for host in ["[lamp%eth0]", "[%eth0]", "fe80::1%eth0", "[fe80::1", "127.0.0.1%eth0", "[127.0.0.1]"] {
            assert!(!Access::new("lamp").knows_host(host), "{host}");
        }
    }
}

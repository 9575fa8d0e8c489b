//! The names by which a device goes.

use super::Access;
use super::authority::{find, is_address, parse_host};

/// What routers and resolvers append to a device's name. The public DNS delegates none of these (RFC 6762, RFC 8375, ICANN's
/// `internal`), so that nobody can rebind a name below them. `.fritz.box` is not among them: `.box` is public.
const SUFFIXES: [&str; 6] = [".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain"];

impl Access {
    pub(super) fn knows_host(&self, host: &str) -> bool {
        let Some(host) = parse_host(host) else { return false };
        let name = without_dot(host.name);
        let own = without_dot(self.name);
        let alone = find(own, b'.').map_or(own, |end| &own[..end]);
        let is = |known: &str| !known.is_empty() && name.eq_ignore_ascii_case(known);
        is_address(name)
            || is("localhost")
            || [own, alone].iter().any(|own| goes_by(own, name))
            || self.hosts.iter().any(|known| is(without_dot(known)))
    }
}

/// Whether a device of that name goes by `name`: the same, or one of [`SUFFIXES`] behind it. Below `.local` there may be a number,
/// too: so mDNS calls the device where another one has the name (RFC 6762 section 9).
fn goes_by(own: &str, name: &str) -> bool {
    let Some((begin, rest)) = name.split_at_checked(own.len()) else { return false };
    if own.is_empty() || !begin.eq_ignore_ascii_case(own) {
        return false;
    }
    rest.is_empty() || SUFFIXES.iter().any(|suffix| rest.eq_ignore_ascii_case(suffix)) || is_numbered(rest)
}

/// `-2.local`
fn is_numbered(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('-') else { return false };
    let number = rest.bytes().take_while(u8::is_ascii_digit).count();
    number > 0 && rest[number..].eq_ignore_ascii_case(".local")
}

/// A dot at the end says that the name is complete: it is the same one.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_goes_by_its_name_and_what_routers_append_to_it() {
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
            // Of names below the other suffixes routers make none with a number.
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
    fn a_name_that_is_allowed_has_no_case_and_no_dot_at_its_end() {
        let access = Access::new("").with_hosts(&["Lamp.Fritz.box.", ""]);
        for name in ["lamp.fritz.box", "LAMP.fritz.BOX.", "lamp.fritz.box:80", "lamp.fritz.box:"] {
            assert!(access.knows_host(name), "{name}");
        }
        for name in ["fritz.box", "lamp.fritz.box.local", ".", ""] {
            assert!(!access.knows_host(name), "{name}");
        }
    }

    #[test]
    fn an_address_is_no_name_that_could_be_rebound() {
        for host in ["[fe80::1%eth0]", "[fe80::1%25eth0]:8080", "[::1]", "127.0.0.1", "127.0.0.1."] {
            assert!(Access::new("lamp").knows_host(host), "{host}");
        }
        for host in ["[lamp%eth0]", "[%eth0]", "fe80::1%eth0", "[fe80::1", "127.0.0.1%eth0", "[127.0.0.1]"] {
            assert!(!Access::new("lamp").knows_host(host), "{host}");
        }
    }
}

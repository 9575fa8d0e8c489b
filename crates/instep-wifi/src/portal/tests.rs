use super::*;
use crate::join::Protection;
use crate::name::Name;
use core::net::Ipv4Addr;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);

/// A simulated radio, with its networks and the outcomes of joining them.
#[derive(Default)]
struct Simulated {
    /// Name, password (empty for an open network), and whether its router gives addresses.
    around: Vec<(&'static [u8], &'static str, bool)>,
    kept: Vec<Credentials>,
    memory_fails: bool,
    left: bool,
    /// Tasks that were taken.
    did: Vec<&'static str>,
}

impl Simulated {
    /// Runs all tasks.
    fn work(&mut self, portal: &mut Portal) {
        loop {
            match portal.next_task() {
                Task::Rest => return,
                Task::Scan => {
                    self.did.push("scan");
                    let mut found = Networks::default();
                    for (at, (name, password, _)) in self.around.iter().enumerate() {
                        let Some(ssid) = Ssid::new(name) else { continue };
                        let signal = -40 - i8::try_from(at).unwrap();
                        found.add(Network { ssid, signal, protected: !password.is_empty() });
                    }
                    portal.found(found);
                }
                Task::Join(credentials) => {
                    self.did.push("join");
                    portal.tried(self.join(&credentials));
                }
                Task::Keep(credentials) => {
                    self.did.push("keep");
                    self.kept.push(credentials);
                    portal.kept(!self.memory_fails);
                }
                Task::Leave => {
                    self.left = true;
                    return;
                }
            }
        }
    }

    fn join(&self, credentials: &Credentials) -> Outcome {
        let said = match &credentials.protection {
            Protection::Open => "",
            Protection::Password(password) => password.reveal(),
        };
        match self.around.iter().find(|(name, ..)| *name == credentials.ssid.as_bytes()) {
            None => Outcome::NotFound,
            Some((_, password, _)) if *password != said => Outcome::WrongPassword,
            Some((b"Full", ..)) => Outcome::NotJoined,
            Some((_, _, false)) => Outcome::NoAddress,
            Some(_) => Outcome::Joined(ADDRESS),
        }
    }
}

fn home() -> Simulated {
    let around: Vec<(&'static [u8], &'static str, bool)> = std::vec![
        (b"Home", "correct horse", true),
        (b"Cafe", "", true),
        (b"Mute", "12345678", false),
        (b"Full", "", true)
    ];
    Simulated { around, ..Simulated::default() }
}

fn lamp() -> Name {
    "lamp".parse().unwrap()
}

fn about(name: &Name) -> About<'_> {
    About {
        name,
        found: name,
        guarded: false,
        said: None,
        #[cfg(feature = "mqtt")]
        broker: super::BrokerAbout::default(),
    }
}

fn whole_page(portal: &Portal, about: &About<'_>) -> String {
    let (mut out, mut next) = (String::new(), Some(FIRST_PART));
    while let Some(part) = next {
        next = portal.write_part(part, about, &mut out).unwrap();
    }
    out
}

fn page(portal: &Portal) -> String {
    let out = whole_page(portal, &about(&lamp()));
    assert!(out.starts_with("<!doctype html>") && out.ends_with("</html>\n"));
    assert!(!out.contains("<script") && !out.contains("style=") && !out.contains("<img"), "{out}");
    out
}

fn digits(name: &[u8]) -> String {
    Ssid::new(name).unwrap().digits().to_string()
}

#[test]
fn joined_network_is_saved_and_then_shown() {
    let (mut portal, mut radio) = (Portal::new(), home());
    radio.work(&mut portal);
    let asks = page(&portal);
    assert!(asks.contains("2.4 GHz only") && asks.contains("<bdi>Home</bdi> <small>-40 dBm</small>"));
    assert!(asks.contains("<bdi>Cafe</bdi> <small>-41 dBm, without a password</small>"));

    portal.submit(digits(b"Home").as_bytes(), b"", b"correct horse").unwrap();
    assert!(radio.kept.is_empty());
    let waits = page(&portal);
    assert!(waits.contains("Joining <bdi>Home</bdi>") && waits.contains("http-equiv=\"refresh\""));
    assert_eq!(portal.submit(digits(b"Cafe").as_bytes(), b"", b""), Err(FormError::Busy));
    assert!(!portal.shows_address());

    radio.work(&mut portal);
    assert_eq!(radio.did, ["scan", "join", "keep"]);
    assert_eq!(radio.kept.len(), 1);
    assert!(!radio.left, "the phone does not know yet");
    let text = page(&portal);
    assert!(text.contains("href=\"http://lamp.local/\"") && text.contains("href=\"http://192.168.1.50/\""));
    assert!(portal.shows_address() && !text.contains("refresh") && !text.contains("alert"));
    portal.shown();
    radio.work(&mut portal);
    assert!(radio.left);
    portal.shown();
    assert_eq!(portal.next_task(), Task::Rest, "once");
    assert!(portal.shows_address(), "as long as the device's own network is there");
}

#[test]
fn failed_join_shows_its_reason_and_saves_nothing() {
    for (network, other, password, problem) in [
        (digits(b"Home"), "", "wrong horse", "refuses this password"),
        (digits(b"Cafe"), "", "12345678", "refuses this password"),
        ("other".into(), "Elsewhere", "12345678", "is not there"),
        (digits(b"Mute"), "", "12345678", "no address"),
        (digits(b"Full"), "", "", "may be full"),
        (digits(b"Home"), "", "short", "8 to 63"),
        (digits(b"Home"), "", "p\u{e4}ssword", "8 to 63"),
        (String::new(), "", "12345678", "Choose a network"),
        ("other".into(), "", "12345678", "Choose a network"),
        ("xyz".into(), "", "12345678", "Choose a network"),
        ("0".repeat(66), "", "12345678", "Choose a network"),
    ] {
        let (mut portal, mut radio) = (Portal::new(), home());
        radio.work(&mut portal);
        let _ = portal.submit(network.as_bytes(), other.as_bytes(), password.as_bytes());
        radio.work(&mut portal);
        let text = page(&portal);
        assert!(text.contains("role=\"alert\"") && text.contains(problem), "{problem}: {text}");
        assert!(password.is_empty() || !text.contains(password), "a password does not come back");
        assert!(radio.kept.is_empty() && !portal.shows_address());
        // What was chosen stays chosen.
        let chosen = format!("value=\"{network}\" required checked");
        assert_eq!(
            text.contains(&chosen),
            !other.is_empty() || (!network.is_empty() && Ssid::from_digits(network.as_bytes()).is_some())
        );

        portal.submit(digits(b"Home").as_bytes(), b"", b"correct horse").unwrap();
        radio.work(&mut portal);
        assert!(portal.shows_address());
    }
}

#[test]
fn network_name_is_never_markup() {
    let mut radio = home();
    radio.around = std::vec![
        (b"<img src=x onerror=1>", "12345678", true),
        (b"\"'><script>", "12345678", true),
        (b"\xff\0\x1b[31m", "12345678", true),
        (b"", "12345678", true),
    ];
    let mut portal = Portal::new();
    radio.work(&mut portal);
    let asks = page(&portal);
    assert!(asks.contains("<bdi>&lt;img src=x onerror=1&gt;</bdi>"), "{asks}");
    assert!(asks.contains("<bdi>&quot;&#39;&gt;&lt;script&gt;</bdi>"));
    assert!(asks.contains("<bdi>\u{fffd}\u{fffd}\u{fffd}[31m</bdi>"));
    assert_eq!(asks.matches("type=\"radio\"").count(), 4);
    // The bytes come back as they were.
    portal.submit(digits(b"\xff\0\x1b[31m").as_bytes(), b"", b"12345678").unwrap();
    radio.work(&mut portal);
    assert!(portal.shows_address());
    assert_eq!(radio.kept[0].ssid.as_bytes(), b"\xff\0\x1b[31m");
}

#[test]
fn password_is_never_printed() {
    let (mut portal, mut radio) = (Portal::new(), home());
    radio.work(&mut portal);
    portal.submit(digits(b"Home").as_bytes(), b"", b"correct horse").unwrap();
    let printed = format!("{portal:?}");
    assert!(!printed.contains("horse") && printed.contains("***"), "{printed}");
    let Task::Join(credentials) = portal.next_task() else { panic!("it is to be tried") };
    assert_eq!(format!("{credentials:?}"), "Credentials { ssid: Ssid(Home), protection: Password(***) }");
    assert_eq!(portal.next_task(), Task::Rest, "once");
}

#[test]
fn failed_save_is_shown() {
    let (mut portal, mut radio) = (Portal::new(), home());
    radio.memory_fails = true;
    radio.work(&mut portal);
    portal.submit(b"other", b"Cafe", b"").unwrap();
    radio.work(&mut portal);
    let text = page(&portal);
    assert!(text.contains("could not be kept") && text.contains("192.168.1.50"));
}

#[test]
fn request_or_missing_network_starts_a_scan() {
    let (mut portal, mut radio) = (Portal::new(), home());
    radio.work(&mut portal);
    portal.scan();
    radio.work(&mut portal);
    portal.submit(b"other", b"Late", b"").unwrap();
    radio.around.push((b"Late", "12345678", true));
    portal.scan();
    assert!(matches!(portal.next_task(), Task::Join(_)), "it does not look around while it joins");
    portal.tried(Outcome::NotFound);
    radio.work(&mut portal);
    assert_eq!(radio.did, ["scan", "scan", "scan"]);
    assert!(page(&portal).contains("<bdi>Late</bdi>"));
    // An unexpected report changes nothing.
    portal.tried(Outcome::Joined(ADDRESS));
    portal.kept(true);
    portal.shown();
    assert!(!portal.shows_address());
}

#[test]
fn page_says_whether_the_device_has_a_password() {
    let portal = Portal::new();
    let out = whole_page(&portal, &about(&lamp()));
    assert!(out.contains("open to everyone on this network") && out.contains("value=\"lamp\""));
    let others = usize::from(cfg!(feature = "mqtt"));
    assert_eq!(out.matches("type=\"password\"").count(), 2 + others);
    let out = whole_page(&portal, &About { guarded: true, ..about(&lamp()) });
    assert!(!out.contains("open to everyone") && out.contains("asks for its password"));
    assert_eq!(out.matches("type=\"password\"").count(), 1 + others, "it cannot be changed here");
}

#[test]
fn every_part_has_at_most_480_bytes() {
    let name: Name = "n".repeat(32).parse().unwrap();
    let said = "Another name: that one is too long, or there is something in it that may not be.";
    let about = About {
        said: Some(said),
        #[cfg(feature = "mqtt")]
        broker: super::BrokerAbout { is_set: true, said: Some(said) },
        ..about(&name)
    };
    let longest = [b'"'; 32];
    let check = |portal: &Portal| {
        let mut next = Some(FIRST_PART);
        while let Some(part) = next {
            let mut out = String::new();
            next = portal.write_part(part, &about, &mut out).unwrap();
            assert!(out.len() <= 480, "part {part} has {} bytes", out.len());
        }
    };
    let mut portal = Portal::new();
    let mut found = Networks::default();
    for number in 0..NETWORKS_MAX {
        let mut name = longest;
        name[0] = u8::try_from(number).unwrap() + b'a';
        found.add(Network { ssid: Ssid::new(&name).unwrap(), signal: -128, protected: false });
    }
    portal.found(found);
    for outcome in [
        Outcome::WrongPassword,
        Outcome::NotAdmitted,
        Outcome::OtherProtection,
        Outcome::NotFound,
        Outcome::NoAddress,
    ] {
        portal.submit(b"other", &longest, b"12345678").unwrap();
        check(&portal);
        portal.tried(outcome);
        check(&portal);
    }
    portal.submit(b"other", &longest, b"12345678").unwrap();
    portal.tried(Outcome::Joined(Ipv4Addr::new(192, 168, 100, 100)));
    portal.kept(false);
    check(&portal);
    assert!(page(&portal).contains("could not be kept"));
}

#[test]
fn page_stays_valid_if_the_state_changes() {
    let (mut portal, mut radio) = (Portal::new(), home());
    radio.work(&mut portal);
    let mut out = String::new();
    let name = lamp();
    let mut next = Some(FIRST_PART);
    while let Some(part) = next {
        next = portal.write_part(part, &about(&name), &mut out).unwrap();
        match part {
            // While its form is on the way, another phone has sent one.
            3 => portal.submit(digits(b"Home").as_bytes(), b"", b"correct horse").unwrap(),
            5 => radio.work(&mut portal),
            _ => {}
        }
    }
    assert!(out.ends_with("</html>\n") && !out.contains("192.168.1.50"));
    for (opened, closed) in [("<form", "</form>"), ("<label", "</label>"), ("<fieldset", "</fieldset>")] {
        assert_eq!(out.matches(opened).count(), out.matches(closed).count());
    }
    portal.submit(b"other", b"x", b"").unwrap_err();
}

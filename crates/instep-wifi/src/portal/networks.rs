//! The Wi-Fi networks that a device hears. Their names are whatever their owners have made of them: any bytes.

use core::fmt::{self, Write};

/// So many of them are shown.
pub const NETWORKS_MAX: usize = 16;
/// Bytes in the longest name (IEEE 802.11 section 9.4.2.2).
const SSID_MAX: usize = 32;

/// The name of a Wi-Fi network: 1 to 32 bytes. Displayed, what is no text is `�`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ssid {
    bytes: [u8; SSID_MAX],
    length: usize,
}

/// A network that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name.
    pub ssid: Ssid,
    /// How loud it is, in dBm: -30 is next to it, -80 is hardly there.
    pub signal: i8,
    /// Whether it asks for a password.
    pub protected: bool,
}

/// The networks that were heard, the loudest first, each name once.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    found: [Option<Network>; NETWORKS_MAX],
}

impl Ssid {
    /// The name of those bytes; `None` if they are none or too many. A network that hides its name has none.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut ssid = Self { bytes: [0; SSID_MAX], length: bytes.len() };
        ssid.bytes.get_mut(..bytes.len()).filter(|room| !room.is_empty())?.copy_from_slice(bytes);
        Some(ssid)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The name that [`Ssid::digits`] has written.
    pub(super) fn from_digits(digits: &[u8]) -> Option<Self> {
        let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
        let mut bytes = [0; SSID_MAX];
        let pairs = digits.chunks(2);
        let length = pairs.len();
        for (byte, pair) in bytes.get_mut(..length)?.iter_mut().zip(pairs) {
            let [high, low] = pair else { return None };
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Self::new(&bytes[..length])
    }

    /// Its bytes as hexadecimal digits, in which every name comes back from a form as it was.
    pub(super) fn digits(&self) -> impl fmt::Display {
        Digits(*self)
    }
}

struct Digits(Ssid);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.as_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                f.write_char(if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ssid({})", self.as_bytes().escape_ascii())
    }
}

impl Networks {
    /// Adds one. Of one name, and of too many, the loudest stay.
    pub fn add(&mut self, network: Network) {
        let same = |found: &Option<Network>| found.is_some_and(|found| found.ssid == network.ssid);
        if let Some(at) = self.found.iter().position(same) {
            if self.found[at].is_some_and(|found| found.signal >= network.signal) {
                return;
            }
            self.found[at..].rotate_left(1);
            self.found[NETWORKS_MAX - 1] = None;
        }
        let louder = |found: &Option<Network>| found.is_some_and(|found| found.signal >= network.signal);
        let at = self.found.iter().take_while(|found| louder(found)).count();
        if at < NETWORKS_MAX {
            self.found[at..].rotate_right(1);
            self.found[at] = Some(network);
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The one at that place, the loudest at 0.
    pub(super) fn at(&self, place: usize) -> Option<&Network> {
        self.found.get(place)?.as_ref()
    }

    /// The loudest first.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.found.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;
    use std::vec::Vec;

    fn network(name: &str, signal: i8) -> Network {
        Network { ssid: Ssid::new(name.as_bytes()).unwrap(), signal, protected: true }
    }

    fn heard(networks: &[Network]) -> Vec<(std::string::String, i8)> {
        let mut all = Networks::default();
        networks.iter().for_each(|network| all.add(*network));
        all.iter().map(|network| (network.ssid.to_string(), network.signal)).collect()
    }

    #[test]
    fn the_loudest_come_first_and_each_once() {
        let networks =
            [network("b", -60), network("a", -50), network("b", -40), network("a", -70), network("c", -55)];
        assert_eq!(heard(&networks), [("b".into(), -40), ("a".into(), -50), ("c".into(), -55)]);
        let many: Vec<Network> = (0..40).map(|number| network(&number.to_string(), -90 + number)).collect();
        let loudest = heard(&many);
        assert_eq!((loudest.len(), &*loudest[0].0, &*loudest[15].0), (16, "39", "24"));
    }

    #[test]
    fn names_that_are_no_text_are_shown_and_never_do_harm() {
        let shown = |bytes: &[u8]| Ssid::new(bytes).unwrap().to_string();
        assert_eq!(shown("Käse & Brot".as_bytes()), "Käse & Brot");
        assert_eq!(shown(b"a\xff\xfeb\0\n\x1b"), "a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(Ssid::new(b""), None);
        assert!(Ssid::new(&[7; 32]).is_some() && Ssid::new(&[7; 33]).is_none());
    }

    proptest! {
        #[test]
        fn every_name_comes_back_from_its_digits(bytes in proptest::collection::vec(any::<u8>(), 1..33)) {
            let ssid = Ssid::new(&bytes).unwrap();
            prop_assert_eq!(Ssid::from_digits(ssid.digits().to_string().as_bytes()), Some(ssid));
        }

        #[test]
        fn what_are_no_digits_is_no_name(text in ".{0,70}") {
            if let Some(ssid) = Ssid::from_digits(text.as_bytes()) {
                prop_assert_eq!(ssid.digits().to_string(), text.to_lowercase());
            }
        }

        #[test]
        fn the_list_is_that_of_a_simple_model(networks in proptest::collection::vec((0_u8..30, -90_i8..-30), 0..60)) {
            let mut model: Vec<(std::string::String, i8)> = Vec::new();
            for (name, signal) in &networks {
                match model.iter_mut().find(|(known, _)| *known == name.to_string()) {
                    Some((_, loudest)) => *loudest = (*loudest).max(*signal),
                    None => model.push((name.to_string(), *signal)),
                }
            }
            let all: Vec<Network> = networks.iter().map(|(name, signal)| network(&name.to_string(), *signal)).collect();
            let ours = heard(&all);
            let mut loud: Vec<i8> = model.iter().map(|(_, signal)| *signal).collect();
            loud.sort_unstable_by(|a, b| b.cmp(a));
            loud.truncate(NETWORKS_MAX);
            prop_assert_eq!(ours.iter().map(|(_, signal)| *signal).collect::<Vec<_>>(), loud);
            prop_assert!(ours.iter().all(|network| model.contains(network)));
        }
    }
}

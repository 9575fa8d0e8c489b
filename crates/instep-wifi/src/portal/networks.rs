//! The Wi-Fi networks of a scan. Their names may have any bytes.

use core::fmt::{self, Write};

/// Maximum number of networks.
pub const NETWORKS_MAX: usize = 16;
/// Maximum length of a network's name, in bytes (IEEE 802.11 section 9.4.2.2).
const SSID_MAX: usize = 32;

/// Name of a Wi-Fi network, of 1 to 32 bytes. `Display` prints `�` for bytes that are not text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ssid {
    bytes: [u8; SSID_MAX],
    length: usize,
}

/// A network of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Name of the network.
    pub ssid: Ssid,
    /// Signal strength, in dBm: -30 is strong, -80 is weak.
    pub signal: i8,
    /// Whether the network has a password.
    pub protected: bool,
}

/// The networks of a scan, the strongest first, each name once.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    found: [Option<Network>; NETWORKS_MAX],
}

impl Ssid {
    /// Returns the name with these bytes, or `None` if they are not 1 to 32 bytes.
    ///
    /// The name of a hidden network is empty.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut ssid = Self { bytes: [0; SSID_MAX], length: bytes.len() };
        ssid.bytes.get_mut(..bytes.len()).filter(|room| !room.is_empty())?.copy_from_slice(bytes);
        Some(ssid)
    }

    /// Returns the bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Parses the output of [`Ssid::digits`].
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

    /// Formats the bytes as hexadecimal digits, so that a form can carry any name.
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
    /// Adds a network. The strongest of each name, and the strongest [`NETWORKS_MAX`] of all, stay.
    pub fn add(&mut self, network: Network) {
        let is_same = |known: &Network| known.ssid == network.ssid;
        if self.iter().any(|known| is_same(known) && known.signal >= network.signal) {
            return;
        }
        let known = core::mem::take(&mut self.found).into_iter().flatten();
        let mut others = known.filter(|known| !is_same(known)).peekable();
        let mut new = Some(network);
        for place in &mut self.found {
            let is_next = others.peek().is_none_or(|other| other.signal < network.signal);
            *place = new.take_if(|_| is_next).or_else(|| others.next());
        }
    }

    /// Returns the network at an index. The strongest network has the index 0.
    pub(super) fn nth(&self, index: usize) -> Option<&Network> {
        self.found.get(index)?.as_ref()
    }

    /// Iterates over the networks, the strongest first.
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
    fn networks_are_sorted_by_signal_and_unique() {
        let networks =
            [network("b", -60), network("a", -50), network("b", -40), network("a", -70), network("c", -55)];
        assert_eq!(heard(&networks), [("b".into(), -40), ("a".into(), -50), ("c".into(), -55)]);
        let many: Vec<Network> = (0..40).map(|number| network(&number.to_string(), -90 + number)).collect();
        let loudest = heard(&many);
        assert_eq!((loudest.len(), &*loudest[0].0, &*loudest[15].0), (16, "39", "24"));
    }

    #[test]
    fn name_with_control_characters_is_escaped() {
        let shown = |bytes: &[u8]| Ssid::new(bytes).unwrap().to_string();
        assert_eq!(shown("Käse & Brot".as_bytes()), "Käse & Brot");
        assert_eq!(shown(b"a\xff\xfeb\0\n\x1b"), "a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(Ssid::new(b""), None);
        assert!(Ssid::new(&[7; 32]).is_some() && Ssid::new(&[7; 33]).is_none());
    }

    proptest! {
        #[test]
        fn name_reads_back_from_its_digits(bytes in proptest::collection::vec(any::<u8>(), 1..33)) {
            let ssid = Ssid::new(&bytes).unwrap();
            prop_assert_eq!(Ssid::from_digits(ssid.digits().to_string().as_bytes()), Some(ssid));
        }

        #[test]
        fn invalid_digits_are_rejected(text in ".{0,70}") {
            if let Some(ssid) = Ssid::from_digits(text.as_bytes()) {
                prop_assert_eq!(ssid.digits().to_string(), text.to_lowercase());
            }
        }

        #[test]
        fn list_matches_the_model(networks in proptest::collection::vec((0_u8..30, -90_i8..-30), 0..60)) {
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

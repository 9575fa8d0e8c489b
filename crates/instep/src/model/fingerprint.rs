//! Hash of a declaration. If it changes, a page fetches the description again.

use super::kind::Kind;
use super::thing::Thing;
use instep_proto::fnv1a;

/// FNV-1a hash of 64 bits, which is small and is computed when the declaration is compiled.
struct Hash(u64);

impl Thing {
    /// Returns the hash of the declaration and of the application's version.
    pub(crate) const fn hash(&self, version: &str) -> u64 {
        let mut hash = Hash(fnv1a::EMPTY).text(version).text(self.title);
        let mut i = 0;
        while i < self.interactions.len() {
            let interaction = &self.interactions[i];
            hash = hash.text(interaction.name).text(interaction.title).text(interaction.group);
            hash = hash.kind(&interaction.kind);
            if let Some([on, off]) = interaction.words {
                hash = hash.text(on).text(off);
            }
            i += 1;
        }
        hash.0
    }
}

impl Hash {
    const fn number(self, number: u64) -> Self {
        Self(fnv1a::extend(self.0, &number.to_le_bytes()))
    }

    /// Hashes the length and the text, so that adjacent texts are distinct.
    const fn text(self, text: &str) -> Self {
        Self(fnv1a::extend(self.number(text.len() as u64).0, text.as_bytes()))
    }

    const fn kind(self, kind: &Kind) -> Self {
        match *kind {
            Kind::Switch => self.number(1),
            Kind::Number { min, max, step, unit } => {
                let range = self.number(2).number(min.to_bits()).number(max.to_bits());
                range.number(step.to_bits()).text(unit)
            }
            Kind::Sensor { unit, precision, history } => {
                let sensor = self.number(3).text(unit).number(precision as u64);
                match history {
                    Some(history) => sensor.number(history.points as u64).number(history.every as u64),
                    None => sensor.number(0),
                }
            }
            Kind::BinarySensor => self.number(4),
            Kind::Select { options } => {
                let mut hash = self.number(5).number(options.len() as u64);
                let mut i = 0;
                while i < options.len() {
                    hash = hash.text(options[i]);
                    i += 1;
                }
                hash
            }
            Kind::Text { max } => self.number(6).number(max as u64),
            Kind::Button => self.number(7),
            Kind::TextAction { max } => self.number(8).number(max as u64),
            Kind::Event => self.number(9),
            Kind::Log => self.number(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{History, Interaction};

    #[test]
    fn different_declarations_have_different_hashes() {
        const fn sensor(history: Option<History>) -> Kind {
            Kind::Sensor { unit: "", precision: 1, history }
        }
        const fn door() -> Interaction {
            Interaction::new("a", "A", Kind::BinarySensor)
        }
        const HISTORY: History = History { points: 10, every: 1000 };
        const LONGER: History = History { points: 11, every: 1000 };
        let things = [
            (Thing::new("a", &[]), ""),
            (Thing::new("a", &[]), "1"),
            (Thing::new("b", &[]), ""),
            (Thing::new("a", &[const { Interaction::new("a", "A", Kind::Switch) }]), ""),
            (Thing::new("a", &[const { Interaction::new("a", "A", Kind::Switch).in_group("g") }]), ""),
            (Thing::new("a", &[const { Interaction::new("a", "B", Kind::Switch) }]), ""),
            (Thing::new("a", &[const { Interaction::new("a", "A", Kind::Button) }]), ""),
            (Thing::new("a", &[const { Interaction::new("a", "A", Kind::Text { max: 1 }) }]), ""),
            (Thing::new("a", &[const { Interaction::new("a", "A", Kind::Text { max: 2 }) }]), ""),
            (
                Thing::new(
                    "a",
                    &[const { Interaction::new("a", "A", Kind::Select { options: &["ab", "c"] }) }],
                ),
                "",
            ),
            (
                Thing::new(
                    "a",
                    &[const { Interaction::new("a", "A", Kind::Select { options: &["a", "bc"] }) }],
                ),
                "",
            ),
            (Thing::new("a", &[const { door() }]), ""),
            (Thing::new("a", &[const { door().words("open", "closed") }]), ""),
            (Thing::new("a", &[const { door().words("open", "shut") }]), ""),
            (Thing::new("a", &[const { Interaction::new("a", "A", sensor(None)) }]), ""),
            (Thing::new("a", &[const { Interaction::new("a", "A", sensor(Some(HISTORY))) }]), ""),
            (Thing::new("a", &[const { Interaction::new("a", "A", sensor(Some(LONGER))) }]), ""),
        ];
        let hashes: std::collections::HashSet<_> =
            things.iter().map(|(thing, version)| thing.hash(version)).collect();
        assert_eq!(hashes.len(), things.len());
    }
}

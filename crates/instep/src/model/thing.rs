//! What an application declares of its Thing. All of it is checked when it is compiled.

use super::decimal::{Decimal, PRECISION_MAX};
use instep_proto::http::strip_path;

/// Bytes of a kept value, at most.
pub const PERSISTED_MAX: usize = 64;
/// Bytes of a name.
const NAME_MAX: usize = 32;
/// What frames say of themselves: no interaction may be called so.
const RESERVED: [&str; 5] = ["error", "ok", "missed", "alive", "thing"];

/// What a device is and can do.
///
/// The macro [`thing!`](crate::thing!) declares one together with the commands that the application gets.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    pub(crate) title: &'static str,
    pub(crate) interactions: &'static [Interaction],
}

/// Something of a Thing that has a name: a property, an action or an event.
#[derive(Clone, Copy, Debug)]
pub struct Interaction {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Under which heading the panel shows it; empty: under none.
    pub(crate) group: &'static str,
    /// Its value outlives a restart.
    pub(crate) kept: bool,
    /// What the panel calls a binary sensor's true and false. `None`: on and off, in the reader's language.
    pub(crate) words: Option<[&'static str; 2]>,
    pub(crate) kind: Kind,
}

/// What an interaction is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A property that is on or off, and is written.
    Switch,
    /// A property that is a number, and is written.
    Number {
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
        /// Values are `min` plus a multiple of it.
        step: f64,
        /// Such as `%`; empty: none.
        unit: &'static str,
    },
    /// A property that is a number, and is only read.
    Sensor {
        /// Such as `°C`; empty: none.
        unit: &'static str,
        /// Digits behind the decimal point, at most 6.
        precision: u8,
        /// What the device remembers of it.
        history: Option<History>,
    },
    /// A property that is on or off, and is only read.
    BinarySensor,
    /// A property that is one of several words, and is written.
    Select {
        /// The words.
        options: &'static [&'static str],
    },
    /// A property that is text, and is written.
    Text {
        /// Its most bytes.
        max: usize,
    },
    /// An action without input.
    Button,
    /// An action with text as its input.
    TextAction {
        /// The most bytes of the text.
        max: usize,
    },
    /// An event that is text.
    Event,
    /// An event that is a line of a log, with a severity.
    Log,
}

/// How much of its past a sensor remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// How many values are kept.
    pub points: usize,
    /// One value is kept of each so many milliseconds: the last.
    pub every: u32,
}

impl Thing {
    /// A Thing.
    ///
    /// # Panics
    /// If a name is not as the wire demands or stands twice, or a kind makes no sense; in a `const`, when it is
    /// compiled.
    pub const fn new(title: &'static str, interactions: &'static [Interaction]) -> Self {
        assert!(!title.is_empty(), "a Thing has a title");
        let mut at = 0;
        while at < interactions.len() {
            let mut other = 0;
            while other < at {
                assert!(
                    !same(interactions[at].name, interactions[other].name),
                    "two interactions have one name"
                );
                other += 1;
            }
            at += 1;
        }
        Self { title, interactions }
    }

    /// How many of its interactions are properties: each is a topic.
    pub const fn property_count(&self) -> usize {
        let (mut count, mut at) = (0, 0);
        while at < self.interactions.len() {
            count += self.interactions[at].kind.is_property() as usize;
            at += 1;
        }
        count
    }

    /// How many values all its sensors remember.
    pub const fn history_points(&self) -> usize {
        let (mut points, mut at) = (0, 0);
        while at < self.interactions.len() {
            if let Kind::Sensor { history: Some(history), .. } = self.interactions[at].kind {
                points += history.points;
            }
            at += 1;
        }
        points
    }

    /// How many sensors remember anything.
    pub const fn history_count(&self) -> usize {
        let (mut count, mut at) = (0, 0);
        while at < self.interactions.len() {
            if let Kind::Sensor { history: Some(_), .. } = self.interactions[at].kind {
                count += 1;
            }
            at += 1;
        }
        count
    }

    /// How many of its properties outlive a restart.
    pub const fn persistent_count(&self) -> usize {
        let (mut count, mut at) = (0, 0);
        while at < self.interactions.len() {
            count += self.interactions[at].is_persistent() as usize;
            at += 1;
        }
        count
    }

    /// The interaction of that name, and its number.
    pub(crate) fn find(&self, name: &str) -> Option<(usize, &'static Interaction)> {
        self.interactions.iter().enumerate().find(|(_, interaction)| interaction.name == name)
    }

    /// Whether any of its properties is written by clients.
    pub(crate) fn is_writable(&self) -> bool {
        self.interactions
            .iter()
            .any(|interaction| interaction.kind.is_property() && interaction.kind.is_writable())
    }

    /// The same for a name as it stands in a path, where bytes may be escaped.
    pub(crate) fn find_in_path(&self, name: &str) -> Option<(usize, &'static Interaction)> {
        let is = |interaction: &Interaction| strip_path(name, interaction.name) == Some("");
        self.interactions.iter().enumerate().find(|(_, interaction)| is(interaction))
    }

    /// Which topic the interaction of that number has, if it is a property.
    pub(crate) fn topic(&self, number: usize) -> Option<usize> {
        let interaction = self.interactions.get(number)?;
        let before = self.interactions[..number].iter().filter(|interaction| interaction.kind.is_property());
        interaction.kind.is_property().then(|| before.count())
    }
}

impl Interaction {
    /// An interaction by the name that it has in frames and paths.
    ///
    /// # Panics
    /// If the name is not 1 to 32 letters, digits, `_` or `-` that begin with a letter, or is reserved; if the title
    /// is empty, or the kind makes no sense; in a `const`, when it is compiled.
    pub const fn new(name: &'static str, title: &'static str, kind: Kind) -> Self {
        let bytes = name.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= NAME_MAX, "a name has 1 to 32 bytes");
        assert!(bytes[0].is_ascii_alphabetic(), "a name begins with a letter");
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'_' | b'-'),
                "a name has letters, digits, _ and - only"
            );
            at += 1;
        }
        let mut at = 0;
        while at < RESERVED.len() {
            assert!(!same(name, RESERVED[at]), "error, ok, missed, alive and thing are reserved");
            at += 1;
        }
        assert!(!title.is_empty(), "an interaction has a title");
        kind.check();
        Self { name, title, group: "", kept: false, words: None, kind }
    }

    /// The same under a heading.
    pub const fn in_group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }

    /// The same with words of its own for true and false, such as `open` and `closed`.
    ///
    /// # Panics
    /// If it is no binary sensor, or the words are empty or the same; in a `const`, when it is compiled.
    pub const fn words(self, on: &'static str, off: &'static str) -> Self {
        assert!(matches!(self.kind, Kind::BinarySensor), "only a binary sensor has words of its own");
        assert!(!on.is_empty() && !off.is_empty() && !same(on, off), "a binary sensor has two words");
        Self { words: Some([on, off]), ..self }
    }

    /// The same with a value that outlives a restart, where there is a place for it: see [`Inbox::keep_in`](crate::Inbox::keep_in).
    ///
    /// # Panics
    /// If it is no property that is written, or its text may be longer than [`PERSISTED_MAX`] bytes; in a `const`, when it is compiled.
    pub const fn kept(self) -> Self {
        assert!(
            self.kind.is_property() && self.kind.is_writable(),
            "only a property that is written can be kept"
        );
        match self.kind {
            Kind::Text { max } => assert!(max <= PERSISTED_MAX, "a text that is kept has at most 64 bytes"),
            Kind::Select { options } => {
                let mut at = 0;
                while at < options.len() {
                    assert!(
                        options[at].len() <= PERSISTED_MAX,
                        "an option that is kept has at most 64 bytes"
                    );
                    at += 1;
                }
            }
            _ => {}
        }
        Self { kept: true, ..self }
    }

    pub(crate) const fn is_persistent(&self) -> bool {
        self.kept
    }
}

impl Kind {
    /// Whether it is a property: it has a value.
    pub const fn is_property(&self) -> bool {
        matches!(
            self,
            Self::Switch
                | Self::Number { .. }
                | Self::Sensor { .. }
                | Self::BinarySensor
                | Self::Select { .. }
                | Self::Text { .. }
        )
    }

    /// Whether it is an action: it is invoked.
    pub const fn is_action(&self) -> bool {
        matches!(self, Self::Button | Self::TextAction { .. })
    }

    /// Whether it is an event: it is told.
    pub const fn is_event(&self) -> bool {
        matches!(self, Self::Event | Self::Log)
    }

    /// Whether a client may write or invoke it.
    pub const fn is_writable(&self) -> bool {
        !matches!(self, Self::Sensor { .. } | Self::BinarySensor | Self::Event | Self::Log)
    }

    /// Its name, as the Thing Description has it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Number { .. } => "number",
            Self::Sensor { .. } => "sensor",
            Self::BinarySensor => "binary_sensor",
            Self::Select { .. } => "select",
            Self::Text { .. } => "text",
            Self::Button => "button",
            Self::TextAction { .. } => "message",
            Self::Event => "event",
            Self::Log => "log",
        }
    }

    /// How many digits behind the decimal point its value has.
    pub(crate) const fn precision(&self) -> u8 {
        match *self {
            Self::Number { min, step, .. } => {
                let (min, step) = (Decimal::digits_of(min), Decimal::digits_of(step));
                if min > step { min } else { step }
            }
            Self::Sensor { precision, .. } => precision,
            _ => 0,
        }
    }

    const fn check(&self) {
        match *self {
            Self::Number { min, max, step, .. } => {
                assert!(min < max, "a number's min is below its max");
                assert!(step > 0.0 && step <= max - min, "a number's step is above 0 and fits its range");
                assert!(
                    Decimal::digits_of(min) <= PRECISION_MAX
                        && Decimal::digits_of(max) <= PRECISION_MAX
                        && Decimal::digits_of(step) <= PRECISION_MAX,
                    "a number has at most 6 digits behind its decimal point"
                );
            }
            Self::Sensor { precision, history, .. } => {
                assert!(precision <= PRECISION_MAX, "a sensor has at most 6 digits behind its decimal point");
                if let Some(history) = history {
                    assert!(
                        history.points > 0 && history.every >= 100,
                        "a history has values, 100 ms apart or more"
                    );
                }
            }
            Self::Select { options } => {
                assert!(!options.is_empty(), "a select has options");
                let mut at = 0;
                while at < options.len() {
                    assert!(!options[at].is_empty(), "an option is not empty");
                    let mut other = 0;
                    while other < at {
                        assert!(!same(options[at], options[other]), "an option stands twice");
                        other += 1;
                    }
                    at += 1;
                }
            }
            Self::Text { max } | Self::TextAction { max } => {
                assert!(max > 0, "a text has room for something")
            }
            Self::Switch | Self::BinarySensor | Self::Button | Self::Event | Self::Log => {}
        }
    }
}

/// Strings are not compared by `==` in a `const`.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

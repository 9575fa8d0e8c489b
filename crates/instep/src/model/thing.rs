//! Declaration of a Thing, which is checked at compile time.

use super::decimal::{Decimal, PRECISION_MAX};
use instep_proto::http::strip_path;

/// Maximum length of a persisted value, in bytes.
pub const PERSISTED_MAX: usize = 64;
/// Maximum length of a name, in bytes.
const NAME_MAX: usize = 32;
/// Labels of the protocol's own frames, which no interaction may have as its name.
const RESERVED: [&str; 5] = ["error", "ok", "missed", "alive", "thing"];

/// Returns what is wrong from the function around it, if the condition does not hold.
macro_rules! check {
    ($condition:expr, $problem:literal $(,)?) => {
        if $condition {
        } else {
            return Some($problem);
        }
    };
}

/// Declaration of a device: its properties, actions and events.
///
/// The macro [`thing!`](crate::thing!) declares one together with the commands that the application receives.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    pub(crate) title: &'static str,
    pub(crate) interactions: &'static [Interaction],
}

/// Property, action or event of a Thing.
#[derive(Clone, Copy, Debug)]
pub struct Interaction {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// The heading under which the panel shows the interaction. Empty if there is none.
    pub(crate) group: &'static str,
    /// Whether its value is persisted.
    pub(crate) kept: bool,
    /// The panel's words for true and false of a binary sensor.
    ///
    /// `None` stands for on and off, in the user's language.
    pub(crate) words: Option<[&'static str; 2]>,
    pub(crate) kind: Kind,
}

/// Kind of an interaction.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A writable property that is on or off.
    Switch,
    /// A writable property that is a number.
    Number {
        /// The minimum.
        min: f64,
        /// The maximum.
        max: f64,
        /// The step. Values are `min` plus a multiple of it.
        step: f64,
        /// The unit, such as `%`. Empty if there is none.
        unit: &'static str,
    },
    /// A read-only property that is a number.
    Sensor {
        /// The unit, such as `°C`. Empty if there is none.
        unit: &'static str,
        /// The number of digits after the decimal point, at most 6.
        precision: u8,
        /// The size of its history, if the device keeps one.
        history: Option<History>,
    },
    /// A read-only property that is on or off.
    BinarySensor,
    /// A writable property that is one of several options.
    Select {
        /// The options.
        options: &'static [&'static str],
    },
    /// A writable property that is text.
    Text {
        /// The maximum length, in bytes.
        max: usize,
    },
    /// An action without input.
    Button,
    /// An action with text as its input.
    TextAction {
        /// The maximum length of the text, in bytes.
        max: usize,
    },
    /// An event that is text.
    Event,
    /// An event that is a log line, with a severity.
    Log,
}

/// Size of a sensor's history, which the device keeps in RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The number of values.
    pub points: usize,
    /// The period of which the last value is kept, in ms, at least 100.
    pub every: u32,
}

impl Thing {
    /// Creates a Thing with these interactions, whose order is that on the panel.
    ///
    /// # Panics
    /// If the title is empty, or two interactions have the same name. In a `const`, this is an error of the compiler.
    pub const fn new(title: &'static str, interactions: &'static [Interaction]) -> Self {
        assert!(!title.is_empty(), "a Thing must have a title");
        let mut i = 0;
        while i < interactions.len() {
            let mut other = 0;
            while other < i {
                assert!(
                    !eq(interactions[i].name, interactions[other].name),
                    "two interactions must not have one name"
                );
                other += 1;
            }
            i += 1;
        }
        Self { title, interactions }
    }

    /// Creates a Thing that was declared elsewhere, if [`Thing::new`] would.
    #[cfg(feature = "gateway")]
    pub fn try_new(title: &'static str, interactions: &'static [Interaction]) -> Result<Self, &'static str> {
        let mut names: alloc::vec::Vec<&str> = interactions.iter().map(|one| one.name).collect();
        names.sort_unstable();
        if title.is_empty() {
            Err("a Thing must have a title")
        } else if names.windows(2).any(|two| two[0] == two[1]) {
            Err("two interactions must not have one name")
        } else {
            Ok(Self { title, interactions })
        }
    }

    /// Returns the names of its properties, actions and events, in the order of their declaration.
    #[cfg(feature = "gateway")]
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.interactions.iter().map(|interaction| interaction.name)
    }

    /// Returns the topic of the property of that name.
    #[cfg(feature = "gateway")]
    pub fn topic_of(&self, name: &str) -> Option<super::Topic> {
        let (number, _) = self.find(name)?;
        self.topic(number).map(super::Topic::new)
    }

    /// Returns the name in the declaration that equals `name`, if it is that of an event.
    #[cfg(feature = "gateway")]
    pub fn event_of(&self, name: &str) -> Option<&'static str> {
        self.find(name).filter(|(_, found)| found.kind.is_event()).map(|(_, found)| found.name)
    }

    /// Returns the topic after those of all properties, for the frame `thing` of a device that another one stands for.
    #[cfg(feature = "gateway")]
    pub const fn greeting_topic(&self) -> super::Topic {
        super::Topic::new(self.property_count())
    }

    /// Returns the number of properties, each of which is a topic.
    pub const fn property_count(&self) -> usize {
        let (mut count, mut i) = (0, 0);
        while i < self.interactions.len() {
            count += self.interactions[i].kind.is_property() as usize;
            i += 1;
        }
        count
    }

    /// Returns the number of values in the histories of all sensors.
    pub const fn history_points(&self) -> usize {
        let (mut points, mut i) = (0, 0);
        while i < self.interactions.len() {
            if let Kind::Sensor { history: Some(history), .. } = self.interactions[i].kind {
                points += history.points;
            }
            i += 1;
        }
        points
    }

    /// Returns the number of sensors with a history.
    pub const fn history_count(&self) -> usize {
        let (mut count, mut i) = (0, 0);
        while i < self.interactions.len() {
            if let Kind::Sensor { history: Some(_), .. } = self.interactions[i].kind {
                count += 1;
            }
            i += 1;
        }
        count
    }

    /// Returns the number of persistent properties.
    pub const fn persistent_count(&self) -> usize {
        let (mut count, mut i) = (0, 0);
        while i < self.interactions.len() {
            count += self.interactions[i].kept as usize;
            i += 1;
        }
        count
    }

    /// Finds the interaction of that name, and its number.
    pub(crate) fn find(&self, name: &str) -> Option<(usize, &'static Interaction)> {
        self.interactions.iter().enumerate().find(|(_, interaction)| interaction.name == name)
    }

    /// Returns whether clients can write any of its properties.
    pub(crate) fn is_writable(&self) -> bool {
        self.interactions
            .iter()
            .any(|interaction| interaction.kind.is_property() && interaction.kind.is_writable())
    }

    /// Finds the interaction of a percent-encoded name, and its number.
    pub(crate) fn find_in_path(&self, name: &str) -> Option<(usize, &'static Interaction)> {
        let is = |interaction: &Interaction| strip_path(name, interaction.name) == Some("");
        self.interactions.iter().enumerate().find(|(_, interaction)| is(interaction))
    }

    /// Returns the topic of the interaction of that number, if it is a property.
    pub(crate) fn topic(&self, number: usize) -> Option<usize> {
        let interaction = self.interactions.get(number)?;
        let before = self.interactions[..number].iter().filter(|interaction| interaction.kind.is_property());
        interaction.kind.is_property().then(|| before.count())
    }
}

impl Interaction {
    /// Creates an interaction.
    ///
    /// `name` is for frames and paths, and `title` for people.
    ///
    /// # Panics
    /// If the name is not 1 to 32 ASCII letters, digits, `_` or `-`, does not begin with a letter, or is reserved (`error`, `ok`,
    /// `missed`, `alive`, `thing`). If the title is empty, or a part of the kind is invalid, such as a `min` above its `max`. In a
    /// `const`, this is an error of the compiler.
    #[track_caller]
    pub const fn new(name: &'static str, title: &'static str, kind: Kind) -> Self {
        match Self::problem(name, title, &kind) {
            None => Self { name, title, group: "", kept: false, words: None, kind },
            Some(problem) => panic!("{}", problem),
        }
    }

    /// Creates an interaction that was declared elsewhere, as [`Interaction::new`] does.
    ///
    /// # Errors
    /// Returns what is wrong with it.
    #[cfg(feature = "gateway")]
    pub const fn try_new(name: &'static str, title: &'static str, kind: Kind) -> Result<Self, &'static str> {
        match Self::problem(name, title, &kind) {
            None => Ok(Self { name, title, group: "", kept: false, words: None, kind }),
            Some(problem) => Err(problem),
        }
    }

    /// Returns what is wrong with an interaction, if anything is.
    const fn problem(name: &str, title: &str, kind: &Kind) -> Option<&'static str> {
        let bytes = name.as_bytes();
        check!(!bytes.is_empty() && bytes.len() <= NAME_MAX, "a name must have 1 to 32 bytes");
        check!(bytes[0].is_ascii_alphabetic(), "a name must begin with a letter");
        let mut i = 0;
        while i < bytes.len() {
            check!(
                bytes[i].is_ascii_alphanumeric() || matches!(bytes[i], b'_' | b'-'),
                "a name must have letters, digits, _ and - only"
            );
            i += 1;
        }
        let mut i = 0;
        while i < RESERVED.len() {
            check!(!eq(name, RESERVED[i]), "error, ok, missed, alive and thing are reserved");
            i += 1;
        }
        check!(!title.is_empty(), "an interaction must have a title");
        kind.problem()
    }

    /// Returns its kind.
    #[cfg(feature = "gateway")]
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Sets the heading under which the panel shows the interaction.
    pub const fn in_group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }

    /// Sets the words for true and false of a binary sensor.
    ///
    /// Examples are `open` and `closed`.
    ///
    /// # Panics
    /// If it is no binary sensor, or the words are empty or equal. In a `const`, this is an error of the compiler.
    #[track_caller]
    pub const fn words(self, on: &'static str, off: &'static str) -> Self {
        assert!(matches!(self.kind, Kind::BinarySensor), "only a binary sensor has words of its own");
        assert!(
            !on.is_empty() && !off.is_empty() && !eq(on, off),
            "the words for on and off must be two, and not empty"
        );
        Self { words: Some([on, off]), ..self }
    }

    /// Persists the value of a property.
    ///
    /// The application needs a store ([`Inbox::keep_in`](crate::Inbox::keep_in)).
    ///
    /// # Panics
    /// If it is no writable property, or its text may be longer than [`PERSISTED_MAX`] bytes. In a `const`, this is an error of the
    /// compiler.
    #[track_caller]
    pub const fn kept(self) -> Self {
        assert!(
            self.kind.is_property() && self.kind.is_writable(),
            "only a property that is written can be kept"
        );
        match self.kind {
            Kind::Text { max } => assert!(max <= PERSISTED_MAX, "a text that is kept has at most 64 bytes"),
            Kind::Select { options } => {
                let mut i = 0;
                while i < options.len() {
                    assert!(options[i].len() <= PERSISTED_MAX, "an option that is kept has at most 64 bytes");
                    i += 1;
                }
            }
            _ => {}
        }
        Self { kept: true, ..self }
    }
}

impl Kind {
    /// Returns whether the kind is a property, which has a value.
    pub const fn is_property(&self) -> bool {
        !self.is_action() && !self.is_event()
    }

    /// Returns whether the kind is an action, which clients invoke.
    pub const fn is_action(&self) -> bool {
        matches!(self, Self::Button | Self::TextAction { .. })
    }

    /// Returns whether the kind is an event, which the device emits.
    pub const fn is_event(&self) -> bool {
        matches!(self, Self::Event | Self::Log)
    }

    /// Returns whether clients may write or invoke an interaction of this kind.
    pub const fn is_writable(&self) -> bool {
        !matches!(self, Self::Sensor { .. } | Self::BinarySensor | Self::Event | Self::Log)
    }

    /// Returns its name in the Thing Description.
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

    /// Returns the number of digits after the decimal point of its value.
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

    /// Returns what is wrong with the kind, if anything is.
    const fn problem(&self) -> Option<&'static str> {
        match *self {
            Self::Number { min, max, step, .. } => {
                check!(min < max, "the max of a number must be above its min");
                check!(
                    step > 0.0 && step <= max - min,
                    "the step of a number must be above 0, and not above max less min"
                );
                check!(
                    Decimal::digits_of(min) <= PRECISION_MAX
                        && Decimal::digits_of(max) <= PRECISION_MAX
                        && Decimal::digits_of(step) <= PRECISION_MAX,
                    "a number must have at most 6 digits behind its decimal point"
                );
            }
            Self::Sensor { precision, history, .. } => {
                check!(precision <= PRECISION_MAX, "the precision of a sensor must be at most 6 digits");
                if let Some(history) = history {
                    check!(
                        history.points > 0 && history.every >= 100,
                        "a history must have values, at least 100 ms apart"
                    );
                }
            }
            Self::Select { options } => {
                check!(!options.is_empty(), "a select must have options");
                let mut i = 0;
                while i < options.len() {
                    check!(!options[i].is_empty(), "an option of a select must not be empty");
                    let mut other = 0;
                    while other < i {
                        check!(!eq(options[i], options[other]), "an option of a select must not stand twice");
                        other += 1;
                    }
                    i += 1;
                }
            }
            Self::Text { max } | Self::TextAction { max } => {
                check!(max > 0, "the max of a text must be at least 1 byte");
            }
            Self::Switch | Self::BinarySensor | Self::Button | Self::Event | Self::Log => {}
        }
        None
    }
}

/// Compares strings, because `==` is not allowed in a `const`.
const fn eq(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut i = 0;
    while i < one.len() {
        if one[i] != other[i] {
            return false;
        }
        i += 1;
    }
    true
}

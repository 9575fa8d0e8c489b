//! Declaration of a property, action or event.

use super::check::{check, eq};
use super::kind::Kind;

/// Maximum length of a persisted value, in bytes.
pub const PERSISTED_MAX: usize = 64;
/// Maximum length of a name, in bytes.
const NAME_MAX: usize = 32;
/// Labels of the protocol's own frames, which no interaction may have as its name.
const RESERVED: [&str; 5] = ["error", "ok", "missed", "alive", "thing"];

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

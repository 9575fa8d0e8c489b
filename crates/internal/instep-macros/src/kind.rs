//! The kinds of interactions and the options of each, as tables.

use crate::suggest::{list, nearest};

/// Kind of an interaction.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The variant of `instep::thing::Kind`.
    pub(crate) variant: &'static str,
    pub(crate) role: Role,
    pub(crate) value: Value,
    pub(crate) required: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
}

/// What clients do with an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Write,
    Invoke,
    Read,
    Receive,
}

/// What a command has, and what a method of the handle takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Bool,
    Number,
    Choice,
    Text,
    /// A severity and a text.
    Line,
    Nothing,
}

/// Type of the value of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Text,
    Texts,
    Number,
    /// Two numbers with `every` between them.
    History,
    /// The option has no value.
    Nothing,
}

/// Option of an interaction whose value is kept over a restart.
pub(crate) const KEPT: &str = "kept";

static KINDS: [Kind; 10] = [
    kind("switch", "Switch", Role::Write, Value::Bool, &["title"], &["group", KEPT]),
    kind(
        "number",
        "Number",
        Role::Write,
        Value::Number,
        &["title", "min", "max", "step"],
        &["unit", "group", KEPT],
    ),
    kind("select", "Select", Role::Write, Value::Choice, &["title", "options"], &["group", KEPT]),
    kind("text", "Text", Role::Write, Value::Text, &["title", "max"], &["group", KEPT]),
    kind("button", "Button", Role::Invoke, Value::Nothing, &["title"], &["group"]),
    kind("message", "TextAction", Role::Invoke, Value::Text, &["title", "max"], &["group"]),
    kind(
        "sensor",
        "Sensor",
        Role::Read,
        Value::Number,
        &["title", "precision"],
        &["unit", "history", "group"],
    ),
    kind("binary_sensor", "BinarySensor", Role::Read, Value::Bool, &["title"], &["on", "off", "group"]),
    kind("event", "Event", Role::Receive, Value::Text, &["title"], &["group"]),
    kind("log", "Log", Role::Receive, Value::Line, &["title"], &["group"]),
];

/// Each option with what it takes and how it is written.
const OPTIONS: [(&str, Takes, &str); 12] = [
    ("title", Takes::Text, "title: \"Lamp\""),
    ("unit", Takes::Text, "unit: \"%\""),
    ("group", Takes::Text, "group: \"Air\""),
    ("on", Takes::Text, "on: \"open\""),
    ("off", Takes::Text, "off: \"closed\""),
    ("options", Takes::Texts, "options: [\"day\", \"night\"]"),
    ("history", Takes::History, "history: 120 every 1_000"),
    ("min", Takes::Number, "min: 0"),
    ("max", Takes::Number, "max: 100"),
    ("step", Takes::Number, "step: 1"),
    ("precision", Takes::Number, "precision: 1"),
    (KEPT, Takes::Nothing, KEPT),
];

/// Returns what an option takes and how it is written. `None` for an unknown option.
pub(crate) fn option(name: &str) -> Option<(Takes, &'static str)> {
    OPTIONS.iter().find(|(known, ..)| *known == name).map(|(_, takes, example)| (*takes, *example))
}

impl Kind {
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    pub(crate) fn nearest(name: &str) -> Option<&'static Self> {
        Self::find(nearest(name, KINDS.iter().map(|kind| kind.name))?)
    }

    /// Returns the names of all kinds as a list.
    pub(crate) fn names() -> String {
        list(&KINDS.each_ref().map(|kind| kind.name))
    }

    /// Returns the name with its indefinite article.
    pub(crate) fn a_name(&self) -> String {
        let article = if self.name == "event" { "an" } else { "a" };
        format!("{article} {}", self.name)
    }

    /// Returns whether clients write or invoke the interaction.
    ///
    /// Such an interaction needs a command.
    pub(crate) fn has_command(&self) -> bool {
        matches!(self.role, Role::Write | Role::Invoke)
    }

    /// Returns whether the handle has a method for the interaction.
    pub(crate) fn has_method(&self) -> bool {
        self.role != Role::Invoke
    }

    pub(crate) fn options(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    /// Returns a sentence about the options of the kind.
    pub(crate) fn about_options(&self) -> String {
        let (required, optional) = (list(self.required), list(self.optional));
        format!("{} needs {required}, and may have {optional}, in any order", self.a_name())
    }
}

impl Role {
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Invoke => "invoke",
            Self::Read => "read",
            Self::Receive => "receive",
        }
    }
}

const fn kind(
    name: &'static str,
    variant: &'static str,
    role: Role,
    value: Value,
    required: &'static [&'static str],
    optional: &'static [&'static str],
) -> Kind {
    Kind { name, variant, role, value, required, optional }
}

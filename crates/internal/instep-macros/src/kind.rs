//! The kinds of interactions and the options of each.

use crate::suggest::{list, nearest};

/// Kind of an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Switch,
    Number,
    Select,
    Text,
    Button,
    Message,
    Sensor,
    BinarySensor,
    Event,
    Log,
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

impl Kind {
    const ALL: [Self; 10] = [
        Self::Switch,
        Self::Number,
        Self::Select,
        Self::Text,
        Self::Button,
        Self::Message,
        Self::Sensor,
        Self::BinarySensor,
        Self::Event,
        Self::Log,
    ];

    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) fn nearest(name: &str) -> Option<Self> {
        Self::find(nearest(name, Self::ALL.map(Self::name))?)
    }

    /// Returns the names of all kinds as a list.
    pub(crate) fn names() -> String {
        list(&Self::ALL.map(Self::name))
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Number => "number",
            Self::Select => "select",
            Self::Text => "text",
            Self::Button => "button",
            Self::Message => "message",
            Self::Sensor => "sensor",
            Self::BinarySensor => "binary_sensor",
            Self::Event => "event",
            Self::Log => "log",
        }
    }

    /// Returns the name with its indefinite article.
    pub(crate) fn a_name(self) -> String {
        let article = if self == Self::Event { "an" } else { "a" };
        format!("{article} {}", self.name())
    }

    /// Returns whether clients write or invoke the interaction.
    ///
    /// Such an interaction needs a command.
    pub(crate) const fn has_command(self) -> bool {
        !matches!(self, Self::Sensor | Self::BinarySensor | Self::Event | Self::Log)
    }

    /// Returns whether the handle has a method for the interaction.
    pub(crate) const fn has_method(self) -> bool {
        !self.is_action()
    }

    pub(crate) const fn is_action(self) -> bool {
        matches!(self, Self::Button | Self::Message)
    }

    pub(crate) const fn required(self) -> &'static [&'static str] {
        match self {
            Self::Number => &["title", "min", "max", "step"],
            Self::Select => &["title", "options"],
            Self::Text | Self::Message => &["title", "max"],
            Self::Sensor => &["title", "precision"],
            Self::Switch | Self::Button | Self::BinarySensor | Self::Event | Self::Log => &["title"],
        }
    }

    pub(crate) const fn optional(self) -> &'static [&'static str] {
        match self {
            Self::Switch | Self::Select | Self::Text => &["group", KEPT],
            Self::Number => &["unit", "group", KEPT],
            Self::Sensor => &["unit", "history", "group"],
            Self::BinarySensor => &["on", "off", "group"],
            Self::Button | Self::Message | Self::Event | Self::Log => &["group"],
        }
    }

    pub(crate) fn has_option(self, name: &str) -> bool {
        self.options().any(|option| option == name)
    }

    pub(crate) fn options(self) -> impl Iterator<Item = &'static str> {
        self.required().iter().chain(self.optional()).copied()
    }

    /// Returns a sentence about the options of the kind.
    pub(crate) fn about_options(self) -> String {
        let (required, optional) = (list(self.required()), list(self.optional()));
        format!("{} needs {required}, and may have {optional}, in any order", self.a_name())
    }
}

/// Returns the type of the value of an option, or `None` if no kind has the option.
pub(crate) fn takes(option: &str) -> Option<Takes> {
    Some(match option {
        "title" | "unit" | "group" | "on" | "off" => Takes::Text,
        "min" | "max" | "step" | "precision" => Takes::Number,
        "options" => Takes::Texts,
        "history" => Takes::History,
        KEPT => Takes::Nothing,
        _ => return None,
    })
}

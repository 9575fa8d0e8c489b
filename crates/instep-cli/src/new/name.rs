//! Names of projects.

use std::fmt;

/// Maximum length of a name, in characters. It is the device's host name, too.
const MAX_LENGTH: usize = 32;
/// Words that a crate cannot have as its name: those of the language, of its libraries, and of this project's dependencies.
const RESERVED: [&str; 67] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "embassy-executor",
    "embassy-futures",
    "embassy-time",
    "embedded-hal",
    "enum",
    "esp",
    "esp-hal",
    "esp-rtos",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "instep",
    "instep-esp",
    "instep-linux",
    "instep-panel",
    "instep-qemu",
    "let",
    "loop",
    "macro",
    "main",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "use",
    "where",
    "while",
];

/// Name of a project, which is the name of a crate and of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProjectName(String);

impl ProjectName {
    /// Parses a name.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !begins || !text.bytes().all(good) || text.ends_with('-') || text.len() > MAX_LENGTH {
            return Err(format!(
                "{text:?} is not a name; use small letters, digits and dashes, such as garden, at most {MAX_LENGTH} of \
                 them, a letter first"
            ));
        }
        if RESERVED.contains(&text) || RESERVED.contains(&text.replace('-', "_").as_str()) {
            return Err(format!("the name {text:?} is reserved in Rust; use another one, such as my-{text}"));
        }
        Ok(Self(text.into()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name as that of a module.
    pub(super) fn module(&self) -> String {
        self.0.replace('-', "_")
    }

    /// Returns the name as a heading.
    pub(super) fn title(&self) -> String {
        let words = self.0.replace('-', " ");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_one_of_a_crate() {
        for (text, module, title) in
            [("garden", "garden", "Garden"), ("rain-barrel-2", "rain_barrel_2", "Rain barrel 2")]
        {
            let name = ProjectName::parse(text).unwrap();
            assert_eq!((name.module().as_str(), name.title().as_str()), (module, title));
        }
        for text in [
            "",
            "Garden",
            "2nd",
            "-a",
            "a-",
            "a b",
            "a_b",
            "../a",
            "gärten",
            "async",
            "test",
            "instep",
            "embedded-hal",
            "esp",
        ] {
            assert!(ProjectName::parse(text).is_err(), "{text}");
        }
        assert!(ProjectName::parse(&"a".repeat(33)).is_err());
    }
}

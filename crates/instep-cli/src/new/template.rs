//! The files of a project.

use super::name::ProjectName;
use super::source::Source;

/// A file of the template: its path in the project, and its text.
const FILES: [(&str, &str); 10] = [
    ("Cargo.toml", include_str!("../../template/Cargo.toml")),
    (".cargo/config.toml", include_str!("../../template/.cargo/config.toml")),
    ("rust-toolchain.toml", include_str!("../../template/rust-toolchain.toml")),
    ("partitions.csv", include_str!("../../template/partitions.csv")),
    ("build.rs", include_str!("../../template/build.rs")),
    ("src/main.rs", include_str!("../../template/src/main.rs")),
    ("src/{{module}}.rs", include_str!("../../template/src/device.rs")),
    ("README.md", include_str!("../../template/README.md")),
    (".gitignore", include_str!("../../template/gitignore")),
    (".github/workflows/ci.yml", include_str!("../../template/.github/workflows/ci.yml")),
];

/// A project to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Project<'a> {
    pub(super) name: &'a ProjectName,
    pub(super) board: &'a str,
    pub(super) source: &'a Source,
}

impl Project<'_> {
    /// Returns the path and the text of each file.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, String)> {
        FILES.iter().map(|(path, text)| (self.fill(path), self.fill(text)))
    }

    fn fill(&self, text: &str) -> String {
        let mut filled = text
            .replace("{{name}}", self.name.as_str())
            .replace("{{module}}", &self.name.module())
            .replace("{{title}}", &self.name.title())
            .replace("{{board}}", self.board);
        for name in ["instep", "instep-linux", "instep-panel", "instep-qemu"] {
            filled = filled.replace(&format!("{{{{source {name}}}}}"), &self.source.of(name));
        }
        filled
    }
}

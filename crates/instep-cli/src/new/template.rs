//! The files of a project.

use super::name::ProjectName;
use super::source::Source;

/// A file of the template: its path in the project, and its text.
const FILES: [(&str, &str); 10] = [
    ("Cargo.toml", include_str!("../../template/manifest.toml")),
    (".cargo/config.toml", include_str!("../../template/config.toml")),
    ("rust-toolchain.toml", include_str!("../../template/rust-toolchain.toml")),
    ("partitions.csv", include_str!("../../template/partitions.csv")),
    ("build.rs", include_str!("../../template/build.rs")),
    ("src/main.rs", include_str!("../../template/main.rs")),
    ("src/{{module}}.rs", include_str!("../../template/device.rs")),
    ("README.md", include_str!("../../template/README.md")),
    (".gitignore", include_str!("../../template/gitignore")),
    (".github/workflows/ci.yml", include_str!("../../template/ci.yml")),
];

/// What fills the template.
#[derive(Clone, Debug)]
pub(super) struct Project<'a> {
    name: String,
    module: String,
    title: String,
    board: String,
    source: &'a Source,
}

impl<'a> Project<'a> {
    /// Returns the project of that name.
    pub(super) fn new(name: &ProjectName, board: &str, source: &'a Source) -> Self {
        let (module, title) = (name.module(), name.title());
        Self { name: name.to_string(), module, title, board: board.into(), source }
    }

    /// Returns the path and the text of each file.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, String)> {
        FILES.iter().map(|(path, text)| (self.fill(path), self.fill(text)))
    }

    fn fill(&self, text: &str) -> String {
        let mut filled = text
            .replace("{{name}}", &self.name)
            .replace("{{module}}", &self.module)
            .replace("{{title}}", &self.title)
            .replace("{{board}}", &self.board);
        for name in ["instep", "instep-linux", "instep-panel", "instep-qemu"] {
            filled = filled.replace(&format!("{{{{source {name}}}}}"), &self.source.of(name));
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    /// Returns the project that another generator fills, with its placeholders, and the files of that generator.
    fn template(name: &str, board: &str, own: &[(&str, String)]) -> BTreeMap<String, String> {
        let (module, source) = ("device".to_owned(), Source::Registry);
        let project =
            Project { name: name.into(), title: name.into(), module, board: board.into(), source: &source };
        let own = own.iter().map(|(path, text)| ((*path).to_owned(), text.clone()));
        project.files().chain(own).collect()
    }

    fn read(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                read(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }

    /// Compares a folder of the repository with what it must be. `UPDATE_TEMPLATES=1` writes it.
    fn compare(folder: &str, expected: &BTreeMap<String, String>) {
        let root = Path::new(ROOT).join("examples/template").join(folder);
        if std::env::var_os("UPDATE_TEMPLATES").is_some() {
            let _ = fs::remove_dir_all(&root);
            for (path, text) in expected {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
        let mut files = BTreeMap::new();
        read(&root, &root, &mut files);
        assert_eq!(&files, expected, "run this test with UPDATE_TEMPLATES=1");
    }

    #[test]
    fn folder_for_cargo_generate_is_same_template() {
        let boards: Vec<_> = esp_boards::BOARDS.iter().map(|board| board.name).collect();
        let own = format!(
            "[placeholders.board]\ntype = \"string\"\nprompt = \"Board for `cargo esp`\"\nchoices = {boards:?}\n\
             default = \"esp32c3-devkit\"\n"
        );
        compare(
            "cargo-generate",
            &template("{{project-name}}", "{{board}}", &[("cargo-generate.toml", own)]),
        );
    }

    #[test]
    fn folder_for_esp_generate_is_same_template() {
        let manifest = "sdk_version = \"0.1.0\"\nname = \"instep\"\n\
            description = \"A device with a web page that every browser shows in step\"\nplugins = { chip = \"0.5.0\" }\n";
        let options = "required:\n  - chip\noptions:\n  - !Include plugin:chip\n";
        compare(
            "esp-generate",
            &template(
                "{{ project_name }}",
                "{{ chip.name }}-devkit",
                &[("metadata.toml", manifest.into()), ("template.yaml", options.into())],
            ),
        );
    }

    #[test]
    fn settings_of_firmware_are_those_of_repository() {
        let read = |path: &str| fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
        let template = |path| FILES.iter().find(|(name, _)| *name == path).unwrap().1;
        assert_eq!(template("partitions.csv"), read("examples/esp32/partitions.csv"));
        let own: toml::Table = template(".cargo/config.toml").parse().unwrap();
        let firmware: toml::Table = read("examples/esp32/.cargo/config.toml").parse().unwrap();
        assert_eq!(own["env"], firmware["env"]);
        for (target, settings) in own["target"].as_table().unwrap() {
            let flags = |table: &toml::Value| table["rustflags"].as_array().unwrap().clone();
            let mut expected = flags(&firmware["target"][target]);
            // The link arguments are in build.rs, because the image for QEMU has the same target and others.
            expected.retain(|flag| !flag.as_str().unwrap().starts_with("-Clink-arg"));
            assert_eq!(flags(settings), expected, "{target}");
        }
    }
}

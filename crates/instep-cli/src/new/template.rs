//! The files of a project.

use super::board;
use super::name::ProjectName;
use super::source::Source;
use esp_boards::Board;

/// A file of the template: its path in the project, and its text.
const FILES: [(&str, &str); 11] = [
    ("Cargo.toml", include_str!("../../template/manifest.toml")),
    (".cargo/config.toml", include_str!("../../template/config.toml")),
    ("rust-toolchain.toml", include_str!("../../template/rust-toolchain.toml")),
    ("partitions.csv", include_str!("../../template/partitions.csv")),
    ("build.rs", include_str!("../../template/build.rs")),
    ("src/main.rs", include_str!("../../template/main.rs")),
    ("src/esp.rs", include_str!("../../template/esp.rs")),
    ("src/{{module}}.rs", include_str!("../../template/device.rs")),
    ("README.md", include_str!("../../template/README.md")),
    (".gitignore", include_str!("../../template/gitignore")),
    (".github/workflows/ci.yml", include_str!("../../template/ci.yml")),
];

/// What fills the template: the names and texts of its placeholders.
#[derive(Clone, Debug)]
pub(super) struct Project(Vec<(String, String)>);

impl Project {
    /// Returns the project of that name.
    pub(super) fn new(name: &ProjectName, board: &Board, source: &Source) -> Self {
        let names = [("name", name.to_string()), ("module", name.module()), ("title", name.title())];
        Self::filled(names.into_iter().chain(board::texts(board)), source)
    }

    fn filled<'a>(texts: impl Iterator<Item = (&'a str, String)>, source: &Source) -> Self {
        let crates = ["instep", "instep-esp", "instep-linux", "instep-panel", "instep-qemu"];
        let sources = crates.map(|name| (format!("source {name}"), source.of(name)));
        Self(texts.map(|(name, text)| (name.to_owned(), text)).chain(sources).collect())
    }

    /// Returns the path and the text of each file.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, String)> {
        FILES.iter().map(|(path, text)| (self.fill(path), self.fill(text)))
    }

    fn fill(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |filled, (name, text)| filled.replace(&format!("{{{{{name}}}}}"), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new::DEFAULT_BOARD;
    use esp_boards::BOARDS;
    use std::collections::BTreeMap;
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    /// Returns the files of a project for that board.
    fn files(board: &Board) -> BTreeMap<String, String> {
        Project::new(&ProjectName::parse("rain-barrel").unwrap(), board, &Source::Registry).files().collect()
    }

    /// Returns the files for another generator: the template with that generator's placeholders, and files of its own.
    fn template(
        name: &str,
        placeholder: fn(&str) -> String,
        own: &[(&str, String)],
    ) -> BTreeMap<String, String> {
        let names = [("name", name.into()), ("module", "device".into()), ("title", name.into())];
        let texts = board::texts(&BOARDS[0]).map(|(name, _)| (name, placeholder(name)));
        let project = Project::filled(names.into_iter().chain(texts), &Source::Registry);
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
        let names = BOARDS.map(|board| board.name);
        let manifest = format!(
            "[placeholders.board]\ntype = \"string\"\nprompt = \"Board for `cargo esp`\"\nchoices = {names:?}\n\
             default = {DEFAULT_BOARD:?}\n\n[hooks]\npre = [\"board.rhai\"]\n"
        );
        let mut script = "// What the template says about each board.\nlet boards = #{\n".to_owned();
        for board in &BOARDS {
            writeln!(script, "    {:?}: #{{", board.name).unwrap();
            for (name, text) in board::texts(board) {
                writeln!(script, "        {name}: {text:?},").unwrap();
            }
            script += "    },\n";
        }
        script += "};\nlet texts = boards[variable::get(\"board\")];\n\
                   for name in texts.keys() {\n    variable::set(name, texts[name]);\n}\n";
        compare(
            "cargo-generate",
            &template(
                "{{project-name}}",
                |name| format!("{{{{{name}}}}}"),
                &[("cargo-generate.toml", manifest), ("board.rhai", script)],
            ),
        );
    }

    #[test]
    fn folder_for_esp_generate_is_same_template() {
        let manifest = "sdk_version = \"0.1.0\"\nname = \"instep\"\n\
            description = \"A device with a web page that every browser shows in step\"\n";
        let mut options = "required:\n  - board\noptions:\n".to_owned();
        for board in &BOARDS {
            let (name, chip) = (board.name, board.chip);
            write!(
                options,
                "  - !Option\n    name: {name}\n    display_name: {name} ({chip})\n    selection_group: board\n    sets:\n"
            )
            .unwrap();
            for (name, text) in board::texts(board) {
                writeln!(options, "      {name}: {text:?}").unwrap();
            }
        }
        compare(
            "esp-generate",
            &template(
                "{{ project_name }}",
                |name| format!("{{{{ {name} }}}}"),
                &[("metadata.toml", manifest.into()), ("template.yaml", options)],
            ),
        );
    }

    #[test]
    fn project_is_right_for_each_board() {
        for board in &BOARDS {
            let files = files(board);
            for (path, text) in &files {
                assert!(!text.contains("{{") && !text.contains("}}"), "{path}: {text}");
            }
            let toml = |path: &str| files[path].parse::<toml::Table>().unwrap();
            let (chip, target) = (toml::Value::from(board.chip), board.target());

            let manifest = toml("Cargo.toml");
            let firmware = &manifest["target"]["cfg(target_os = \"none\")"]["dependencies"];
            for name in ["esp-hal", "esp-rtos", "instep-esp"] {
                assert!(firmware[name]["features"].as_array().unwrap().contains(&chip), "{name}");
            }

            let alias = toml(".cargo/config.toml")["alias"]["esp"].clone();
            let alias: Vec<_> = alias.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
            assert!(alias.contains(&format!("--target={target}").as_str()), "{alias:?}");
            assert_eq!(alias.contains(&"-Zbuild-std=core,alloc"), board.is_xtensa());
            let runner = alias.last().unwrap();
            assert!(runner.starts_with(&format!("--config=target.{target}.runner=")), "{runner}");
            assert!(runner.contains(&format!("'--chip={}'", board.chip)), "{runner}");

            let source = &files["src/esp.rs"];
            let pump = format!("\n    let pump = Output::new(chip.GPIO{}, Level::Low,", board.led);
            let button = format!("\n    let button = Input::new(chip.GPIO{}, ", board.button);
            let start = format!("start!(rain_barrel::APP, {:?}, spawner, parts)", board.name);
            for line in [pump, button, start] {
                assert!(source.contains(&line), "{source}");
            }
            assert_eq!(source.contains("while the pin is low"), board.led_inverted, "{source}");

            let (toolchain, ci) = (&files["rust-toolchain.toml"], &files[".github/workflows/ci.yml"]);
            assert_eq!(toolchain.contains(&format!("{target:?}")), !board.is_xtensa(), "{toolchain}");
            assert_eq!(
                ci.contains(&format!("--features=esp --target={target}\n")),
                !board.is_xtensa(),
                "{ci}"
            );
            let command = if board.is_xtensa() { "\ncargo +esp esp\n" } else { "\ncargo esp\n" };
            assert!(files["README.md"].contains(command));
        }
    }

    #[test]
    fn settings_of_firmware_are_those_of_repository() {
        let read = |path: &str| fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
        let files = files(&BOARDS[0]);
        assert_eq!(files["partitions.csv"], read("examples/esp32/partitions.csv"));
        let own: toml::Table = files[".cargo/config.toml"].parse().unwrap();
        let firmware: toml::Table = read("examples/esp32/.cargo/config.toml").parse().unwrap();
        assert_eq!(own["env"], firmware["env"]);
        let flags = |table: &toml::Value| table["rustflags"].as_array().unwrap().clone();
        for board in &BOARDS {
            let target = if board.is_xtensa() { "cfg(target_arch = \"xtensa\")" } else { board.target() };
            let expected = flags(&firmware["target"][board.target()]);
            assert_eq!(flags(&own["target"][target]), expected, "{target}");
        }
    }

    #[test]
    fn dependencies_and_profile_of_firmware_are_those_of_repository() {
        let read = |path: &str| -> toml::Table {
            fs::read_to_string(Path::new(ROOT).join(path)).unwrap().parse().unwrap()
        };
        let own: toml::Table = files(&BOARDS[0])["Cargo.toml"].parse().unwrap();
        let (repository, mut firmware) = (read("Cargo.toml"), read("examples/esp32/Cargo.toml"));

        let version = |dependency: &toml::Value| dependency.get("version").unwrap_or(dependency).clone();
        let shared = &repository["workspace"]["dependencies"];
        for (name, dependency) in
            own["target"]["cfg(target_os = \"none\")"]["dependencies"].as_table().unwrap()
        {
            assert_eq!(version(dependency), version(&shared[name]), "{name}");
        }

        // The project does not depend on the example applications.
        let packages = firmware["profile"]["release"]["package"].as_table_mut().unwrap();
        packages.remove("instep-apps");
        assert_eq!(own["profile"]["release"], firmware["profile"]["release"]);
    }
}

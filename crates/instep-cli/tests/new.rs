//! `instep new`: the folder that it makes, and what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use test_support::Folder;

const INSTEP: &str = env!("CARGO_BIN_EXE_instep");

fn new(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(INSTEP)
        .arg("new")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("instep cannot be started")
}

/// Returns the names in a folder.
fn names(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .expect("no folder")
        .map(|entry| entry.expect("no entry").file_name().into())
        .collect()
}

#[test]
fn folder_has_files_of_one_s_own_that_name_the_project() {
    let folder = Folder::new("new");
    let checkout = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = new(&folder, &["rain-barrel", "--path", checkout]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("cd rain-barrel\n    cargo run"), "{output:?}");
    let read = |path: &str| fs::read_to_string(folder.join("rain-barrel").join(path)).expect("no such file");
    assert!(read("Cargo.toml").contains("name = \"rain-barrel\""));
    assert!(read("Cargo.toml").contains("/crates/instep-linux\" }"));
    assert!(read("src/main.rs").contains("mod rain_barrel;"));
    assert!(read("src/rain_barrel.rs").contains("instep::thing!"));
    for path in
        ["build.rs", ".cargo/config.toml", "rust-toolchain.toml", "partitions.csv", ".gitignore", "README.md"]
    {
        let text = read(path);
        assert!(!text.is_empty() && !text.contains("{{"), "{path}: {text}");
    }
    assert_eq!(names(&folder).len(), 1, "something unfinished stayed");
}

#[test]
fn registry_is_told_as_long_as_nothing_is_published() {
    let folder = Folder::new("new-registry");
    let output = new(&folder, &["garden"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("is not published") && text.contains("--path DIR"),
        "{text}"
    );
    let manifest = fs::read_to_string(folder.join("garden/Cargo.toml")).expect("no manifest");
    assert!(
        manifest.contains(&format!("instep = {{ version = {:?} }}", env!("CARGO_PKG_VERSION"))),
        "{manifest}"
    );
}

#[test]
fn what_cannot_be_made_is_refused_in_a_sentence_and_leaves_nothing() {
    let folder = Folder::new("new-refused");
    for (arguments, says) in [
        (&["Garden"][..], "small letters"),
        (&["async"], "reserved in Rust"),
        (&["garden", "--board", "esp32p4"], "use one of esp32-devkit"),
        (&["garden", "--path", "."], "is no checkout of instep"),
        (&["garden", "--git", ""], "--git needs the URL"),
    ] {
        let output = new(&folder, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.starts_with("instep new: ") && error.contains(says), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(names(&folder).is_empty(), "{arguments:?} left something");
    }
    fs::create_dir(folder.join("garden")).expect("no folder");
    fs::write(folder.join("garden/mine"), "").expect("no file");
    let output = new(&folder, &["garden"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not empty"), "{output:?}");
    assert_eq!(names(&folder.join("garden")), [PathBuf::from("mine")]);
}

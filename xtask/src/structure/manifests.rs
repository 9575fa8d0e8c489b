//! Rules for dependencies between the crates of this repository.
//!
//! They include dependencies for tests.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::source::Sources;

/// Portable crates.
const PORTABLE: [&str; 2] = ["instep", "instep-proto"];
/// Crates that connect the portable ones to a runtime.
const DRIVERS: [&str; 2] = ["instep-embassy", "instep-tokio"];
/// Crate that depends on no other crate of this repository.
const ALONE: &str = "instep-proto";

/// Returns a sentence for each broken rule.
pub(crate) fn problems(sources: &Sources) -> Vec<String> {
    let mut problems = Vec::new();
    let mut packages: BTreeMap<String, (&str, Table)> = BTreeMap::new();
    for (path, manifest) in manifests(sources) {
        match manifest {
            Ok(manifest) => {
                if let Some(name) = manifest.get("package").and_then(|package| package.get("name")) {
                    let name = name.as_str().unwrap_or_default().to_owned();
                    packages.insert(name, (path, manifest));
                }
            }
            Err(error) => problems.push(format!("{path} cannot be parsed: {error}")),
        }
    }
    for named in PORTABLE.iter().chain(&DRIVERS).filter(|name| !packages.contains_key(**name)) {
        problems.push(format!(
            "the crate {named} has a rule but does not exist; correct its name in manifests.rs"
        ));
    }
    for portable in PORTABLE {
        let Some((path, manifest)) = packages.get(portable) else { continue };
        for dependency in dependencies(manifest) {
            if DRIVERS.contains(&dependency.as_str()) {
                problems.push(format!(
                    "{path} depends on {dependency}, a driver; {portable} must build without one"
                ));
            } else if portable == ALONE && packages.contains_key(&dependency) {
                problems.push(format!(
                    "{path} depends on {dependency}; {ALONE} is below all crates of this repository"
                ));
            }
        }
    }
    problems
}

/// Returns the root files that manifests name explicitly.
pub(crate) fn named_roots(sources: &Sources) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    for (path, manifest) in manifests(sources) {
        let Ok(manifest) = manifest else { continue };
        let folder = path.trim_end_matches("Cargo.toml");
        let programs = manifest.get("bin").and_then(Value::as_array).into_iter().flatten();
        let files = programs.chain(manifest.get("lib")).filter_map(|target| target.get("path")?.as_str());
        roots.extend(files.map(|file| format!("{folder}{file}")));
    }
    roots
}

fn manifests(sources: &Sources) -> impl Iterator<Item = (&str, Result<Table, toml::de::Error>)> {
    let files = sources.iter().filter(|(path, _)| path.ends_with("Cargo.toml"));
    files.map(|(path, text)| (path.as_str(), text.parse()))
}

/// Returns the names of all dependencies.
///
/// They include those of tests, of build scripts and of single targets.
fn dependencies(manifest: &Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = targets.filter_map(Value::as_table).chain([manifest]);
    let sections = tables.flat_map(|table| {
        ["dependencies", "dev-dependencies", "build-dependencies"].map(|section| table.get(section))
    });
    let entries = sections.flatten().filter_map(Value::as_table).flatten();
    // `package` is the real name of a renamed dependency.
    entries
        .map(|(name, entry)| entry.get("package").and_then(Value::as_str).unwrap_or(name).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_with(portable: &str, proto: &str) -> Vec<String> {
        let manifests = [
            ("crates/instep", portable),
            ("crates/instep-proto", proto),
            ("crates/instep-embassy", ""),
            ("crates/instep-tokio", "[dependencies]\ninstep.workspace = true"),
        ];
        let sources = manifests.map(|(folder, rest)| {
            let name = folder.trim_start_matches("crates/");
            (format!("{folder}/Cargo.toml"), format!("[package]\nname = '{name}'\n{rest}"))
        });
        problems(&Sources::from(sources))
    }

    #[test]
    fn portable_crate_without_driver_is_accepted() {
        let found = problems_with("[dependencies]\ninstep-proto.workspace = true\nlog = '0.4'", "");
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn portable_crate_with_driver_for_tests_is_reported() {
        let found = problems_with("[dev-dependencies]\ninstep-tokio.workspace = true", "");
        let expected =
            "crates/instep/Cargo.toml depends on instep-tokio, a driver; instep must build without one";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn proto_with_renamed_crate_of_repository_is_reported() {
        let proto = "[target.'cfg(unix)'.dependencies]\nserver = { package = 'instep', path = '../instep' }";
        let found = problems_with("", proto);
        let expected = "crates/instep-proto/Cargo.toml depends on instep; instep-proto is below all crates of this \
            repository";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn program_with_path_is_root() {
        let manifest = "[lib]\nname = 'tests'\n[[bin]]\nname = 'a'\npath = 'src/a.rs'";
        let sources = [("tests/board/Cargo.toml".to_owned(), manifest.to_owned())];
        let roots = named_roots(&Sources::from(sources));
        assert_eq!(roots, BTreeSet::from(["tests/board/src/a.rs".to_owned()]));
    }

    #[test]
    fn rule_for_missing_crate_is_reported() {
        assert_eq!(problems(&Sources::new()).len(), 4);
    }
}

//! Clients and a proxy of other projects.
//!
//! They are fetched on demand, and are never part of this repository.

use std::path::{Path, PathBuf};

use crate::packages::{NPM, Packages};
use crate::report::Outcome;
use crate::tools::{Tools, cargo, find, run};

/// Programs, and their Debian packages.
const PROGRAMS: [(&str, &str); 5] = [
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3-venv"),
    ("java", "openjdk-17-jdk-headless"),
    ("haproxy", "haproxy"),
];

const CLIENTS: Packages = Packages {
    name: "other-clients",
    lists_in: "crates/instep-cli/tests/other_clients",
    lists: &["package.json", "package-lock.json", "requirements.txt"],
    steps: &[
        NPM,
        ("python3", &["-m", "venv", "venv"]),
        ("venv/bin/pip", &["install", "--quiet", "--requirement", "requirements.txt"]),
    ],
};

/// Fetches the clients, and tests them with the command `instep`.
pub(crate) fn test(tools: &mut Tools) -> Outcome {
    match fetch(tools) {
        Ok(folder) => {
            let mut tests =
                cargo(&["test", "--package", "instep-cli", "--test", "other_clients", "--", "--ignored"]);
            // Debian installs HAProxy into a folder that PATH may lack.
            let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
            run(tests.env("OTHER_CLIENTS", folder).env("PATH", path))
        }
        Err(outcome) => outcome,
    }
}

/// Returns the folder of the clients, or the outcome for a missing program.
fn fetch(tools: &mut Tools) -> Result<PathBuf, Outcome> {
    for (program, package) in PROGRAMS {
        if find(program).is_none() && !Path::new("/usr/sbin").join(program).is_file() {
            tools.install(&format!("{program} is missing;"), &[package])?;
        }
    }
    CLIENTS.install()
}

//! Clients and a proxy of other projects.
//!
//! They are fetched on demand, and are never part of this repository.

use crate::packages::{NPM, Packages};
use crate::report::Outcome;
use crate::tools::{Tools, cargo, run};

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
    tools.programs(&PROGRAMS)?;
    let folder = CLIENTS.install()?;
    let mut tests = cargo(&["test", "--package", "instep-cli", "--test", "other_clients", "--", "--ignored"]);
    // Not everyone's PATH has the folder that Debian lays HAProxy into.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    run(tests.env("OTHER_CLIENTS", folder).env("PATH", path))
}

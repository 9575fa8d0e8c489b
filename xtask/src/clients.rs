//! Clients and a proxy that others wrote: fetched when they are needed, never part of this repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::Outcome;
use crate::tools::{Tools, cargo, find, run, target, workspace};

/// Programs that Debian has, and their packages.
const PROGRAMS: [(&str, &str); 5] = [
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3-venv"),
    ("java", "openjdk-17-jdk-headless"),
    ("haproxy", "haproxy"),
];

/// Fetches the clients, and has them use what the command `instep` serves.
pub(crate) fn test(tools: &mut Tools) -> Outcome {
    match fetch(tools) {
        Ok(folder) => {
            let mut tests =
                cargo(&["test", "--package", "instep-cli", "--test", "other_clients", "--", "--ignored"]);
            // Not everyone's PATH has the folder that Debian lays HAProxy into.
            let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
            run(tests.env("OTHER_CLIENTS", folder).env("PATH", path))
        }
        Err(outcome) => outcome,
    }
}

/// The folder with the clients. `Err`: what is missing.
fn fetch(tools: &mut Tools) -> Result<PathBuf, Outcome> {
    for (program, package) in PROGRAMS {
        if find(program).is_none() && !Path::new("/usr/sbin").join(program).is_file() {
            tools.install(&format!("{program} is missing; this installs it:"), &[package])?;
        }
    }
    let wanted = workspace().join("crates/instep-cli/tests/other_clients");
    let folder = target().join("other-clients");
    let failed = |error: std::io::Error| Outcome::Failed(format!("the clients have no folder: {error}"));
    std::fs::create_dir_all(&folder).map_err(failed)?;
    for name in ["package.json", "package-lock.json", "requirements.txt"] {
        std::fs::copy(wanted.join(name), folder.join(name)).map_err(failed)?;
    }
    let steps: [(&str, &[&str]); 3] = [
        ("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]),
        ("python3", &["-m", "venv", "venv"]),
        ("venv/bin/pip", &["install", "--quiet", "--requirement", "requirements.txt"]),
    ];
    for (program, args) in steps {
        let program = if program.contains('/') { folder.join(program) } else { program.into() };
        match run(Command::new(program).args(args).current_dir(&folder)) {
            Outcome::Passed => {}
            _ => return Err(Outcome::Skipped("a client is missing, and could not be fetched".into())),
        }
    }
    Ok(folder)
}

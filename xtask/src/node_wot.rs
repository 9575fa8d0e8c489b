//! node-wot, the W3C's reference client of the Web of Things.
//!
//! It uses a Thing by its description. It is fetched on demand, and is never part of this repository.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packages::{NPM, Packages};
use crate::report::Outcome;
use crate::tools::{Tools, cargo, find, run};

const CLIENT: Packages = Packages {
    name: "node-wot",
    lists_in: "crates/instep-cli/tests/web_of_things",
    lists: &["package.json", "package-lock.json"],
    steps: &[NPM],
};

/// Fetches the client, and tests it with the command `instep`.
pub(crate) fn test(tools: &mut Tools) -> Outcome {
    match client(tools) {
        Ok(client) => run(&mut tests(&client)),
        Err(outcome) => outcome,
    }
}

/// Fetches the client, and tests it with `launcher`, which runs a small device.
pub(crate) fn test_device(tools: &mut Tools, launcher: &OsStr, image: &Path) -> Outcome {
    match client(tools) {
        Ok(client) => {
            let mut tests = tests(&client);
            run(tests.env("INSTEP_BIN", launcher).env("INSTEP_IMAGE", image).env("INSTEP_TARGET", "device"))
        }
        Err(outcome) => outcome,
    }
}

fn tests(client: &Path) -> Command {
    let mut tests = cargo(&["test", "--package", "instep-cli", "--test", "web_of_things", "--", "--ignored"]);
    tests.env("NODE_WOT", client);
    tests
}

/// Returns the folder of the client, or the outcome for a missing program.
fn client(tools: &mut Tools) -> Result<PathBuf, Outcome> {
    if find("node").is_none() || find("npm").is_none() {
        tools.install("Node.js is missing;", &["nodejs", "npm"])?;
    }
    CLIENT.install()
}

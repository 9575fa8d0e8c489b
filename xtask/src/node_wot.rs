//! node-wot, the W3C's reference client of the Web of Things.
//!
//! It uses a Thing by its description. It is fetched on demand, and is never part of this repository.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::packages::{NPM, Packages};
use crate::report::Outcome;
use crate::tools::{Tools, cargo, run};

const CLIENT: Packages = Packages {
    name: "node-wot",
    lists_in: "crates/instep-cli/tests/web_of_things",
    lists: &["package.json", "package-lock.json"],
    steps: &[NPM],
};

/// Fetches the client, and tests it with the command `instep`.
pub(crate) fn test(tools: &mut Tools) -> Outcome {
    run(&mut tests(tools)?)
}

/// Fetches the client, and tests it with `launcher`, which runs a small device.
pub(crate) fn test_device(tools: &mut Tools, launcher: &OsStr, image: &Path) -> Outcome {
    let mut tests = tests(tools)?;
    run(tests.env("INSTEP_BIN", launcher).env("INSTEP_IMAGE", image).env("INSTEP_TARGET", "device"))
}

/// Fetches the client, and returns the command that tests with it.
fn tests(tools: &mut Tools) -> Outcome<Command> {
    tools.programs(&[("node", "nodejs"), ("npm", "npm")])?;
    let mut tests = cargo(&["test", "--package", "instep-cli", "--test", "web_of_things", "--", "--ignored"]);
    tests.env("NODE_WOT", CLIENT.install()?);
    Ok(tests)
}

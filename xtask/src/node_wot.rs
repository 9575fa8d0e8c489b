//! node-wot, the W3C's reference client of the Web of Things, which uses a Thing by its description: fetched when it is
//! needed, never part of this repository.

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

/// Fetches the client, and has it use what the command `instep` serves.
pub(crate) fn test(tools: &mut Tools) -> Outcome {
    run(&mut tests(tools)?)
}

/// The same against a program that is started like `instep`, but stands for a small device.
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

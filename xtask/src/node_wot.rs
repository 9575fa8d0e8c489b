//! node-wot, the W3C's reference client of the Web of Things, which uses a Thing by its description: fetched when it is
//! needed, never part of this repository.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::Outcome;
use crate::tools::{Tools, cargo, find, run, target, workspace};

/// Which packages are wanted, with the hashes of all.
const PACKAGES: [&str; 2] = ["package.json", "package-lock.json"];

/// Fetches the client, and has it use what the command `instep` serves.
pub(crate) fn test(tools: &mut Tools) -> Outcome {
    match client(tools) {
        Ok(client) => run(&mut tests(&client)),
        Err(outcome) => outcome,
    }
}

/// The same against a program that is started like `instep`, but stands for a small device.
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

/// The folder with the client. `Err`: what is missing.
fn client(tools: &mut Tools) -> Result<PathBuf, Outcome> {
    if find("node").is_none() || find("npm").is_none() {
        tools.install("Node.js is missing; this installs it:", &["nodejs", "npm"])?;
    }
    let failed = |error: std::io::Error| Outcome::Failed(format!("node-wot has no folder: {error}"));
    let wanted = workspace().join("crates/instep-cli/tests/web_of_things");
    let folder = target().join("node-wot");
    let whole = folder.join("whole");
    let is_same = |name: &&str| fs::read(wanted.join(name)).ok() == fs::read(folder.join(name)).ok();
    if whole.is_file() && PACKAGES.iter().all(is_same) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    for name in PACKAGES {
        fs::copy(wanted.join(name), folder.join(name)).map_err(failed)?;
    }
    // It checks the hashes; nothing of the packages is run while they are unpacked.
    let mut fetch = Command::new("npm");
    fetch.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    match run(&mut fetch) {
        Outcome::Passed => fs::write(&whole, "").map(|()| folder).map_err(failed),
        _ => Err(Outcome::Skipped("node-wot is missing, and npm could not fetch it".into())),
    }
}

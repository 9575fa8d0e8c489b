//! Home Assistant itself, which finds a device.
//!
//! It is fetched once, and its environment is kept in the target folder.

use crate::packages::Packages;
use crate::report::{Outcome, Stop};
use crate::tools::{Tools, cargo, find, output, run, target};
use std::path::PathBuf;
use std::process::Command;

/// Version of Python that this Home Assistant needs.
const PYTHON: &str = "python3.13";

const HOME_ASSISTANT: Packages = Packages {
    name: "home-assistant",
    lists_in: "crates/instep-cli/tests/home_assistant",
    lists: &["requirements.txt"],
    steps: &[
        ("venv/bin/pip", &["install", "--quiet", "uv"]),
        (
            "venv/bin/uv",
            &["pip", "install", "--quiet", "--python", "venv/bin/python", "homeassistant==2025.4.4"],
        ),
        (
            "venv/bin/uv",
            &[
                "pip",
                "install",
                "--quiet",
                "--python",
                "venv/bin/python",
                "--constraint",
                "venv/lib/python3.13/site-packages/homeassistant/package_constraints.txt",
                "--requirement",
                "requirements.txt",
            ],
        ),
    ],
};

/// Fetches Home Assistant, and tests it with a device and mosquitto. With `full`, it is also restarted.
pub(crate) fn test(full: bool, tools: &mut Tools) -> Outcome {
    tools.programs(&[("mosquitto", "mosquitto")])?;
    let Some(python) = python() else {
        return Err(Stop::Skipped(format!("{PYTHON} is missing, on PATH and in pyenv")));
    };
    let venv = target().join(HOME_ASSISTANT.name).join("venv");
    if !venv.join("bin/pip").is_file() {
        run(Command::new(python).args(["-m", "venv"]).arg(&venv))?;
    }
    HOME_ASSISTANT.install()?;
    let mut tests =
        cargo(&["test", "--package", "instep-cli", "--test", "home_assistant", "--", "--ignored"]);
    if !full {
        tests.args(["--skip", "restarts"]);
    }
    run(tests.env("HOME_ASSISTANT", venv))
}

/// Returns whether this machine has the Python that Home Assistant needs.
pub(crate) fn is_possible() -> bool {
    python().is_some()
}

/// Finds Python on PATH or in pyenv, whose commands fail for versions that are not selected.
fn python() -> Option<PathBuf> {
    let works = |program: &PathBuf| output(Command::new(program).arg("--version")).is_some();
    let in_pyenv = || {
        let versions = PathBuf::from(std::env::var_os("HOME")?).join(".pyenv/versions");
        let versions = std::fs::read_dir(versions).ok()?.filter_map(Result::ok);
        versions.map(|version| version.path().join("bin").join(PYTHON)).find(works)
    };
    find(PYTHON).filter(works).or_else(in_pyenv)
}

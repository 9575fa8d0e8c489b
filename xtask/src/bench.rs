//! The benchmark. It is a workspace of its own, so that nobody else builds the servers that instep is measured against.

use std::process::ExitCode;

use crate::report::Outcome;
use crate::tools::{cargo, run, target, workspace};

/// Builds the benchmark and runs it with these arguments.
pub(crate) fn run_with(arguments: &[&str]) -> ExitCode {
    let folder = target().join("bench");
    let mut build = cargo(&["build", "--release", "--manifest-path", "bench/Cargo.toml", "--target-dir"]);
    if let Outcome::Failed(why) = run(build.arg(&folder)) {
        eprintln!("{why}");
        return ExitCode::FAILURE;
    }
    let program = folder.join("release/bench");
    match std::process::Command::new(&program).args(arguments).current_dir(workspace()).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}

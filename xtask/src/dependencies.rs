//! The dependencies of this workspace: their
//! licences, sources, duplicates and advisories.

use crate::report::Outcome;
use crate::tools::{Tools, cargo, output, run};

/// Other workspaces whose crates are distributed, too, as firmware.
///
/// Duplicates are allowed there, because the crates of the chips' makers determine the versions.
const FIRMWARE: [&str; 2] = ["boards/esp/Cargo.toml", "examples/qemu-riscv32/Cargo.toml"];

const INSTALL: [&str; 4] = ["install", "--locked", "cargo-deny", "--version=^0.20"];

/// Runs cargo-deny with `deny.toml`.
///
/// Its database of advisories comes from the network; if that is out of reach, the check says so and
/// goes on.
pub(crate) fn check(tools: &Tools) -> Outcome {
    let there = || output(&mut cargo(&["deny", "--version"])).is_some();
    if !there() {
        let command = format!("cargo {}", INSTALL.join(" "));
        if !tools.may_install() {
            return Outcome::Skipped(format!("cargo-deny is missing; `{command}` installs it"));
        }
        match run(&mut cargo(&INSTALL)) {
            Outcome::Passed if there() => {}
            _ => return Outcome::Failed(format!("cargo-deny is missing; `{command}` failed")),
        }
    }
    match run(&mut cargo(&["deny", "check", "licenses", "bans", "sources"])) {
        Outcome::Passed => {}
        outcome => return outcome,
    }
    for manifest in FIRMWARE {
        let deny = ["deny", "--config", "deny.toml", "--manifest-path", manifest];
        // In place of those of the file.
        let target = ["--target", "riscv32imc-unknown-none-elf"];
        let what = ["check", "--allow", "license-exception-not-encountered", "licenses", "sources"];
        match run(cargo(&deny).args(target).args(what)) {
            Outcome::Passed => {}
            outcome => return outcome,
        }
    }
    match run(&mut cargo(&["deny", "fetch", "db"])) {
        Outcome::Passed => run(&mut cargo(&["deny", "--offline", "check", "advisories"])),
        _ => {
            println!("The database of known faults is out of reach: advisories were not checked.");
            Outcome::Passed
        }
    }
}

//! The dependencies of this workspace: their
//! licences, sources, duplicates and advisories.

use crate::report::Outcome;
use crate::tools::{Tools, cargo, run};

/// Other workspaces whose crates are distributed, too, as firmware.
///
/// Duplicates are allowed there, because the crates of the chips' makers determine the versions.
const FIRMWARE: [&str; 2] = ["boards/esp/Cargo.toml", "boards/qemu-riscv32/Cargo.toml"];

const INSTALL: [&str; 5] = ["cargo", "install", "--locked", "cargo-deny", "--version=^0.20"];

/// Runs cargo-deny with `deny.toml`.
///
/// Its database of advisories comes from the network; if that is out of reach, the check says so and
/// goes on.
pub(crate) fn check(tools: &Tools) -> Outcome {
    tools.subcommand("deny", "cargo-deny", &INSTALL)?;
    run(&mut cargo(&["deny", "check", "licenses", "bans", "sources"]))?;
    for manifest in FIRMWARE {
        let deny = ["deny", "--config", "deny.toml", "--manifest-path", manifest];
        // In place of those of the file.
        let target = ["--target", "riscv32imc-unknown-none-elf"];
        let what = ["check", "--allow", "license-exception-not-encountered", "licenses", "sources"];
        run(cargo(&deny).args(target).args(what))?;
    }
    if run(&mut cargo(&["deny", "fetch", "db"])).is_err() {
        println!("The database of known faults is out of reach: advisories were not checked.");
        return Ok(());
    }
    run(&mut cargo(&["deny", "--offline", "check", "advisories"]))
}

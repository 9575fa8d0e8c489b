//! Checks the dependencies: licences, sources, duplicates and advisories.

use crate::report::Outcome;
use crate::tools::{Tools, cargo, run};

/// Other workspaces, whose crates are distributed as firmware.
///
/// Duplicates are allowed there, because the crates of the chips' makers determine the versions.
const FIRMWARE: [&str; 2] = ["examples/esp32/Cargo.toml", "examples/qemu-riscv32/Cargo.toml"];

const INSTALL: [&str; 5] = ["cargo", "install", "--locked", "cargo-deny", "--version=^0.20"];

/// Runs cargo-deny with `deny.toml`.
///
/// The database of advisories comes from the network. If it cannot be fetched, a message is printed and advisories are
/// not checked.
pub(crate) fn check(tools: &Tools) -> Outcome {
    tools.subcommand("deny", "cargo-deny", &INSTALL)?;
    run(&mut cargo(&["deny", "check", "licenses", "bans", "sources"]))?;
    for manifest in FIRMWARE {
        let deny = ["deny", "--config", "deny.toml", "--manifest-path", manifest];
        // This target replaces the targets of the file.
        let target = ["--target", "riscv32imc-unknown-none-elf"];
        let what = ["check", "--allow", "license-exception-not-encountered", "licenses", "sources"];
        run(cargo(&deny).args(target).args(what))?;
    }
    if run(&mut cargo(&["deny", "fetch", "db"])).is_err() {
        println!("Advisories were not checked: their database cannot be fetched.");
        return Ok(());
    }
    run(&mut cargo(&["deny", "--offline", "check", "advisories"]))
}

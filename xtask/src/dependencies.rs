//! The crates that this workspace builds on: their licences, where they come from, that none is there twice, and what
//! is known against them.

use crate::report::Outcome;
use crate::tools::{Tools, cargo, output, run};

/// Workspaces of their own whose crates are given away, too, as firmware. There a crate may be there twice: which
/// versions the makers of the chips' crates take is theirs to say.
const FIRMWARE: [&str; 2] = ["boards/esp/Cargo.toml", "boards/qemu-riscv32/Cargo.toml"];

const INSTALL: [&str; 4] = ["install", "--locked", "cargo-deny", "--version=^0.20"];

/// What `deny.toml` says is checked by cargo-deny. Its database of known faults comes from the network: where that is
/// out of reach, this says so and goes on.
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
        let at = ["deny", "--config", "deny.toml", "--manifest-path", manifest];
        // In place of those of the file.
        let target = ["--target", "riscv32imc-unknown-none-elf"];
        let what = ["check", "--allow", "license-exception-not-encountered", "licenses", "sources"];
        match run(cargo(&at).args(target).args(what)) {
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

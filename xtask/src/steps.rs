//! The steps that need nothing but Rust.

use crate::report::{Outcome, Report};
use crate::structure;
use crate::tools::{Tools, cargo, find, output, run};
use std::path::Path;

/// Formatting, structure, lints, documentation and tests.
pub(crate) fn all(report: &mut Report, tools: &mut Tools) {
    report.step("format", || match component("fmt", "rustfmt", tools) {
        Ok(()) => {
            // Each of these is a workspace.
            let manifests = [
                "Cargo.toml",
                "bench/Cargo.toml",
                "boards/esp/Cargo.toml",
                "boards/esp-image/Cargo.toml",
                "boards/qemu-riscv32/Cargo.toml",
                "fuzz/Cargo.toml",
            ];
            let check = |manifest| run(&mut cargo(&["fmt", "--all", "--manifest-path", manifest, "--check"]));
            let failed = manifests.into_iter().map(check).find(|outcome| *outcome != Outcome::Passed);
            failed.unwrap_or(Outcome::Passed)
        }
        Err(outcome) => outcome,
    });
    report.step("structure", structure::check);
    report.step("clippy", || match component("clippy", "clippy", tools) {
        Ok(()) => {
            let args = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
            run(&mut cargo(&args))
        }
        Err(outcome) => outcome,
    });
    report.step("documentation", || {
        // The library alone of the two things that are called instep: they would overwrite each other.
        let args = ["doc", "--workspace", "--lib", "--all-features", "--no-deps"];
        run(cargo(&args).env("RUSTDOCFLAGS", "-D warnings"))
    });
    report.step("reverse proxy", || reverse_proxy(tools));
    // Properties are tried with the same values each time, so that what was not changed does not fail; `cargo test`
    // alone has others each time.
    report.step("tests", || {
        run(cargo(&["test", "--workspace", "--no-fail-fast"]).env("PROPTEST_RNG_SEED", "1"))
    });
}

/// Makes sure of nginx, before which the tests put a server. Without it they pass over that.
fn reverse_proxy(tools: &mut Tools) -> Outcome {
    // Not everyone's PATH has the folder that Debian lays it into.
    if find("nginx").is_some() || Path::new("/usr/sbin/nginx").is_file() {
        return Outcome::Passed;
    }
    match tools.install("nginx is missing; this installs it:", &["nginx-light"]) {
        Ok(()) => Outcome::Passed,
        Err(outcome) => outcome,
    }
}

/// Makes sure of a part of the toolchain that not everyone installs.
fn component(subcommand: &str, name: &str, tools: &Tools) -> Result<(), Outcome> {
    let there = || output(&mut cargo(&[subcommand, "--version"])).is_some();
    if there() {
        return Ok(());
    }
    let mut install = std::process::Command::new("rustup");
    install.args(["component", "add", name]);
    if tools.may_install() && run(&mut install) == Outcome::Passed && there() {
        return Ok(());
    }
    Err(Outcome::Skipped(format!("{name} is missing; `rustup component add {name}` installs it")))
}

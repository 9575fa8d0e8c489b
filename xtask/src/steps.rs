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
                "examples/qemu-riscv32/Cargo.toml",
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
        // Only the library of the two targets named instep, because their documentation would overwrite each other.
        let args = ["doc", "--workspace", "--lib", "--all-features", "--no-deps"];
        run(cargo(&args).env("RUSTDOCFLAGS", "-D warnings"))
    });
    report.step("reverse proxy", || reverse_proxy(tools));
    // Property tests try the same values each time, so that unchanged code does not start to fail; `cargo test`
    // alone tries other values each time.
    report.step("tests", || {
        run(cargo(&["test", "--workspace", "--no-fail-fast"]).env("PROPTEST_RNG_SEED", "1"))
    });
}

/// Checks that nginx is installed, for tests behind a reverse proxy.
///
/// Without it those tests are skipped.
fn reverse_proxy(tools: &mut Tools) -> Outcome {
    // Debian installs it into a folder that is not in everyone's PATH.
    if find("nginx").is_some() || Path::new("/usr/sbin/nginx").is_file() {
        return Outcome::Passed;
    }
    match tools.install("nginx is missing; this installs it:", &["nginx-light"]) {
        Ok(()) => Outcome::Passed,
        Err(outcome) => outcome,
    }
}

/// Checks that an optional part of the toolchain is installed.
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

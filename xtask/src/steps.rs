//! The steps that need nothing but Rust.

use crate::report::Report;
use crate::structure;
use crate::tools::{Tools, cargo, run};

/// Folders of all workspaces of this repository.
const WORKSPACES: [&str; 7] = [
    "",
    "bench/",
    "boards/esp-image/",
    "examples/esp32/",
    "examples/qemu-riscv32/",
    "fuzz/",
    "tests/broker-cluster/",
];

/// Formatting, structure, lints, documentation and tests.
pub(crate) fn all(report: &mut Report, tools: &mut Tools) {
    report.step("format", || {
        tools.subcommand("fmt", "rustfmt", &["rustup", "component", "add", "rustfmt"])?;
        WORKSPACES.into_iter().try_for_each(|folder| {
            let manifest = format!("{folder}Cargo.toml");
            run(&mut cargo(&["fmt", "--all", "--manifest-path", &manifest, "--check"]))
        })
    });
    report.step("structure", structure::check);
    report.step("clippy", || {
        tools.subcommand("clippy", "clippy", &["rustup", "component", "add", "clippy"])?;
        let args = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
        run(&mut cargo(&args))
    });
    report.step("documentation", || {
        // Of the two targets with the name instep, only the library is documented, because their pages have the same
        // paths.
        let args = ["doc", "--workspace", "--lib", "--all-features", "--no-deps"];
        run(cargo(&args).env("RUSTDOCFLAGS", "-D warnings"))
    });
    // Without these, the tests behind a reverse proxy or a load balancer are skipped.
    report.step("reverse proxy", || tools.programs(&[("nginx", "nginx-light"), ("haproxy", "haproxy")]));
    // Without mosquitto, the tests with a broker are skipped.
    report.step("broker", || tools.programs(&[("mosquitto", "mosquitto")]));
    // Property tests try the same values each time, so that unchanged code does not start to fail; `cargo test`
    // alone tries other values each time.
    report.step("tests", || {
        run(cargo(&["test", "--workspace", "--no-fail-fast"]).env("PROPTEST_RNG_SEED", "1"))?;
        // No crate for this machine switches on the updates of microcontrollers.
        run(&mut cargo(&["test", "--package", "instep-embassy", "--all-features", "--no-fail-fast"]))
    });
}

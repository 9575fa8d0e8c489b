//! The bare-metal image in QEMU: for a person to look at, and tested.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::autobahn;
use crate::bare_metal::{TARGET, Toolchain, toolchain};
use crate::browser;
use crate::report::{Outcome, Report};
use crate::tools::{Tools, cargo, find, run, target, workspace};

const BOARD: &str = "boards/qemu-riscv32";
const QEMU: &str = "qemu-system-riscv32";
const DEBIAN_CLIPPY: &str = "/usr/bin/cargo-clippy";
const QEMU_PACKAGE: &str = "qemu-system-misc";

/// The image, and the program that boots it as if it were the command `instep`.
struct Built {
    image: PathBuf,
    launcher: OsString,
}

/// Boots an application and shows its log, until Ctrl-C.
pub(crate) fn show(app: &str, tools: &mut Tools) -> Outcome {
    match build(tools) {
        Ok(Built { image, launcher }) => {
            let mut qemu = Command::new(launcher);
            run(qemu.args(["serve", "--app", app, "--addr", "127.0.0.1:8080"]).env("INSTEP_IMAGE", image))
        }
        Err(outcome) => outcome,
    }
}

/// Builds the image, boots it, and tests it.
pub(crate) fn all(report: &mut Report, tools: &mut Tools) {
    let mut built = None;
    report.step("qemu image", || match build(tools) {
        Ok(image) => {
            built = Some(image);
            Outcome::Passed
        }
        Err(outcome) => outcome,
    });
    report.step("qemu lints", || lint(tools));
    let Some(Built { image, launcher }) = built else { return };
    report.step("qemu tests", || {
        let mut tests = cargo(&["test", "--package", "board-tests", "--features", "board", "--no-fail-fast"]);
        // A test and its machine take a core each.
        run(tests.args(["--", "--test-threads=2"]).env("INSTEP_BIN", &launcher).env("INSTEP_IMAGE", &image))
    });
    report.step("qemu browser", || browser::test_device(tools, &launcher, &image));
    report.step("qemu autobahn", || autobahn::test_device(Path::new(&launcher), &image));
}

/// Clippy, with the toolchain that builds the image.
fn lint(tools: &mut Tools) -> Outcome {
    let toolchain = match toolchain(tools) {
        Ok(toolchain) => toolchain,
        Err(outcome) => return outcome,
    };
    let mut clippy = match toolchain {
        Toolchain::Rustup => cargo(&["clippy", "--workspace", "--release"]),
        Toolchain::Debian => {
            let missing = format!("{DEBIAN_CLIPPY} is missing; this installs it:");
            if !Path::new(DEBIAN_CLIPPY).is_file()
                && let Err(outcome) = tools.install(&missing, &["rust-web-clippy"])
            {
                return outcome;
            }
            // It calls the cargo that CARGO names, which is the one that runs this.
            let mut clippy = Command::new(DEBIAN_CLIPPY);
            clippy.args(["clippy", "--workspace", "--release"]);
            clippy
        }
    };
    in_board(&mut clippy, toolchain);
    run(clippy.args(["--", "-D", "warnings"]))
}

/// Lets a command of cargo work on the board.
fn in_board(cargo: &mut Command, toolchain: Toolchain) {
    // In its folder it finds its own settings.
    cargo.current_dir(workspace().join(BOARD)).arg("--target-dir").arg(target().join("qemu"));
    toolchain.apply(cargo);
}

fn build(tools: &mut Tools) -> Result<Built, Outcome> {
    let toolchain = toolchain(tools)?;
    if find(QEMU).is_none() {
        tools.install(&format!("{QEMU} is missing; this installs it:"), &[QEMU_PACKAGE])?;
    }
    let mut build = cargo(&["build", "--release"]);
    in_board(&mut build, toolchain);
    let launcher = cargo(&["build", "--package", "board-tests", "--bin", "instep-qemu"]);
    for mut command in [build, launcher] {
        match run(&mut command) {
            Outcome::Passed => {}
            failed => return Err(failed),
        }
    }
    Ok(Built {
        image: target().join("qemu").join(TARGET).join("release/instep-qemu-riscv32"),
        launcher: target().join("debug/instep-qemu").into_os_string(),
    })
}

//! Builds the images for QEMU.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::bare_metal::{TARGET, Toolchain, toolchain};
use crate::report::Outcome;
use crate::tools::{Tools, cargo, find, run, target, workspace};

const BOARD: &str = "examples/qemu-riscv32";
pub(crate) const QEMU: &str = "qemu-system-riscv32";
const QEMU_PACKAGE: &str = "qemu-system-misc";

/// The image, and the program that boots it as if it were the command `instep`.
pub(crate) struct Built {
    pub(crate) image: PathBuf,
    pub(crate) launcher: OsString,
}

/// Makes a cargo command work on the board.
pub(crate) fn in_board(cargo: &mut Command, toolchain: Toolchain) {
    // In that folder cargo finds the board's own settings.
    cargo.current_dir(workspace().join(BOARD)).arg("--target-dir").arg(target().join("qemu"));
    toolchain.apply(cargo);
}

/// Builds the image with defaults, and the program that boots it.
pub(crate) fn build(tools: &mut Tools) -> Result<Built, Outcome> {
    let image = build_image(tools, &[])?;
    match run(&mut cargo(&["build", "--package", "board-tests", "--bin", "instep-qemu"])) {
        Outcome::Passed => Ok(Built { image, launcher: target().join("debug/instep-qemu").into_os_string() }),
        failed => Err(failed),
    }
}

/// Builds another package of the board.
pub(crate) fn build_package(tools: &mut Tools, package: &str) -> Outcome {
    let toolchain = match toolchain(tools) {
        Ok(toolchain) => toolchain,
        Err(outcome) => return outcome,
    };
    let mut build = cargo(&["build", "--release", "--package", package]);
    in_board(&mut build, toolchain);
    run(&mut build)
}

/// Builds the image with these environment variables.
pub(crate) fn build_image(tools: &mut Tools, settings: &[(&str, &str)]) -> Result<PathBuf, Outcome> {
    let toolchain = toolchain(tools)?;
    if find(QEMU).is_none() {
        tools.install(&format!("{QEMU} is missing; this installs it:"), &[QEMU_PACKAGE])?;
    }
    let mut build = cargo(&["build", "--release"]);
    in_board(&mut build, toolchain);
    build.envs(settings.iter().copied());
    // The path is relative to the caller's folder, not to the board's.
    let page =
        settings.iter().find(|(name, _)| *name == "INSTEP_PAGE").map(|(_, page)| workspace().join(page));
    let page = page.or(std::env::var_os("INSTEP_PAGE").and_then(|page| std::path::absolute(page).ok()));
    if let Some(page) = page {
        build.env("INSTEP_PAGE", page);
    }
    match run(&mut build) {
        Outcome::Passed => Ok(target().join("qemu").join(TARGET).join("release/instep-qemu-riscv32")),
        failed => Err(failed),
    }
}

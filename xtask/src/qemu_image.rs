//! Builds the images for QEMU.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::bare_metal::{TARGET, Toolchain, toolchain};
use crate::report::Outcome;
use crate::tools::{Tools, cargo, run, target, workspace};

const BOARD: &str = "examples/qemu-riscv32";
pub(crate) const QEMU: &str = "qemu-system-riscv32";
const QEMU_PACKAGE: &str = "qemu-system-misc";

/// The image, and a launcher that boots it and has the options of `instep`.
pub(crate) struct Built {
    pub(crate) image: PathBuf,
    pub(crate) launcher: OsString,
}

/// Makes a cargo command run in the workspace of the board.
pub(crate) fn in_board(cargo: &mut Command, toolchain: Toolchain) {
    // Cargo runs in this folder, because it reads the settings of the board there.
    cargo.current_dir(workspace().join(BOARD)).arg("--target-dir").arg(target().join("qemu"));
    toolchain.apply(cargo);
}

/// Builds the image with these features and default settings, and its launcher.
pub(crate) fn build(tools: &mut Tools, features: &[&str]) -> Outcome<Built> {
    let image = build_image(tools, features, &[])?;
    run(&mut cargo(&["build", "--package", "board-tests", "--bin", "instep-qemu"]))?;
    Ok(Built { image, launcher: target().join("debug/instep-qemu").into_os_string() })
}

/// Builds the boot stub, and the firmware that tests the machine.
pub(crate) fn build_stub(tools: &mut Tools) -> Outcome<[PathBuf; 2]> {
    build_packages(tools, ["qemu-boot-stub", "qemu-machine-test"])
}

/// Builds another package of the board, and returns its image.
pub(crate) fn build_package(tools: &mut Tools, package: &str) -> Outcome<PathBuf> {
    build_packages(tools, [package]).map(|[image]| image)
}

/// Builds packages of the board at once, and returns their images.
pub(crate) fn build_packages<const COUNT: usize>(
    tools: &mut Tools,
    packages: [&str; COUNT],
) -> Outcome<[PathBuf; COUNT]> {
    let toolchain = toolchain(tools)?;
    let mut build = cargo(&["build", "--release"]);
    build.args(packages.iter().flat_map(|package| ["--package", package]));
    in_board(&mut build, toolchain);
    run(&mut build)?;
    Ok(packages.map(image_of))
}

/// Builds the image with these features and environment variables.
pub(crate) fn build_image(
    tools: &mut Tools,
    features: &[&str],
    settings: &[(&str, &str)],
) -> Outcome<PathBuf> {
    let toolchain = toolchain(tools)?;
    tools.programs(&[(QEMU, QEMU_PACKAGE)])?;
    let mut build = cargo(&["build", "--release"]);
    build.args(features.iter().flat_map(|feature| ["--features", feature]));
    in_board(&mut build, toolchain);
    build.envs(settings.iter().copied());
    // The path is relative to the caller's folder, not to the board's.
    let page =
        settings.iter().find(|(name, _)| *name == "INSTEP_PAGE").map(|(_, page)| workspace().join(page));
    let page = page.or(std::env::var_os("INSTEP_PAGE").and_then(|page| std::path::absolute(page).ok()));
    if let Some(page) = page {
        build.env("INSTEP_PAGE", page);
    }
    run(&mut build)?;
    Ok(image_of("instep-qemu-riscv32"))
}

fn image_of(package: &str) -> PathBuf {
    target().join("qemu").join(TARGET).join("release").join(package)
}

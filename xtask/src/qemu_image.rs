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
    in_folder(cargo, toolchain, "qemu");
}

fn in_folder(cargo: &mut Command, toolchain: Toolchain, folder: &str) {
    // Cargo runs in this folder, because it reads the settings of the board there.
    cargo.current_dir(workspace().join(BOARD)).arg("--target-dir").arg(target().join(folder));
    toolchain.apply(cargo);
}

/// Builds the image with these features and default settings, and its launcher.
pub(crate) fn build(tools: &mut Tools, features: &[&str]) -> Outcome<Built> {
    let image = build_image(tools, features, &[])?;
    Ok(Built { image, launcher: build_launcher()? })
}

/// Builds the launcher, which boots any image.
pub(crate) fn build_launcher() -> Outcome<OsString> {
    run(&mut cargo(&["build", "--package", "board-tests", "--bin", "instep-qemu"]))?;
    Ok(target().join("debug/instep-qemu").into_os_string())
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

/// Builds a package of the board with the optimizations of the firmware for ESP32 chips, and returns its image.
///
/// `smaller` names packages that the firmware does not have, and that are optimized as its own crates are.
pub(crate) fn build_as_for_esp(tools: &mut Tools, package: &str, smaller: &[&str]) -> Outcome<PathBuf> {
    let toolchain = toolchain(tools)?;
    tools.programs(&[(QEMU, QEMU_PACKAGE)])?;
    let manifest = workspace().join("examples/esp32/Cargo.toml");
    let text =
        std::fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let levels = levels(&text)
        .ok_or_else(|| "examples/esp32/Cargo.toml has no levels of optimization for packages".to_owned())?;
    let levels = levels.into_iter().chain(smaller.iter().map(|package| level(package, "\"z\"")));
    let mut build = cargo(&["build", "--release", "--package", package]);
    build.args(levels.flat_map(|level| ["--config".to_owned(), level]));
    // The packages have other images then.
    in_folder(&mut build, toolchain, "qemu-esp-profile");
    run(&mut build)?;
    Ok(image_in("qemu-esp-profile", package))
}

/// Returns the levels of optimization of packages in a manifest, as options of cargo.
fn levels(manifest: &str) -> Option<Vec<String>> {
    let manifest: toml::Table = manifest.parse().ok()?;
    let packages = manifest.get("profile")?.get("release")?.get("package")?.as_table()?;
    packages
        .iter()
        .map(|(package, profile)| Some(level(package, &profile.get("opt-level")?.to_string())))
        .collect()
}

fn level(package: &str, level: &str) -> String {
    format!("profile.release.package.{package}.opt-level={level}")
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
    image_in("qemu", package)
}

fn image_in(folder: &str, package: &str) -> PathBuf {
    target().join(folder).join(TARGET).join("release").join(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_packages_are_options() {
        let manifest = "[profile.release]\nopt-level = \"s\"\n[profile.release.package.a]\nopt-level = \"z\"\n\
                        [profile.release.package.b-c]\nopt-level = 3\n";
        let expected =
            ["profile.release.package.a.opt-level=\"z\"", "profile.release.package.b-c.opt-level=3"];
        assert_eq!(levels(manifest).expect("the levels are not found"), expected);
        assert_eq!(levels("[profile.release]"), None);
    }
}

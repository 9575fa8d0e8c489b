//! Checks that the applications compile for a chip without an operating system.
//!
//! A check for this machine would not find a use of `std`, because this machine has it.
//!
//! Two toolchains can compile for a chip: rustup's, if it has the target, and Debian's compiler for browsers. Debian's
//! includes the source of the library, which the cargo of this workspace builds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::{Outcome, Stop};
use crate::tools::{Tools, cargo, output, run, target, workspace};

pub(crate) const TARGET: &str = "riscv32imc-unknown-none-elf";

/// Debian's compiler for browsers.
///
/// The Debian package `rustc` installs another compiler at the same path, so the version is checked.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CLIPPY: &str = "/usr/bin/cargo-clippy";
/// Source of the library, in a sysroot.
const SOURCE: &str = "lib/rustlib/src/rust/library/core/Cargo.toml";

/// Crates that firmware is made of. The last two are empty for other targets, so only this check lints them.
const PACKAGES: [&str; 7] = [
    "instep-apps",
    "instep-embassy",
    "instep-mqtt",
    "instep-update",
    "instep-wifi",
    "qemu-machine",
    "instep-qemu",
];

/// Lints the crates that firmware is made of, and compiles all of their dependencies for a chip.
pub(crate) fn check(tools: &mut Tools) -> Outcome {
    let toolchain = toolchain(tools)?;
    let mut clippy = toolchain.clippy(tools)?;
    for package in PACKAGES {
        clippy.args(["--package", package]);
    }
    // Without updates and without a broker the crates are compiled for the image.
    clippy.args(["--features", "instep-qemu/update,instep-qemu/mqtt"]);
    // The build has a folder of its own, because the other compiler would delete the results of the first.
    clippy.args(["--lib", "--target", TARGET, "--target-dir"]).arg(target().join("bare-metal"));
    toolchain.apply(&mut clippy);
    run(clippy.args(["--", "-D", "warnings"]))
}

/// Toolchain that can build for a chip.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Toolchain {
    Rustup,
    Debian,
}

impl Toolchain {
    /// Makes a cargo command use this toolchain.
    pub(crate) fn apply(self, cargo: &mut Command) {
        if let Self::Debian = self {
            // Building the library is not stable yet; the variable allows it with a stable compiler.
            cargo.arg("-Zbuild-std=core,alloc").env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
        }
        if let Some(path) = path_with_linker() {
            cargo.env("PATH", path);
        }
    }

    /// Returns the Clippy of this toolchain.
    pub(crate) fn clippy(self, tools: &mut Tools) -> Outcome<Command> {
        if let Self::Rustup = self {
            return Ok(cargo(&["clippy"]));
        }
        if !Path::new(DEBIAN_CLIPPY).is_file() {
            tools.install(&format!("{DEBIAN_CLIPPY} is missing;"), &["rust-web-clippy"])?;
        }
        // This Clippy calls the cargo in the variable CARGO, which is the one that runs this program.
        let mut clippy = Command::new(DEBIAN_CLIPPY);
        clippy.arg("clippy");
        Ok(clippy)
    }

    fn find(target: &str) -> Option<Self> {
        let debian = || has_source().then_some(Self::Debian);
        has_target(target).then_some(Self::Rustup).or_else(debian)
    }
}

/// Finds a toolchain for [`TARGET`], or installs it with `--install`.
pub(crate) fn toolchain(tools: &mut Tools) -> Outcome<Toolchain> {
    toolchain_for(TARGET, tools)
}

/// Finds a toolchain for a RISC-V target, or installs it with `--install`.
pub(crate) fn toolchain_for(target: &str, tools: &mut Tools) -> Outcome<Toolchain> {
    if let Some(found) = Toolchain::find(target) {
        return Ok(found);
    }
    let missing = format!("there is no toolchain for {target}; `rustup target add {target}` or");
    if let Err(outcome) = tools.install(&missing, &["rustc-web", "rust-web-src"]) {
        // Outside of Debian there are no such packages, so only rustup remains.
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add", target]);
        if !tools.may_install() || run(&mut rustup).is_err() {
            return Err(outcome);
        }
    }
    Toolchain::find(target)
        .ok_or_else(|| Stop::Failed(format!("the installed toolchain cannot build for {target}")))
}

/// Returns PATH with the linker of the toolchain that runs this program.
///
/// Debian's compiler has no linker for chips.
fn path_with_linker() -> Option<OsString> {
    let linkers = Path::new(&sysroot()?).join(format!("lib/rustlib/{}/bin", host()?));
    let path = std::env::var_os("PATH")?;
    std::env::join_paths(std::env::split_paths(&path).chain([linkers])).ok()
}

/// Returns the target of this machine, as in `host: x86_64-unknown-linux-gnu`.
pub(crate) fn host() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let about = output(Command::new(rustc).arg("-vV").current_dir(workspace()))?;
    about.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}

fn sysroot() -> Option<String> {
    // It runs in the workspace, because rust-toolchain.toml there selects the toolchain.
    output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(workspace()))
}

/// Returns whether the toolchain that runs this program has the target.
fn has_target(target: &str) -> bool {
    sysroot().is_some_and(|root| Path::new(&root).join("lib/rustlib").join(target).join("lib").is_dir())
}

/// Returns a compiler with the source of its own library.
///
/// It can build the library for a target without a prebuilt one.
pub(crate) fn compiler_with_source(tools: &mut Tools) -> Outcome<PathBuf> {
    let ours = sysroot().map(PathBuf::from).filter(|root| root.join(SOURCE).is_file());
    if let Some(root) = ours {
        return Ok(root.join("bin/rustc"));
    }
    if !has_source() {
        let missing = "the source of Rust's library is missing; `rustup component add rust-src` or";
        tools.install(missing, &["rustc-web", "rust-web-src"])?;
    }
    Ok(PathBuf::from(DEBIAN_RUSTC))
}

/// Returns whether Debian's compiler is usable.
///
/// It must exist, be new enough, and have the source of its own library.
fn has_source() -> bool {
    let sysroot = output(Command::new(DEBIAN_RUSTC).args(["--print", "sysroot"]));
    let there = sysroot.is_some_and(|root| Path::new(&root).join(SOURCE).is_file());
    there && version().is_some_and(|version| version >= wanted())
}

/// Returns the minor version of Debian's compiler, as in `rustc 1.96.0 (…)`.
fn version() -> Option<u32> {
    minor(output(Command::new(DEBIAN_RUSTC).arg("--version"))?.strip_prefix("rustc ")?)
}

/// Returns the minimum version of this workspace.
fn wanted() -> u32 {
    minor(env!("CARGO_PKG_RUST_VERSION")).expect("a version such as 1.95")
}

fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.")?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(minor("1.96.0 (ac68faa20 2026-05-25)"), Some(96));
        assert_eq!(minor("1.95"), Some(95));
        assert_eq!(minor("2.0.0"), None);
        assert!(wanted() >= 95);
    }
}

//! Builds firmware, its images, and the program that makes and measures them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::plan::{Plan, folder_of_firmware};
use crate::bare_metal::toolchain_for;
use crate::report::{Outcome, Stop};
use crate::tools::{Tools, cargo, metadata, output, output_or_error, run, target, workspace};
use esp_boards::Board;

const ESPUP: &str = "`cargo install --locked espup && espup install`, then `. ~/export-esp.sh`";

/// Result of a build.
#[derive(Debug)]
pub(crate) struct Built {
    /// The firmware with all its symbols.
    pub(crate) elf: PathBuf,
    /// The program that makes images of it.
    pub(super) tool: PathBuf,
}

/// Use of the environment variables for a firmware.
///
/// They set the network, passwords and a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    Kept,
    /// Ignored, so that sizes can be compared.
    Ignored,
    /// Ignored, but with a public key, so that the code for signatures is linked.
    Signed,
}

/// Public key of no secret key that anyone knows, to measure the code for signatures.
const KEY: &str = "9f2a6d1c4b8e7035a1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728";

/// Builds a firmware and the program that makes images.
pub(crate) fn build(plan: &Plan, variables: Variables, tools: &mut Tools) -> Outcome<Built> {
    let has_key = match variables {
        Variables::Kept => std::env::var("INSTEP_UPDATE_KEY").is_ok_and(|key| !key.is_empty()),
        Variables::Ignored => false,
        Variables::Signed => true,
    };
    let part = [&["--bin", &plan.app], &plan.features(has_key)[..]].concat();
    let folder = compile(plan.board, &part, variables, tools)?;
    Ok(Built { elf: folder.join(&plan.app), tool: image_tool()? })
}

/// Builds a part of the firmware's crate for a board, and returns the folder of the result.
pub(super) fn compile(
    board: &Board,
    part: &[&str],
    variables: Variables,
    tools: &mut Tools,
) -> Outcome<PathBuf> {
    let name = board.target();
    let mut build = if board.is_xtensa() {
        xtensa(board)?
    } else {
        let toolchain = toolchain_for(name, tools)?;
        let mut build = cargo(&["build"]);
        toolchain.apply(&mut build);
        build
    };
    in_firmware(&mut build, board, part);
    build.arg("--config").arg(without_folders(name)?);
    if variables != Variables::Kept {
        without_variables(&mut build);
    }
    if variables == Variables::Signed {
        build.env("INSTEP_UPDATE_KEY", KEY);
    }
    run(&mut build)?;
    Ok(target_folder().join(name).join("release"))
}

/// Returns a setting of cargo for a target, with which firmware has no folders of this machine.
///
/// A panic prints the path of its source. Without the setting, the firmware would have the whole path, and its size would
/// depend on the folder of the checkout. `trim-paths` of cargo, which does the same, is not stable yet.
pub(crate) fn without_folders(target: &str) -> Outcome<String> {
    let metadata = metadata(&folder_of_firmware(), &[])?;
    // The folder of a package of the registry is beside that of `esp-hal`.
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .filter(|package| package["name"] == "esp-hal")
        .find_map(|package| package["manifest_path"].as_str());
    let registry = manifest.and_then(|manifest| Path::new(manifest).parent()?.parent());
    let registry = registry.ok_or_else(|| "cargo metadata has no path of esp-hal".to_owned())?;
    let flags = [(workspace(), "instep"), (registry.to_owned(), "crates.io")]
        .map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()));
    Ok(format!("target.{target}.rustflags={flags:?}"))
}

/// Makes a cargo command work on a part of the firmware's crate, for a board.
pub(super) fn in_firmware(cargo: &mut Command, board: &Board, part: &[&str]) {
    // Cargo runs in this folder, because it reads the settings of the crate there.
    cargo.current_dir(folder_of_firmware()).arg("--release").args(part).args(["--features", board.name]);
    cargo.args(["--target", board.target()]).arg("--target-dir").arg(target_folder());
}

/// Removes the environment variables for a firmware from a command.
pub(crate) fn without_variables(cargo: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("INSTEP_") {
            cargo.env_remove(name);
        }
    }
}

/// Returns the cargo of the toolchain `esp`, the only one for Xtensa chips.
fn xtensa(board: &Board) -> Outcome<Command> {
    if output(Command::new("rustup").args(["run", "esp", "rustc", "--version"])).is_none() {
        let (name, chip) = (board.name, board.chip);
        return Err(Stop::Skipped(format!(
            "{name} has the Xtensa chip {chip}, and there is no toolchain for it: {ESPUP}"
        )));
    }
    let mut build = Command::new("rustup");
    build.args(["run", "esp", "cargo", "build", "-Zbuild-std=core,alloc"]).env_remove("RUSTUP_TOOLCHAIN");
    Ok(build)
}

/// Builds the program that makes images, only when a job needs it.
pub(crate) fn image_tool() -> Outcome<PathBuf> {
    run(&mut in_image_tool("build"))?;
    Ok(target().join("esp-image/debug/esp-image"))
}

pub(super) fn in_image_tool(subcommand: &str) -> Command {
    let mut cargo = cargo(&[subcommand, "--manifest-path", "boards/esp-image/Cargo.toml", "--target-dir"]);
    cargo.arg(target().join("esp-image"));
    cargo
}

/// Returns the file of the partition table.
pub(crate) fn partitions() -> PathBuf {
    folder_of_firmware().join("partitions.csv")
}

/// Returns the target folder for these chips.
///
/// All chips share it, because most of its content does not depend on the chip.
pub(crate) fn target_folder() -> PathBuf {
    target().join("esp")
}

/// Returns the images' name, without its extension.
pub(super) fn file(plan: &Plan) -> PathBuf {
    images().join(format!("{}-{}", plan.board.name, plan.app))
}

fn images() -> PathBuf {
    target().join("firmware")
}

/// Names and numbers that a program printed.
type Lines = Vec<(String, u64)>;

pub(super) fn make(plan: &Plan, built: &Built) -> Outcome<Lines> {
    let folder = images();
    fs::create_dir_all(&folder)
        .map_err(|error| format!("{} cannot be created: {error}", folder.display()))?;
    let mut command = Command::new(&built.tool);
    command.args(["make", plan.board.chip]).args([&built.elf, &partitions(), &file(plan)]);
    lines(&mut command)
}

pub(super) fn measure(tool: &Path, plan: &Plan, elf: &Path) -> Outcome<Lines> {
    lines(Command::new(tool).args(["measure", plan.board.chip]).arg(elf))
}

/// Returns how many bytes a firmware takes of the flash and of the memory.
pub(crate) fn taken(plan: &Plan, elf: &Path) -> Outcome<[u64; 2]> {
    let lines = measure(&image_tool()?, plan, elf)?;
    Ok([number(&lines, "flash")?, number(&lines, "memory")?])
}

/// Runs a command and parses its lines of a name and a number.
fn lines(command: &mut Command) -> Outcome<Lines> {
    let text = output_or_error(command)?;
    let line = |line: &str| {
        let (name, number) = line.rsplit_once(' ')?;
        Some((name.to_owned(), number.parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

pub(super) fn number(lines: &[(String, u64)], name: &str) -> Outcome<u64> {
    let found = lines.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
    found.ok_or_else(|| Stop::Failed(format!("the image tool printed no `{name}`")))
}

#[cfg(test)]
mod tests {
    use crate::firmware::TESTED;
    use esp_boards::BOARDS;

    #[test]
    fn tested_chips_have_board_and_target() {
        let tested = |chip: &&str| BOARDS.iter().any(|board| board.chip == *chip && !board.is_xtensa());
        assert!(TESTED.iter().all(tested), "{TESTED:?}");
    }
}

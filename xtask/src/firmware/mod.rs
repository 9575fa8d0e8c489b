//! Firmware for the chips of the ESP32 family: built, measured, and written to a board.

mod documented;
mod plan;
mod size;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use plan::{Plan, application};
pub(crate) use size::sizes;

use crate::bare_metal::toolchain_for;
use crate::boards::{BOARDS, Board};
use crate::report::Outcome;
use crate::tools::{Tools, cargo, output, output_or_error, run, target, workspace};

/// The chips whose firmware is built by every test.
pub(crate) const TESTED: [&str; 2] = ["esp32c3", "esp32c6"];

/// The application that is built if none is named.
pub(crate) const LED_JSON: &str = "led-json";

const ESPUP: &str = "`cargo install --locked espup && espup install`, then `. ~/export-esp.sh`";

/// What was built.
#[derive(Debug)]
pub(crate) struct Built {
    /// The firmware with all that is known of it.
    pub(crate) elf: PathBuf,
    /// The program that makes images of it.
    tool: PathBuf,
}

/// Builds the firmware, says what it takes, and leaves its images.
pub(crate) fn job(options: &[&str], tools: &mut Tools) -> Outcome {
    let shown = Plan::parse(options)
        .map_err(Outcome::Failed)
        .and_then(|plan| build(&plan, Variables::Kept, tools).and_then(|built| show(&plan, &built)));
    match shown {
        Ok(()) => Outcome::Passed,
        // Who asks for this board is not served by another.
        Err(Outcome::Skipped(why)) => Outcome::Failed(why),
        Err(outcome) => outcome,
    }
}

/// Builds the firmware of the first board with a chip, and holds it to its budget.
pub(crate) fn test(chip: &str, tools: &mut Tools) -> Outcome {
    let Some(board) = BOARDS.iter().find(|board| board.chip == chip) else {
        return Outcome::Failed(format!("there is no board with {chip}"));
    };
    let plan = Plan { board, app: LED_JSON.to_owned() };
    match size::size_of(&plan, tools) {
        Ok((built, size)) => match show(&plan, &built) {
            Ok(()) => match size::within_budget(&size) {
                Outcome::Passed => size::as_documented(board, &size),
                over => over,
            },
            Err(outcome) => outcome,
        },
        Err(outcome) => outcome,
    }
}

/// Clippy, on the firmware of the first board with a chip.
pub(crate) fn lint(chip: &str, tools: &mut Tools) -> Outcome {
    let name = target_of(chip);
    let clippy = toolchain_for(&name, tools).and_then(|toolchain| Ok((toolchain, toolchain.clippy(tools)?)));
    let (toolchain, mut clippy) = match clippy {
        Ok(both) => both,
        Err(outcome) => return outcome,
    };
    clippy.current_dir(workspace().join("boards/esp")).args([
        "--release",
        "--bin",
        "instep-esp",
        "--examples",
    ]);
    clippy.args(["--no-default-features", "--features", &format!("{chip},backtrace"), "--target", &name]);
    clippy.arg("--target-dir").arg(folder());
    toolchain.apply(&mut clippy);
    without_variables(&mut clippy);
    run(clippy.args(["--", "-D", "warnings"]))
}

/// Says what a firmware takes, and where its images are.
fn show(plan: &Plan, built: &Built) -> Result<(), Outcome> {
    let images = make(plan, built)?;
    let lines = measure(&built.tool, plan, &built.elf)?;
    let (application, slot) = (number(&images, "application")?, number(&images, "slot")?.max(1));
    let file = file(plan);
    let file = file.strip_prefix(workspace()).unwrap_or(&file).display();
    println!("\n{} ({}), application {}", plan.board.name, plan.board.chip, plan.app);
    println!("  flash   {application} bytes, {} % of a slot", application * 100 / slot);
    println!(
        "  memory  {} bytes always in use, {} left for the stack",
        number(&lines, "memory")?,
        number(&lines, "stack")?
    );
    println!("\n  {file}.bin\n      the application, for its slot at 0x10000: the settings stay");
    println!(
        "  {file}-first.bin\n      boot loader, partitions and application, for a first flash only, from address 0:\n      \
         it covers the settings, which are lost\n"
    );
    Ok(())
}

/// What the environment has for a firmware: the network, passwords, a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    Kept,
    /// So that sizes can be compared.
    Ignored,
}

/// Builds a firmware and the program that makes images.
pub(crate) fn build(plan: &Plan, variables: Variables, tools: &mut Tools) -> Result<Built, Outcome> {
    let folder = compile(plan, &["--bin", "instep-esp"], variables, tools)?;
    Ok(Built { elf: folder.join("instep-esp"), tool: image_tool()? })
}

/// Builds a part of the firmware's crate, and says in which folder it is.
fn compile(plan: &Plan, part: &[&str], variables: Variables, tools: &mut Tools) -> Result<PathBuf, Outcome> {
    let chip = plan.board.chip;
    let name = target_of(chip);
    let mut build = if is_xtensa(chip) {
        xtensa(plan.board)?
    } else {
        let toolchain = toolchain_for(&name, tools)?;
        let mut build = cargo(&["build"]);
        toolchain.apply(&mut build);
        build
    };
    // In its folder it finds its own settings.
    build.current_dir(workspace().join("boards/esp")).arg("--release").args(part);
    build.args(["--no-default-features", "--features", &format!("{chip},backtrace"), "--target", &name]);
    build.arg("--target-dir").arg(folder());
    if variables == Variables::Ignored {
        without_variables(&mut build);
    }
    build.env("INSTEP_BOARD", plan.board.name).env("INSTEP_APP", &plan.app);
    match run(&mut build) {
        Outcome::Passed => Ok(folder().join(name).join("release")),
        failed => Err(failed),
    }
}

/// Lets a command know nothing of what the environment has for a firmware.
fn without_variables(cargo: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("INSTEP_") {
            cargo.env_remove(name);
        }
    }
}

/// Cargo of the toolchain `esp`, which alone builds for Xtensa chips.
fn xtensa(board: &Board) -> Result<Command, Outcome> {
    if output(Command::new("rustup").args(["run", "esp", "rustc", "--version"])).is_none() {
        let (name, chip) = (board.name, board.chip);
        return Err(Outcome::Skipped(format!(
            "{name} has the Xtensa chip {chip}, and there is no toolchain for it: {ESPUP}"
        )));
    }
    let mut build = Command::new("rustup");
    build.args(["run", "esp", "cargo", "build", "-Zbuild-std=core,alloc"]).env_remove("RUSTUP_TOOLCHAIN");
    Ok(build)
}

/// The program that makes images. It is built when it is asked for: not everyone's tests need it.
pub(crate) fn image_tool() -> Result<PathBuf, Outcome> {
    match run(&mut in_image_tool("build")) {
        Outcome::Passed => Ok(target().join("esp-image/debug/esp-image")),
        failed => Err(failed),
    }
}

/// Tests that program.
pub(crate) fn test_image_tool() -> Outcome {
    run(&mut in_image_tool("test"))
}

fn in_image_tool(subcommand: &str) -> Command {
    let mut cargo = cargo(&[subcommand, "--manifest-path", "boards/esp-image/Cargo.toml", "--target-dir"]);
    cargo.arg(target().join("esp-image"));
    cargo
}

/// The table of what lies where in the flash.
pub(crate) fn partitions() -> PathBuf {
    workspace().join("boards/esp/partitions.csv")
}

/// Where everything for these chips is built: what does not depend on the chip is built once.
fn folder() -> PathBuf {
    target().join("esp")
}

/// The images' name, without its end.
fn file(plan: &Plan) -> PathBuf {
    target().join("firmware").join(format!("{}-{}", plan.board.name, plan.app))
}

fn make(plan: &Plan, built: &Built) -> Result<Vec<(String, u64)>, Outcome> {
    let file = file(plan);
    if let Some(folder) = file.parent()
        && let Err(error) = fs::create_dir_all(folder)
    {
        return Err(Outcome::Failed(format!("{} cannot be created: {error}", folder.display())));
    }
    let mut command = Command::new(&built.tool);
    command.args(["make", plan.board.chip]).args([&built.elf, &partitions(), &file]);
    lines(&mut command)
}

fn measure(tool: &Path, plan: &Plan, elf: &Path) -> Result<Vec<(String, u64)>, Outcome> {
    lines(Command::new(tool).args(["measure", plan.board.chip]).arg(elf))
}

/// Lines of a name and a number.
fn lines(command: &mut Command) -> Result<Vec<(String, u64)>, Outcome> {
    let text = output_or_error(command).map_err(Outcome::Failed)?;
    let line = |line: &str| {
        let (name, number) = line.rsplit_once(' ')?;
        Some((name.to_owned(), number.parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

fn number(lines: &[(String, u64)], name: &str) -> Result<u64, Outcome> {
    let found = lines.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
    found.ok_or_else(|| Outcome::Failed(format!("the firmware does not say its `{name}`")))
}

/// The name of a chip's target.
fn target_of(chip: &str) -> String {
    match chip {
        "esp32c3" => "riscv32imc-unknown-none-elf".to_owned(),
        chip if is_xtensa(chip) => format!("xtensa-{chip}-none-elf"),
        _ => "riscv32imac-unknown-none-elf".to_owned(),
    }
}

fn is_xtensa(chip: &str) -> bool {
    ["esp32", "esp32s2", "esp32s3"].contains(&chip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chip_has_a_target() {
        let targets: Vec<_> = BOARDS.iter().map(|board| target_of(board.chip)).collect();
        let known = |name: &String| {
            name.starts_with("riscv32ima")
                || name.starts_with("riscv32imc")
                || name.starts_with("xtensa-esp32")
        };
        assert!(targets.iter().all(known), "{targets:?}");
        assert!(TESTED.iter().all(|chip| BOARDS.iter().any(|board| board.chip == *chip) && !is_xtensa(chip)));
    }
}

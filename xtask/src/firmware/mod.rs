//! Firmware for the chips of the ESP32 family, and its measurement.

mod broker;
mod build;
mod documented;
mod plan;
mod size;
mod updates;

pub(crate) use build::{
    Variables, build, image_tool, partitions, taken, target_folder, without_folders, without_variables,
};
pub(crate) use plan::{LED_JSON, Plan, TESTED, application, folder_of_firmware};
pub(crate) use size::sizes;

use build::{Built, file, in_firmware, in_image_tool, make, measure, number};

use crate::bare_metal::toolchain_for;
use crate::report::{Outcome, Stop};
use crate::tools::{Tools, run, workspace};
use esp_boards::{BOARDS, Board};
use std::path::PathBuf;

/// Builds the firmware and its images, and prints its size.
pub(crate) fn job(plan: &Plan, tools: &mut Tools) -> Outcome {
    // A missing toolchain is a failure, because the command line names this board.
    let built = build(plan, Variables::Kept, tools).map_err(Stop::into_failure)?;
    show(plan, &built)
}

/// Returns the first board with a chip.
pub(crate) fn first_board(chip: &str) -> Outcome<&'static Board> {
    let board = BOARDS.iter().find(|board| board.chip == chip);
    Ok(board.ok_or_else(|| format!("there is no board with {chip}"))?)
}

/// Builds the firmware of the first board with a chip, and checks its budget.
pub(crate) fn test(chip: &str, tools: &mut Tools) -> Outcome {
    let board = first_board(chip)?;
    let plan = Plan::new(board, LED_JSON);
    let (built, size) = size::size_of(&plan, tools)?;
    show(&plan, &built)?;
    size::within_budget(&size)?;
    size::as_documented(board, &size)
}

/// Builds the firmware of an application with updates and a broker for the first board with a chip.
pub(crate) fn link(chip: &str, app: &str, tools: &mut Tools) -> Outcome {
    let plan = Plan { update: true, mqtt: true, ..Plan::new(first_board(chip)?, app) };
    let built = build(&plan, Variables::Ignored, tools)?;
    show(&plan, &built)
}

/// Checks what updates add to a firmware.
pub(crate) fn test_updates(tools: &mut Tools) -> Outcome {
    let board = first_board(updates::CHIP)?;
    let added = updates::Added::measure(board, tools)?;
    added.within_budget()?;
    added.as_documented(board)
}

/// Checks what the client of a broker adds to a firmware.
pub(crate) fn test_broker(tools: &mut Tools) -> Outcome {
    broker::check(first_board(updates::CHIP)?, tools)
}

/// Runs Clippy on the firmware of all applications, for the first board with a chip.
pub(crate) fn lint(chip: &str, tools: &mut Tools) -> Outcome {
    let board = first_board(chip)?;
    let toolchain = toolchain_for(board.target(), tools)?;
    let mut clippy = toolchain.clippy(tools)?;
    let parts = ["--package", "instep-esp", "--package", "esp32-examples", "--lib", "--bins", "--examples"];
    in_firmware(&mut clippy, board, &parts);
    toolchain.apply(&mut clippy);
    without_variables(&mut clippy);
    run(clippy.args(["--", "-D", "warnings"]))
}

/// Returns the images of the first board with a chip, if they were made: that of the application, and that of the whole flash.
pub(crate) fn images_of(chip: &str, app: &str) -> Outcome<Option<[PathBuf; 2]>> {
    let file = file(&Plan::new(first_board(chip)?, app));
    let images = [".bin", "-first.bin"].map(|end| PathBuf::from(format!("{}{end}", file.display())));
    Ok(images.iter().all(|image| image.is_file()).then_some(images))
}

/// Prints the size of a firmware, and the paths of its images.
fn show(plan: &Plan, built: &Built) -> Outcome {
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
    println!("\n  {file}.bin\n      the application, for its slot at 0x10000; the settings stay");
    println!(
        "  {file}-first.bin\n      boot loader, partitions and application, for a first flash only, at address 0;\n      \
         it overwrites the settings\n"
    );
    Ok(())
}

/// Tests the program that makes images.
pub(crate) fn test_image_tool() -> Outcome {
    run(&mut in_image_tool("test"))
}

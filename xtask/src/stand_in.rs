//! Checks that the firmware compiles for Xtensa chips.
//!
//! Only the toolchain `esp` builds for them. A target that compiles for RISC-V, but has the name of an Xtensa chip,
//! suffices to check names, types and features.

use crate::bare_metal::compiler_with_source;
use crate::firmware;
use crate::report::Outcome;
use crate::tools::{Tools, cargo, run, target};

/// Chips that are checked.
///
/// The S2 has only atomic loads and stores, and so has its stand-in.
pub(crate) const CHIPS: [&str; 3] = ["esp32", "esp32s2", "esp32s3"];

/// Type-checks the firmware for a chip, without building it.
pub(crate) fn check(chip: &str, tools: &mut Tools) -> Outcome {
    let compiler = compiler_with_source(tools)?;
    let firmware = firmware::folder_of_firmware();
    let folder = firmware.join("stand-in");
    let mut check = cargo(&["check", "--release", "-Zbuild-std=core,alloc", "-Zjson-target-spec"]);
    check
        .current_dir(firmware)
        // The feature `backtrace` is off, because its panic handler contains Xtensa assembly.
        .args(["--lib", "--bins", "--no-default-features", "--features"])
        .arg(format!("{},update", firmware::first_board(chip)?.name))
        .arg("--target")
        .arg(folder.join(format!("xtensa-{chip}-none-elf.json")))
        .arg("--target-dir")
        .arg(target().join("esp"))
        .env("RUSTC", folder.join("rustc"))
        .env("INSTEP_RUSTC", compiler)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "--cfg=target_arch=\"xtensa\" -Aexplicit_builtin_cfgs_in_flags");
    run(&mut check)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firmware::TESTED;
    use esp_boards::BOARDS;

    #[test]
    fn each_chip_of_boards_is_built_or_checked() {
        for board in &BOARDS {
            assert!(TESTED.contains(&board.chip) != CHIPS.contains(&board.chip), "{}", board.chip);
        }
    }
}

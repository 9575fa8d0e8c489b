//! Instructions of a chip for a `toggle`, by instep, by picoserve and over bare TCP in QEMU.

use std::path::Path;
use std::process::Command;

use crate::qemu_image;
use crate::report::Outcome;
use crate::tools::{Tools, cargo, output_or_error, run, target, workspace};

/// File of the table. The lines `BEGIN` and `END` are around the table.
const FILE: &str = "docs/reference/benchmarks.md";
const BEGIN: &str = "<!-- Instructions: written by the command -->\n";
const BEGIN_ESP: &str = "<!-- Instructions, optimized as for ESP32 chips: written by the command -->\n";
const END: &str = "<!-- Instructions: up to here -->";

/// Measures, and prints the table.
///
/// With `as_for_esp`, the images are optimized as the firmware for ESP32 chips is. With `write`, the table also goes into the
/// documentation.
pub(crate) fn measure(tools: &mut Tools, as_for_esp: bool, write: bool) -> Outcome {
    let launcher = qemu_image::build_launcher()?;
    let [image, picoserve, floor] = if as_for_esp {
        let mut build = |package, smaller: &[&str]| qemu_image::build_as_for_esp(tools, package, smaller);
        [
            build("instep-qemu-riscv32", &["instep-qemu", "qemu-machine"])?,
            build("qemu-picoserve", &["picoserve", "qemu-picoserve", "qemu-machine"])?,
            build("qemu-bare-tcp", &["qemu-bare-tcp", "qemu-machine"])?,
        ]
    } else {
        let image = qemu_image::build_image(tools, &[], &[])?;
        let [picoserve, floor] = qemu_image::build_packages(tools, ["qemu-picoserve", "qemu-bare-tcp"])?;
        [image, picoserve, floor]
    };
    run(&mut cargo(&["build", "--package", "board-tests", "--bin", "instep-instructions"]))?;
    let mut program = Command::new(target().join("debug/instep-instructions"));
    for (name, image) in [("instep", &image), ("picoserve", &picoserve), ("bare TCP", &floor)] {
        program.arg(format!("{name}={}", image.display()));
    }
    let table = output_or_error(program.env("INSTEP_BIN", launcher))? + "\n";
    print!("{table}");
    if write {
        keep(&table, if as_for_esp { BEGIN_ESP } else { BEGIN })?;
    }
    Ok(())
}

fn keep(table: &str, begin: &str) -> Result<(), String> {
    let file: &Path = &workspace().join(FILE);
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let replaced = replace(&text, table, begin).ok_or(format!("{FILE} lacks the lines around the table"))?;
    std::fs::write(file, replaced).map_err(failed)
}

/// Returns the text with the new table in place of that which follows the line `begin`.
fn replace(text: &str, table: &str, begin: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_table_is_replaced() {
        let other = format!("before\n{BEGIN}\nold\n\n{END}\n");
        let text = format!("{other}{BEGIN_ESP}\nold\n\n{END}\nafter\n");
        assert_eq!(
            replace(&text, "new\n", BEGIN_ESP).expect("the lines around the table are missing"),
            format!("{other}{BEGIN_ESP}\nnew\n\n{END}\nafter\n")
        );
        assert_eq!(replace("nothing", "new", BEGIN), None);
    }
}

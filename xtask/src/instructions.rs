//! Instructions of a chip for a `toggle`, by instep, by picoserve and over bare TCP in QEMU.

use std::path::Path;
use std::process::Command;

use crate::qemu_image::{self, Built};
use crate::report::Outcome;
use crate::tools::{Tools, cargo, output_or_error, run, target, workspace};

/// File of the table. The lines `BEGIN` and `END` are around the table.
const FILE: &str = "docs/reference/benchmarks.md";
const BEGIN: &str = "<!-- Instructions: written by the command -->\n";
const END: &str = "<!-- Instructions: up to here -->";

/// Measures, and prints the table.
///
/// With `write`, it also goes into the documentation.
pub(crate) fn measure(tools: &mut Tools, write: bool) -> Outcome {
    let Built { image, launcher } = qemu_image::build(tools, &[])?;
    let [picoserve, floor] = qemu_image::build_packages(tools, ["qemu-picoserve", "qemu-bare-tcp"])?;
    run(&mut cargo(&["build", "--package", "board-tests", "--bin", "instep-instructions"]))?;
    let mut program = Command::new(target().join("debug/instep-instructions"));
    for (name, image) in [("instep", &image), ("picoserve", &picoserve), ("bare TCP", &floor)] {
        program.arg(format!("{name}={}", image.display()));
    }
    let table = output_or_error(program.env("INSTEP_BIN", launcher))? + "\n";
    print!("{table}");
    if write {
        keep(&table)?;
    }
    Ok(())
}

fn keep(table: &str) -> Result<(), String> {
    let file: &Path = &workspace().join(FILE);
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let replaced = replace(&text, table).ok_or(format!("{FILE} lacks the lines around the table"))?;
    std::fs::write(file, replaced).map_err(failed)
}

/// Returns the text with the new table in place of the old one.
fn replace(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_table_is_replaced() {
        let text = format!("before\n{BEGIN}\nold\n\n{END}\nafter\n");
        assert_eq!(
            replace(&text, "new\n").expect("the lines around the table are missing"),
            format!("before\n{BEGIN}\nnew\n\n{END}\nafter\n")
        );
        assert_eq!(replace("nothing", "new"), None);
    }
}

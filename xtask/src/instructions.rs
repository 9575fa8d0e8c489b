//! Instructions of a chip for a `toggle`, by instep and by picoserve in QEMU.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::bare_metal::{TARGET, toolchain};
use crate::qemu_image::{self, Built};
use crate::report::Outcome;
use crate::tools::{Tools, cargo, run, target, workspace};

/// File of the table. The lines `BEGIN` and `END` are around the table.
const FILE: &str = "docs/reference/benchmarks.md";
const BEGIN: &str = "<!-- Instructions: written by the command -->\n";
const END: &str = "<!-- Instructions: up to here -->";

/// Measures, and prints the table.
///
/// With `write`, it also goes into the documentation.
pub(crate) fn measure(tools: &mut Tools, write: bool) -> Outcome {
    let measured = build(tools).and_then(|(built, other)| table(&built, &other).map_err(Outcome::Failed));
    match measured {
        Ok(table) => {
            print!("{table}");
            let written = if write { keep(&table) } else { Ok(()) };
            written.map_or_else(Outcome::Failed, |()| Outcome::Passed)
        }
        Err(outcome) => outcome,
    }
}

/// Builds both images, and the program that boots them.
fn build(tools: &mut Tools) -> Result<(Built, String), Outcome> {
    let built = qemu_image::build(tools)?;
    let mut picoserve = cargo(&["build", "--release", "--package", "qemu-picoserve"]);
    qemu_image::in_board(&mut picoserve, toolchain(tools)?);
    let program = cargo(&["build", "--package", "board-tests", "--bin", "instep-instructions"]);
    for mut command in [picoserve, program] {
        match run(&mut command) {
            Outcome::Passed => {}
            failed => return Err(failed),
        }
    }
    let image = target().join("qemu").join(TARGET).join("release/qemu-picoserve");
    Ok((built, image.display().to_string()))
}

fn table(built: &Built, picoserve: &str) -> Result<String, String> {
    let program = target().join("debug/instep-instructions");
    let output = Command::new(&program)
        .arg(format!("instep={}", built.image.display()))
        .arg(format!("picoserve={picoserve}"))
        .env("INSTEP_BIN", &built.launcher)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("{} ended with {}", program.display(), output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
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

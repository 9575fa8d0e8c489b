//! Sections of a document that programs write.

use std::fs;
use std::process::Command;

use crate::report::Outcome;
use crate::tools::{run_for_output, workspace};

/// Document of the sections.
const FILE: &str = "docs/reference/benchmarks.md";

/// Instructions on a chip.
pub(crate) const INSTRUCTIONS: Section = Section {
    begin: "<!-- Instructions: written by the command -->",
    end: "<!-- Instructions: up to here -->",
};
/// The same, optimized as the firmware for ESP32 chips is.
pub(crate) const INSTRUCTIONS_AS_FOR_ESP: Section = Section {
    begin: "<!-- Instructions, optimized as for ESP32 chips: written by the command -->",
    end: "<!-- Instructions: up to here -->",
};
/// Gateways.
pub(crate) const FLEET: Section =
    Section { begin: "<!-- Fleet: written by the command -->", end: "<!-- Fleet: up to here -->" };
/// Servers side by side.
pub(crate) const MEASURED: Section = Section {
    begin: "<!-- Measured: from here on, written by the command -->",
    end: "<!-- Measured: up to here -->",
};

/// Section of the document between two lines.
pub(crate) struct Section {
    begin: &'static str,
    end: &'static str,
}

impl Section {
    /// Runs a program and prints its tables. With `write`, they also go into the document.
    pub(crate) fn measure(&self, program: &mut Command, write: bool) -> Outcome {
        let tables = run_for_output(program)?;
        println!("\n{tables}");
        if write {
            let file = workspace().join(FILE);
            let failed = |error| format!("{FILE}: {error}");
            let text = fs::read_to_string(&file).map_err(failed)?;
            let text = self.replace(&text, &tables);
            let text = text.ok_or_else(|| format!("{FILE} lacks the line {}", self.begin))?;
            fs::write(file, text).map_err(failed)?;
        }
        Ok(())
    }

    /// Returns the text with other content in this section, or `None` if it has no such section.
    fn replace(&self, text: &str, content: &str) -> Option<String> {
        let Self { begin, end } = self;
        let (before, rest) = text.split_once(begin)?;
        let (_, after) = rest.split_once(end)?;
        Some(format!("{before}{begin}\n\n{content}\n\n{end}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_has_each_section_and_the_text_around_stays() {
        let file = fs::read_to_string(workspace().join(FILE)).expect("cannot read the document");
        for section in [INSTRUCTIONS, INSTRUCTIONS_AS_FOR_ESP, FLEET, MEASURED] {
            let Section { begin, end } = section;
            let once = section.replace(&file, "new").expect("a line is missing");
            let (before, after) = once.split_once("\n\nnew\n\n").expect("there is no new content");
            assert!(before.ends_with(begin) && after.starts_with(end), "{begin}");
            assert!(file.starts_with(before) && file.ends_with(after), "{begin}");
            assert_eq!(section.replace(&once, "new"), Some(once));
        }
        assert_eq!(FLEET.replace("nothing of ours", "new"), None);
    }
}

//! Checks the figures of documents.
//!
//! They must match the measured ones, and the log texts in `docs/guide/esp32.md` must match the source.

use std::fs;

use crate::tools::workspace;

/// Sizes of firmware.
pub(super) const FIRMWARE: Table<7> = Table {
    file: "docs/guide/esp32.md",
    columns: [
        "the flash",
        "instep's part",
        "what the whole firmware adds",
        "the RAM always in use",
        "what is left for the stack",
        "each client",
        "the largest future",
    ],
};
/// What updates add to a firmware.
pub(super) const UPDATES: Table<3> = Table {
    file: "docs/guide/update.md",
    columns: ["the flash of updates", "that with signatures", "the RAM of updates"],
};
/// Tolerance of a figure, as a divisor of its value.
///
/// Another version of the compiler changes the figures a little.
const PART: u64 = 50;

/// Table of a document, with a row for each board.
pub(super) struct Table<const COLUMNS: usize> {
    file: &'static str,
    /// Columns of a row after the board's name.
    columns: [&'static str; COLUMNS],
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// Compares the figures with the document, within the tolerance.
    pub(super) fn says(&self, board: &str, figures: &[u64; COLUMNS]) -> Result<(), String> {
        self.compare(&self.text()?, board, figures)
    }

    /// Writes these figures into the document.
    pub(super) fn correct(&self, rows: &[(&str, [u64; COLUMNS])]) -> Result<(), String> {
        let corrected = rows
            .iter()
            .try_fold(self.text()?, |text, (board, figures)| self.replace(&text, board, figures))?;
        fs::write(workspace().join(self.file), corrected).map_err(|error| format!("{}: {error}", self.file))
    }

    fn text(&self) -> Result<String, String> {
        fs::read_to_string(workspace().join(self.file)).map_err(|error| format!("{}: {error}", self.file))
    }

    fn compare(&self, text: &str, board: &str, figures: &[u64; COLUMNS]) -> Result<(), String> {
        let said = text.lines().find_map(|line| row(line, board)).ok_or_else(|| self.lacks(board))?;
        let said: [u64; COLUMNS] = said;
        for ((column, said), is) in self.columns.iter().zip(said).zip(figures) {
            if said.abs_diff(*is) > is / PART {
                return Err(format!(
                    "{} has {said} for {column} of {board}, but it is {is}; `cargo xtask size --write` corrects it",
                    self.file
                ));
            }
        }
        Ok(())
    }

    fn replace(&self, text: &str, board: &str, figures: &[u64; COLUMNS]) -> Result<String, String> {
        let old = text.lines().find(|line| row::<COLUMNS>(line, board).is_some());
        let old = old.ok_or_else(|| self.lacks(board))?;
        let cells = figures.map(|figure| format!(" {} |", grouped(figure)));
        Ok(text.replacen(old, &format!("| `{board}` |{}", cells.concat()), 1))
    }

    fn lacks(&self, board: &str) -> String {
        format!("{} has no row of figures for {board}", self.file)
    }
}

/// Returns the figures of a row of a table, if it is that board's.
fn row<const COLUMNS: usize>(line: &str, board: &str) -> Option<[u64; COLUMNS]> {
    let cells = line.strip_prefix(&format!("| `{board}` |"))?.strip_suffix('|')?;
    let figures: Option<Vec<u64>> =
        cells.split('|').map(|cell| cell.trim().replace(',', "").parse().ok()).collect();
    figures?.try_into().ok()
}

/// Formats as `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firmware::TESTED;
    use esp_boards::BOARDS;
    use std::path::Path;

    const TABLE: &str =
        "before\n| `one` | ONE | a pin | | | | | |\n| `one` | 1,000,000 | 2 | 3 | 4 | 5 | 6 | 50 |\nafter\n";

    #[test]
    fn figures_are_compared_with_table_and_written() {
        let measured = [1_010_000, 2, 3, 4, 5, 6, 51];
        assert_eq!(FIRMWARE.compare(TABLE, "one", &measured), Ok(()));
        let problem = FIRMWARE.compare(TABLE, "one", &[1_010_000, 2, 3, 4, 5, 7, 51]).unwrap_err();
        assert!(problem.contains("has 6 for each client of one, but it is 7; "), "{problem}");
        assert!(FIRMWARE.compare(TABLE, "two", &measured).is_err());
        let corrected = FIRMWARE.replace(TABLE, "one", &measured).expect("the board has no row");
        assert_eq!(corrected, TABLE.replace("1,000,000", "1,010,000").replace("| 50 |", "| 51 |"));
        assert!(FIRMWARE.replace(TABLE, "two", &measured).is_err());
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn every_tested_board_has_row() {
        let (firmware, updates) =
            (FIRMWARE.text().expect("no document"), UPDATES.text().expect("no document"));
        for board in BOARDS.iter().filter(|board| TESTED.contains(&board.chip)) {
            assert!(firmware.lines().any(|line| row::<7>(line, board.name).is_some()), "{}", board.name);
        }
        assert!(updates.lines().any(|line| row::<3>(line, "esp32c3-devkit").is_some()));
    }

    /// Texts of the chips' crates.
    const NOT_OURS: [&str; 6] =
        ["SysBrownOut", "CoreMwdt0", "CoreSw", "Cpu0Sw", "====================== PANIC", "Backtrace:"];
    /// Examples in the document for varying parts of a text.
    const EXAMPLES: [&str; 4] = ["…", "\"Home\"", "60", "`instep`"];

    #[test]
    fn documented_log_texts_are_in_source() {
        let mut source = String::new();
        for folder in ["examples/esp32/src", "crates"] {
            read(&workspace().join(folder), &mut source);
        }
        let text = FIRMWARE.text().expect("cannot read the document");
        let section = text.split("## Troubleshooting").nth(1).and_then(|rest| rest.split("\n* ").next());
        let rows =
            section.expect("the section is missing").lines().filter_map(|line| line.strip_prefix("| "));
        let mut spans = 0;
        for span in rows.filter_map(|row| row.split(" | ").next()).flat_map(code) {
            spans += 1;
            let mut parts = vec![span];
            for split in EXAMPLES.iter().chain(&NOT_OURS) {
                parts = parts.iter().flat_map(|part| part.split(split)).collect();
            }
            for part in parts {
                assert!(source.contains(part), "no log line has `{part}` of `{span}`");
            }
        }
        assert!(spans > 15, "only {spans} texts were found");
    }

    /// Returns the texts between single or double backticks.
    fn code(cell: &str) -> Vec<&str> {
        let (mut spans, mut rest) = (Vec::new(), cell);
        while let Some((_, behind)) = rest.split_once('`') {
            let fence = if behind.starts_with('`') { "``" } else { "`" };
            let Some((span, behind)) = behind[fence.len() - 1..].split_once(fence) else { break };
            spans.push(span);
            rest = behind;
        }
        spans
    }

    /// Reads all source below a folder, and joins strings that are split over lines.
    fn read(folder: &Path, source: &mut String) {
        for entry in fs::read_dir(folder).expect("cannot read the folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                read(&path, source);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).expect("cannot read the source");
                let mut lines = text.split("\\\n");
                source.extend(lines.next());
                lines.for_each(|line| source.push_str(line.trim_start()));
            }
        }
    }
}

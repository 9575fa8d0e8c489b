//! The structure of the sources.
//!
//! No files import each other in a circle, no file imports from a higher floor, and no portable crate depends on a
//! driver. Relative links of Markdown lead to files that exist.
//!
//! To move a folder to another floor, or to give a crate floors, change `HOUSES` in `floors.rs`. Links in comments and
//! paths in strings are no imports.

mod circles;
mod floors;
mod links;
mod manifests;
mod paths;
mod resolve;
mod source;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use floors::House;
use resolve::Imports;
use source::{Crate, Sources};

use crate::report::Outcome;
use crate::tools::workspace;

/// Reads the sources of all crates, and prints their sizes or the problems.
pub(crate) fn check() -> Outcome {
    let mut sources = Sources::new();
    read_folder(&workspace(), "", &mut sources)
        .map_err(|error| format!("cannot read the sources: {error}"))?;
    let survey = survey(&sources, floors::HOUSES);
    println!("{}", survey.table());
    let mut problems = survey.problems;
    problems.extend(manifests::problems(&sources));
    problems.extend(links::problems(&sources, |path| workspace().join(path).exists()));
    for problem in &problems {
        println!("\n{problem}");
    }
    let [circles, climbs] = [survey.circles, survey.climbs];
    if problems.is_empty() {
        return Ok(());
    }
    println!(
        "\nMove what both files of a circle need into a file below both, or what a lower floor needs down to it;\n\
         a call up becomes a function pointer or a value that the upper file gives down."
    );
    let others = problems.len() - circles - climbs;
    Err(format!("{circles} circles, {climbs} climbing imports, {others} other problems; see above").into())
}

/// Findings of all crates.
#[derive(Debug, Default)]
struct Survey {
    crates: Vec<Row>,
    circles: usize,
    climbs: usize,
    /// Problems, each with one line or more.
    problems: Vec<String>,
}

/// Sizes of one crate.
#[derive(Debug)]
struct Row {
    root: String,
    files: usize,
    imports: usize,
    lines: usize,
}

impl Survey {
    fn table(&self) -> String {
        let mut table = format!("{:<44}{:>6}{:>9}{:>8}", "crate", "files", "imports", "lines");
        let (mut totals, mut single) = ([0; 3], [0; 2]);
        for Row { root, files, imports, lines } in &self.crates {
            if *files > 1 {
                table += &format!("\n{root:<44}{files:>6}{imports:>9}{lines:>8}");
            } else {
                single = [single[0] + 1, single[1] + lines];
            }
            totals = [totals[0] + files, totals[1] + imports, totals[2] + lines];
        }
        let [files, lines] = single;
        table += &format!("\n{:<44}{files:>6}{:>9}{lines:>8}", "crates of one file", 0);
        let [files, imports, lines] = totals;
        let (crates, circles, climbs) = (self.crates.len(), self.circles, self.climbs);
        table
            + &format!("\n{crates} crates, {files} files, {imports} imports, {lines} lines: ")
            + &format!("{circles} circles, {climbs} climbing imports")
    }

    fn add(&mut self, read: &Crate, houses: &[House]) {
        let imports = resolve::imports(read);
        let root = read.path(0);
        for circle in circles::find(read.files.len(), &imports) {
            self.circles += 1;
            self.problems.push(circle_text(read, &imports, &circle));
        }
        if let Some(house) = houses.iter().find(|house| root.starts_with(house.folder)) {
            let found = house.problems(read, &imports);
            self.climbs += found.climbs.len();
            self.problems.extend(found.climbs);
            self.problems.extend(found.table);
        }
        let lines = read.files.iter().map(|file| file.lines).sum();
        let (files, imports) = (read.files.len(), imports.len());
        self.crates.push(Row { root: root.to_owned(), files, imports, lines });
    }
}

fn survey(sources: &Sources, houses: &[House]) -> Survey {
    let mut survey = Survey::default();
    let named = manifests::named_roots(sources);
    for root in sources.keys().filter(|path| is_root(path) || named.contains(*path)) {
        match Crate::read(sources, root) {
            Ok(read) => survey.add(&read, houses),
            Err(problem) => survey.problems.push(problem),
        }
    }
    survey
}

/// A library, or a program with the usual name or in the usual folder.
fn is_root(path: &str) -> bool {
    let in_sources = path.rsplit_once("src/").map_or("", |(_, file)| file);
    let program = in_sources.strip_prefix("bin/").unwrap_or_default();
    ["lib.rs", "main.rs"].contains(&in_sources) || (program.ends_with(".rs") && !program.contains('/'))
}

fn circle_text(read: &Crate, imports: &Imports, circle: &[usize]) -> String {
    let mut text = format!("Circle of {} files in {}:", circle.len(), read.path(0));
    for file in circle {
        text += &format!("\n  {}", read.path(*file));
    }
    for ((from, to), import) in imports {
        if circle.contains(from) && circle.contains(to) {
            let [from, to] = [from, to].map(|file| read.path(*file));
            text += &format!("\n    {from}:{} imports {} of {to}", import.line, import.path);
        }
    }
    text
}

/// Reads the sources, manifests and documents below a folder, without build output.
fn read_folder(folder: &Path, prefix: &str, sources: &mut Sources) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && name != "target" {
                read_folder(&entry.path(), &format!("{path}/"), sources)?;
            }
        } else if name.ends_with(".rs") || name.ends_with(".md") || name == "Cargo.toml" {
            sources.insert(path, fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

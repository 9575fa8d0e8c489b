//! Makes the tables, and puts them into docs/reference/benchmarks.md.

use crate::contenders::{ALL, version};
use crate::echo::CLIENTS;
use crate::plan::{IDLE_CLIENTS, Plan};
use crate::run::{Results, Row};
use crate::sample::{Sample, whole};
use crate::{latency, stall_tables, targets};
use std::fmt::Write as _;

/// File of the tables, relative to the workspace.
const FILE: &str = "docs/reference/benchmarks.md";
/// Lines around the generated part.
const BEGIN: &str = "<!-- Measured: from here on, written by the command -->";
const END: &str = "<!-- Measured: up to here -->";

/// Returns the results as Markdown.
pub fn tables(machine: &str, plan: &Plan, results: &Results) -> String {
    let command = if *plan == Plan::FULL { "cargo xtask bench --write" } else { "cargo xtask bench --quick" };
    let versions: Vec<String> =
        ALL.iter().filter_map(|it| Some(format!("{} {}", it.name, version(it.package?)))).collect();
    let mut text = format!(
        "Made by `{command}` on {machine}; {}.\n\n## Targets\n\n{}",
        versions.join(", "),
        targets::table(results)
    );
    if !results.echo.is_empty() {
        let _ = write!(
            text,
            "\n## Echo\n\nServer CPU time per message, in µs. {CLIENTS} clients each send one text message, or \
             16 at once, and wait for all answers.\n\n{}{}",
            figures_and_ratios(&results.echo, true),
            busy(&results.echo)
        );
    }
    if !results.fan_out.is_empty() {
        let _ = write!(
            text,
            "\n## Fan-out\n\nServer CPU time per delivery, in µs. One client has a text of 33 bytes published, \
             and all clients wait until all have it.\n\n{}{}",
            figures_and_ratios(&results.fan_out, true),
            busy(&results.fan_out)
        );
    }
    text += &latency::section(&results.latency);
    if let Some(memory) = &results.memory {
        let clients = whole(IDLE_CLIENTS);
        let _ = write!(
            text,
            "\n## Memory\n\nMemory of the server in bytes per client, with {clients} clients that were sent one \
             publish and are idle.\n\n{}",
            figures_and_ratios(std::slice::from_ref(memory), false)
        );
    }
    text + &stall_tables::write(results)
}

/// Replaces the tables in the file.
pub fn write(tables: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
    let text = replace(&text, tables).ok_or(format!("{FILE} lacks the lines between which tables belong"))?;
    std::fs::write(FILE, text).map_err(|error| format!("{FILE}: {error}"))?;
    println!("{FILE} is written");
    Ok(())
}

fn replace(text: &str, tables: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{tables}\n{END}{after}"))
}

/// Returns a table of figures and one of ratios.
fn figures_and_ratios(rows: &[Row], floor: bool) -> String {
    let shown = usize::from(!floor)..ALL.len();
    let names: String = ALL[shown.clone()].iter().map(|server| format!("| {} ", server.name)).collect();
    let mut text = format!("| {names}|\n|---{}|\n", "|---:".repeat(shown.len()));
    for row in rows {
        let samples: String =
            row.samples[shown.clone()].iter().map(|sample| format!("| {sample} ")).collect();
        let _ = writeln!(text, "| {} {samples}|", row.name);
    }
    let floor_head = if floor { " instep ÷ floor |" } else { "" };
    let _ = writeln!(text, "\n| | best of the others | instep ÷ best |{floor_head}");
    let _ = writeln!(text, "|---|---|---:|{}", if floor { "---:|" } else { "" });
    for row in rows {
        let _ = write!(text, "| {} | {} | {} |", row.name, ALL[row.best_peer()].name, row.to_best());
        if floor {
            let _ = write!(text, " {} |", row.to_floor());
        }
        text += "\n";
    }
    text
}

/// Returns a sentence on the load of the servers.
fn busy(rows: &[Row]) -> String {
    let of = |index: usize| Sample(rows.iter().map(|row| row.busy[index].median()).collect()).spread();
    let each = ALL.iter().enumerate().map(|(index, contender)| {
        let (min, max) = of(index);
        format!("{} {:.0}–{:.0} %", contender.name, min * 100.0, max * 100.0)
    });
    let each: Vec<String> = each.collect();
    format!("\nOf the time of these runs the servers were on their core: {}.\n", each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_has_place_for_tables() {
        let file = include_str!("../../docs/reference/benchmarks.md");
        let once = replace(file, "new").expect("a marker line is missing");
        assert!(once.contains(&format!("{BEGIN}\n\nnew\n{END}")), "{once}");
        assert_eq!(replace(&once, "new"), Some(once));
    }

    #[test]
    fn text_around_tables_stays() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        assert_eq!(replace(&text, "new"), Some(format!("before\n{BEGIN}\n\nnew\n{END}\nafter\n")));
        assert_eq!(replace("nothing of ours", "new"), None);
    }
}

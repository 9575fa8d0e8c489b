//! Makes the tables, which go into docs/reference/benchmarks.md.

use crate::contenders::{ALL, version};
use crate::echo::CLIENTS;
use crate::plan::{IDLE_CLIENTS, Plan};
use crate::run::{Results, Row};
use crate::{latency, stall_tables, targets};
use instep_bench::sample::{Sample, whole};
use std::fmt::Write as _;

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

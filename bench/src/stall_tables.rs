//! The table of the stalled subscriber.

use crate::run::{Results, Stalled};
use crate::sample::{Sample, digits};
use crate::stalled::Seen;
use std::fmt::Write as _;

/// Returns the section, or an empty text without results.
pub fn write(results: &Results) -> String {
    if results.stalled.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## A stalled subscriber\n\nThree clients read, and one (SO_RCVBUF 8 KiB) does not, while 20 values are published each \
         millisecond. Latency is that from making a value until a reader has it, of the values that it gets: in µs, the 99th percentile \
         of each second. When all has been published the stalled client reads again, and what it has to read up to the latest value is counted. \
         instep runs with its stall limit and ping deadline raised; the others have none.\n\n\
         | | publishes | per second | p99 without | p99 with | ratio | memory grew | up to the latest value |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for stalled in &results.stalled {
        let _ = writeln!(text, "{}", line(stalled));
    }
    for (name, reason) in &results.broken {
        let _ = writeln!(text, "\n{name} did not get through this: {reason}.");
    }
    if let Some(dropped) = &results.dropped {
        let when = match dropped.dropped {
            Some((after, true)) => format!(
                "dropped it after {:.0} s; when it came back, the state came first",
                after.as_secs_f64()
            ),
            Some((after, false)) => {
                format!(
                    "dropped it after {:.0} s; when it came back, something else came first",
                    after.as_secs_f64()
                )
            }
            None => "did not drop it".into(),
        };
        let _ = writeln!(
            text,
            "\nWith its own limits, instep {when}. The 99th percentile was {} µs, and memory grew by {} KiB.",
            Sample(dropped.p99.clone()),
            growth(dropped)
        );
    }
    text
}

fn line(stalled: &Stalled) -> String {
    let (without, with): (Vec<&Seen>, Vec<&Seen>) =
        stalled.runs.iter().map(|(without, with)| (without, with)).unzip();
    let p99 = |runs: &[&Seen]| Sample(runs.iter().flat_map(|seen| seen.p99.iter().copied()).collect());
    let rate = with.iter().map(|seen| seen.rate).fold(f64::INFINITY, f64::min);
    let grown = with.iter().map(|seen| growth(seen)).max().unwrap_or_default();
    let stale =
        match with.iter().map(|seen| seen.stale).max_by_key(|stale| stale.unwrap_or(usize::MAX)).flatten() {
            Some(bytes) => {
                format!("{} KiB", digits(f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1024.0))
            }
            None => "never came".into(),
        };
    format!(
        "| {} | {} | {} | {} | {} | {} | {grown} KiB | {stale} |",
        stalled.name,
        digits(f64::from(stalled.publishes)),
        digits(rate),
        p99(&without),
        p99(&with),
        stalled.p99_ratio(),
    )
}

/// Returns the growth of memory, in KiB.
fn growth(seen: &Seen) -> u64 {
    (seen.memory.1 - seen.memory.0) / 1024
}

//! The table of the stalled subscriber.

use crate::run::{Results, Stalled};
use crate::stalled::Seen;
use instep_bench::sample::{Sample, digits};
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
            Some((after, state_first)) => {
                let first = if state_first { "the state" } else { "something else" };
                let seconds = after.as_secs_f64();
                format!("dropped it after {seconds:.0} s; when it came back, {first} came first")
            }
            None => "did not drop it".into(),
        };
        let _ = writeln!(
            text,
            "\nWith its own limits, instep {when}. The 99th percentile was {} µs, and memory grew by {} KiB.",
            Sample(dropped.p99.clone()),
            dropped.growth() / 1024
        );
    }
    text
}

fn line(stalled: &Stalled) -> String {
    let p99 = |run: fn(&(Seen, Seen)) -> &Seen| {
        Sample(stalled.runs.iter().flat_map(|runs| run(runs).p99.iter().copied()).collect())
    };
    let rate = stalled.runs.iter().map(|(_, with)| with.rate).fold(f64::INFINITY, f64::min);
    let kibibytes = |bytes| digits(f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1024.0);
    format!(
        "| {} | {} | {} | {} | {} | {} | {} KiB | {} |",
        stalled.name,
        digits(f64::from(stalled.publishes)),
        digits(rate),
        p99(|(without, _)| without),
        p99(|(_, with)| with),
        stalled.p99_ratio(),
        stalled.growth() / 1024,
        stalled.stale().map_or("never came".into(), |bytes| format!("{} KiB", kibibytes(bytes))),
    )
}

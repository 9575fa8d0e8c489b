//! Targets of instep, and whether they are met.

use crate::contenders::INSTEP;
use crate::run::{Results, Row};
use instep_bench::sample::{digits, whole};
use std::fmt::Write as _;

/// Maximum cost of 16 messages at once, as a ratio to the floor.
const PIPELINED: f64 = 1.5;
/// Maximum CPU time of a publish with two threads for clients, as a ratio to that with one.
const SHARDS: f64 = 1.15;
/// Maximum memory of an idle client, in bytes.
const IDLE: f64 = 1024.0;
/// Maximum that a stalled client reads before the latest value, in bytes.
const STALE: usize = 65_536;
/// Maximum growth of the server's memory that still counts as constant, in bytes.
///
/// The buffers of a shard are reserved at the start, but count from their first full use, which takes a
/// busy machine. A queue would have grown by some 45 MB.
const GROWTH: u64 = 262_144;
/// Time after which a stalled client is dropped, in s.
///
/// The server checks once a second.
const DROPPED: std::ops::RangeInclusive<u64> = 10..=12;

/// Returns each target, the measured value, and whether it holds.
pub fn table(results: &Results) -> String {
    let mut text = String::from("| Target | Measured | |\n|---|---|---|\n");
    let mut line = |target: &str, measured: &str, holds: bool| {
        let _ = writeln!(text, "| {target} | {measured} | {} |", if holds { "holds" } else { "**missed**" });
    };
    if !results.echo.is_empty() {
        let (measured, holds) = against_best(&results.echo);
        line("CPU per echo not above the best of the others, in any row", &measured, holds);
        let (measured, holds) = pipelined(&results.echo);
        line("16 messages at once at most 1.5 times the floor", &measured, holds);
    }
    if !results.fan_out.is_empty() {
        let (measured, holds) = against_best(&results.fan_out);
        line("CPU per delivery not above the best of the others, in any row", &measured, holds);
    }
    for latency in &results.latency {
        let ratios = latency.ratios();
        line(
            &format!(
                "application in the thread of the clients: p50, p99 and CPU of a publish to {} not above those with a thread of its own, in one repeat at least",
                whole(latency.subscribers)
            ),
            &format!("ratios {}", ratios.each_ref().map(ToString::to_string).join(", ")),
            ratios.iter().all(|ratio| ratio.spread().0 <= 1.0),
        );
        let growth = latency.growth();
        line(
            &format!(
                "CPU of a publish to {} with two threads for clients at most 1.15 of that with one",
                whole(latency.subscribers)
            ),
            &format!("ratio {growth}"),
            growth.median() <= SHARDS,
        );
    }
    if let Some(memory) = &results.memory {
        let bytes = memory.samples[INSTEP].median();
        line("less than 1 KiB of memory per idle client", &format!("{} bytes", digits(bytes)), bytes < IDLE);
    }
    if let Some(instep) = results.stalled.first() {
        let growth = instep.growth();
        line(
            "stalled subscriber, limits raised: the server's memory is constant",
            &format!("grew by {} KiB at most", growth / 1024),
            growth <= GROWTH,
        );
        let (ratio, noise) = (instep.p99_ratio(), instep.p99_noise());
        line(
            "… the others' 99th percentile is within the noise of the runs without it",
            &format!("ratio {ratio}; among the runs without it up to {}", digits(noise)),
            ratio.median() <= noise,
        );
        let stale = instep.stale();
        let measured = stale.map_or("never came".into(), |bytes| format!("after {bytes} bytes"));
        line(
            "… the latest value within 64 KiB of reading",
            &measured,
            stale.is_some_and(|bytes| bytes <= STALE),
        );
    }
    if let Some(dropped) = &results.dropped {
        let (measured, holds) = match dropped.dropped {
            Some((after, state_first)) => (
                format!(
                    "dropped after {:.0} s; {}",
                    after.as_secs_f64(),
                    if state_first { "the state came first" } else { "something else came first" }
                ),
                state_first && DROPPED.contains(&after.as_secs()),
            ),
            None => ("not dropped".into(), false),
        };
        line(
            "… with its own limits: dropped after 10 s, and after its reconnect the state comes first",
            &measured,
            holds,
        );
        let growth = dropped.growth();
        line(
            "… and memory is constant, too",
            &format!("grew by {} KiB at most", growth / 1024),
            growth <= GROWTH,
        );
    }
    text
}

fn against_best(rows: &[Row]) -> (String, bool) {
    let above: Vec<String> = rows
        .iter()
        .filter(|row| row.to_best().median() > 1.0)
        .map(|row| format!("{} ({})", row.name, digits(row.to_best().median())))
        .collect();
    if above.is_empty() {
        let worst = rows.iter().map(|row| row.to_best().median()).fold(0.0, f64::max);
        return (format!("ratio at most {}", digits(worst)), true);
    }
    (format!("above it in {} of {} rows: {}", above.len(), rows.len(), above.join("; ")), false)
}

fn pipelined(rows: &[Row]) -> (String, bool) {
    let ratios: Vec<(&Row, f64)> =
        rows.iter().filter(|row| row.depth > 1).map(|row| (row, row.to_floor().median())).collect();
    let measured: Vec<String> =
        ratios.iter().map(|(row, ratio)| format!("{} ({})", row.name, digits(*ratio))).collect();
    (measured.join("; "), ratios.iter().all(|(_, ratio)| *ratio <= PIPELINED))
}

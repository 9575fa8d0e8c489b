//! Targets of gateways, and whether they are met.

use crate::figures::Figures;
use crate::plan::PROPERTIES;
use instep_bench::sample::{digits, whole};
use std::fmt::Write as _;

/// Maximum time of a start with the large fleet, in s.
const START: f64 = 3.0;
/// Maximum memory of a property, in bytes.
const PROPERTY: f64 = 256.0;
/// Maximum CPU time of a delivery, as a ratio to that of the device itself.
const DELIVERY: f64 = 1.1;

/// Returns each target, the measured value, and whether it holds.
pub fn table(figures: &Figures) -> String {
    let mut text = String::from("| Target | Measured | |\n|---|---|---|\n");
    let mut line = |target: &str, measured: &str, holds: bool| {
        let _ = writeln!(text, "| {target} | {measured} | {} |", if holds { "holds" } else { "**missed**" });
    };
    let [_, large] = &figures.fleets;
    let start = large.start.median();
    line(
        &format!("all {} values within 3 s of a gateway's start", whole(PROPERTIES * large.devices)),
        &format!("{} s", digits(start)),
        start <= START,
    );
    let property = large.per_property().median();
    line(
        "at most 256 bytes for a property, with its share of all that a device takes",
        &format!("{} bytes", digits(property)),
        property <= PROPERTY,
    );
    let ratio = figures.viewers.ratio();
    line(
        "CPU per delivery at most 1.1 of that at the device itself",
        &format!("ratio {ratio}"),
        ratio.median() <= DELIVERY,
    );
    text
}

//! Makes the tables, which go into docs/reference/benchmarks.md.

use crate::figures::{Deliveries, Figures};
use crate::plan::{GATEWAYS, PROPERTIES, Plan};
use crate::targets;
use instep_bench::sample::{digits, whole};
use std::fmt::Write as _;

/// Returns the figures as Markdown.
pub fn section(machine: &str, plan: &Plan, broker: &str, figures: &Figures) -> String {
    let option = if *plan == Plan::FULL { "--write" } else { "--quick" };
    let Figures { fleets, heard, viewers } = figures;
    let mut text = format!(
        "Made by `cargo xtask bench fleet {option}` on {machine}; {broker}.\n\n{}\n\
         | A gateway with | values | start in s | its CPU in s | the broker's CPU in s | the broker at rest | bytes for a device | bytes for a property |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
        targets::table(figures)
    );
    for fleet in fleets {
        let (devices, values) = (whole(fleet.devices), whole(PROPERTIES * fleet.devices));
        let [device, property] = [fleet.per_device(), fleet.per_property()];
        let _ = writeln!(
            text,
            "| {devices} devices | {values} | {} | {} | {} | {:.1} % | {device} | {property} |",
            fleet.start,
            fleet.gateway_cpu,
            fleet.broker_cpu,
            fleet.broker_at_rest * 100.0
        );
    }
    let _ = write!(
        text,
        "\nOf {} devices that change each second a gateway hears {} messages a second. \
         Each costs it {} µs, and the broker {} µs.\n\n\
         | Viewers of one device | CPU for a delivery in µs | p50 in ms | p99 in ms | the last one in ms |\n\
         |---|---:|---:|---:|---:|\n",
        whole(heard.devices),
        digits(heard.rate),
        digits(heard.gateway),
        digits(heard.broker),
    );
    let (each, all) = (whole(plan.viewers), whole(plan.viewers_in_all()));
    let rows = [
        (format!("{all} at the device itself"), &viewers.direct),
        (format!("{each} at each of {GATEWAYS} gateways"), &viewers.gateways),
    ];
    for (name, Deliveries { cpu, p50, p99, last }) in rows {
        let _ = writeln!(text, "| {name} | {cpu} | {p50} | {p99} | {last} |");
    }
    let _ = write!(
        text,
        "\nThe ratio of the two is {}. For each publish, which is {} deliveries, the broker takes {} µs, and the device {} µs.\n",
        viewers.ratio(),
        all,
        viewers.broker,
        viewers.device,
    );
    text
}

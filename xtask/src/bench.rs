//! The benchmark.
//!
//! It has a workspace of its own, so that only this job builds the other servers.

use std::process::Command;

use clap::{Args, Subcommand};

use crate::report::Outcome;
use crate::section::{FLEET, MEASURED};
use crate::tools::{Tools, cargo, run, target, workspace};

/// Rows to measure.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Rows {
    #[command(subcommand)]
    pub(crate) part: Option<Part>,
    /// Repeat less and run shorter, for a first look
    #[arg(long)]
    quick: bool,
    /// Measure all rows at full length, and write them to docs/reference/benchmarks.md
    #[arg(long, conflicts_with_all = ["quick", "row"])]
    write: bool,
    /// Measure only rows with these words in their name: echo, "echo 16 B", fan-out, latency, memory, stalled
    row: Vec<String>,
}

/// Part that is measured on its own.
#[derive(Debug, Subcommand)]
pub(crate) enum Part {
    /// Count the instructions of a message on a chip, beside picoserve and bare TCP
    Instructions {
        /// Optimize the images as the firmware for ESP32 chips
        #[arg(long)]
        esp_profile: bool,
        /// Write the table to docs/reference/benchmarks.md
        #[arg(long)]
        write: bool,
    },
    /// Measure gateways with 10,000 devices and 4,000 viewers: start, memory, deliveries
    Fleet {
        /// Take fewer devices and viewers, for a first look
        #[arg(long)]
        quick: bool,
        /// Measure at full length, and write the tables to docs/reference/benchmarks.md
        #[arg(long, conflicts_with = "quick")]
        write: bool,
    },
}

/// Builds the benchmark and runs it.
pub(crate) fn measure(rows: &Rows) -> Outcome {
    let mut bench = build("bench", &[])?;
    bench.args(rows.quick.then_some("--quick")).args(&rows.row);
    MEASURED.measure(&mut bench, rows.write)
}

/// Builds the program `instep` and the benchmark of a fleet, and runs it.
///
/// It needs none of the servers that instep is measured against, so they are not built.
pub(crate) fn fleet(tools: &mut Tools, quick: bool, write: bool) -> Outcome {
    tools.programs(&[("mosquitto", "mosquitto")])?;
    run(&mut cargo(&["build", "--release", "--package", "instep-cli", "--bin", "instep"]))?;
    let mut bench = build("bench-fleet", &["--no-default-features"])?;
    bench.arg(target().join("release/instep"));
    FLEET.measure(bench.args(quick.then_some("--quick")), write)
}

/// Builds a program of the benchmark, with the servers unless the options leave them out.
fn build(program: &str, options: &[&str]) -> Outcome<Command> {
    let folder = target().join("bench");
    let mut build = cargo(&["build", "--release", "--manifest-path", "bench/Cargo.toml", "--target-dir"]);
    run(build.arg(&folder).args(options))?;
    let mut program = Command::new(folder.join("release").join(program));
    program.current_dir(workspace());
    Ok(program)
}

//! The benchmark.
//!
//! It has a workspace of its own, so that only this job builds the other servers.

use std::process::Command;

use clap::{Args, Subcommand};

use crate::report::Outcome;
use crate::tools::{cargo, run, target, workspace};

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
        /// Write the table to docs/reference/benchmarks.md
        #[arg(long)]
        write: bool,
    },
}

/// Builds the benchmark and runs it.
pub(crate) fn measure(rows: &Rows) -> Outcome {
    let folder = target().join("bench");
    let mut build = cargo(&["build", "--release", "--manifest-path", "bench/Cargo.toml", "--target-dir"]);
    run(build.arg(&folder))?;
    let mut bench = Command::new(folder.join("release/bench"));
    bench.args(rows.quick.then_some("--quick")).args(rows.write.then_some("--write")).args(&rows.row);
    run(bench.current_dir(workspace()))
}

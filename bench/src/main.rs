//! Measures instep side by side with other servers: `cargo xtask bench`.

mod client;
mod contenders;
mod document;
mod echo;
mod fan_out;
mod idle;
mod machine;
mod plan;
mod process;
mod run;
mod sample;
mod stall_tables;
mod stalled;
mod targets;

use instep_bench::serving::{GENERATOR_CORE, raise_descriptor_limit, take_core};
use plan::Plan;
use std::process::ExitCode;

const HELP: &str = "\
Measures instep side by side with other WebSocket servers, and prints tables.

    cargo xtask bench [--quick] [ROW…]
    cargo xtask bench --write

    ROW        only rows with these words in their name: echo, \"echo 16 B\", fan-out, memory, stalled
    --quick    fewer repeats and shorter runs, for a first look
    --write    all rows, at full length, into docs/reference/benchmarks.md
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut plan, mut write, mut rows) = (Plan::FULL, false, Vec::new());
    for argument in &arguments {
        match argument.as_str() {
            "--quick" => plan = Plan::QUICK,
            "--write" => write = true,
            "--help" | "-h" => {
                print!("{HELP}");
                return ExitCode::SUCCESS;
            }
            option if option.starts_with('-') => return misused(&format!("{option} is not known here")),
            row => rows.push(row),
        }
    }
    if write && (plan != Plan::FULL || !rows.is_empty()) {
        return misused("what --write writes is a full run");
    }
    match bench(&plan, &rows, write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(plan: &Plan, rows: &[&str], write: bool) -> Result<(), String> {
    let machine = machine::describe();
    // The clients of the largest row need as many descriptors here as in the server.
    let descriptors = raise_descriptor_limit().map_err(|error| error.to_string())?;
    let wanted = u64::try_from(plan.idle_clients + 64).expect("too many clients");
    if descriptors < wanted {
        return Err(format!(
            "{wanted} open files are needed, and the hard limit is {descriptors}: raise it with ulimit -Hn"
        ));
    }
    take_core(GENERATOR_CORE).map_err(|_| "two cores are needed: one for the server, one for its clients")?;
    let results = run::all(plan, rows)?;
    if results.is_empty() {
        return Err(format!("no row has {} in its name", rows.join(" or ")));
    }
    let tables = document::tables(&machine, plan, &results);
    println!("\n{tables}");
    if write {
        document::write(&tables)?;
    }
    Ok(())
}

fn misused(problem: &str) -> ExitCode {
    eprintln!("{problem}\n\n{HELP}");
    ExitCode::from(2)
}

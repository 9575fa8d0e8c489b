//! Measures instep side by side with other servers: `cargo xtask bench`.

mod contenders;
mod document;
mod echo;
mod fan_out;
mod idle;
mod latency;
mod plan;
mod run;
mod server;
mod stall_tables;
mod stalled;
mod targets;

use instep_bench::machine;
use instep_bench::system::{GENERATOR_CORE, raise_descriptor_limit, take_core};
use plan::{IDLE_CLIENTS, Plan};
use std::process::ExitCode;

/// Takes the options that `cargo xtask bench` has checked, and prints the tables.
///
/// What is measured meanwhile goes to standard error.
fn main() -> ExitCode {
    let (mut plan, mut rows) = (Plan::FULL, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => plan = Plan::QUICK,
            _ => rows.push(argument),
        }
    }
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    match bench(&plan, &rows) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(plan: &Plan, rows: &[&str]) -> Result<(), String> {
    let machine = machine::describe();
    // The clients of the largest row need as many descriptors here as in the server.
    let descriptors = raise_descriptor_limit().map_err(|error| error.to_string())?;
    let wanted = u64::try_from(IDLE_CLIENTS + 64).expect("too many clients");
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
    println!("{}", document::tables(&machine, plan, &results));
    Ok(())
}

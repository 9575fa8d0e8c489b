//! Measures gateways with many devices and many viewers: `cargo xtask bench fleet`.
//!
//! The programs are the real ones: `instep gateway`, `instep simulate`, `instep serve`, and mosquitto as the broker.

mod audience;
mod broker;
mod document;
mod figures;
mod growth;
mod launch;
mod plan;
mod program;
mod scrape;
mod targets;
mod viewers;

use broker::Broker;
use figures::Figures;
use instep_bench::machine;
use instep_bench::system::raise_descriptor_limit;
use plan::Plan;
use program::Instep;
use std::process::ExitCode;

/// Descriptors of a process beside its connections.
const OTHER_DESCRIPTORS: usize = 128;

/// Takes the path of the program `instep`, and the options that `cargo xtask bench` has checked, and prints the tables.
///
/// What is measured meanwhile goes to standard error.
fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(first) = arguments.next() else {
        eprintln!("the first argument is the path of the program instep");
        return ExitCode::FAILURE;
    };
    let result = if first == launch::COMMAND {
        launch::become_program(arguments)
    } else {
        let is_quick = arguments.any(|argument| argument == "--quick");
        let plan = if is_quick { Plan::QUICK } else { Plan::FULL };
        Instep::at(first).and_then(|instep| bench(&plan, &instep))
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(plan: &Plan, instep: &Instep) -> Result<(), String> {
    let machine = machine::describe();
    // The programs inherit the limit. The broker has a connection of each device, and this program one of each viewer.
    let descriptors = raise_descriptor_limit().map_err(|error| error.to_string())?;
    let wanted = plan.devices_max().max(plan.sockets()) + OTHER_DESCRIPTORS;
    if descriptors < u64::try_from(wanted).unwrap_or(u64::MAX) {
        return Err(format!(
            "{wanted} open files are needed, and the hard limit is {descriptors}; raise it with ulimit -Hn"
        ));
    }
    let figures = measure(plan, instep)?;
    println!("{}", document::section(&machine, plan, &broker::version(), &figures));
    Ok(())
}

fn measure(plan: &Plan, instep: &Instep) -> Result<Figures, String> {
    let [few, many] = plan.devices;
    let broker = Broker::start()?;
    let small = growth::measure(instep, &broker, few, plan)?.0;
    let heard = growth::changing(instep, &broker, few, plan)?;
    drop(broker);
    let broker = Broker::start()?;
    let (large, fleet) = growth::measure(instep, &broker, many, plan)?;
    let viewers = viewers::measure(instep, &broker, &fleet, plan)?;
    Ok(Figures { fleets: [small, large], heard, viewers })
}

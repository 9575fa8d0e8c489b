//! instep: the device as a program on Linux.

mod addresses;
mod args;
mod led;
mod log;
mod metrics;
mod page;
mod serve;

use args::{Args, Command};
use clap::Parser as _;
use std::io::Write as _;
use std::process::ExitCode;

/// The program was called in a wrong way. `clap` uses it, too.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    die_of_panics();
    match Args::parse().command.unwrap_or_default() {
        Command::Serve(arguments) => match serve::serve(arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("instep: {error}");
                if error.is_usage() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
            }
        },
        Command::Apps => {
            let mut out = std::io::stdout().lock();
            for app in instep_apps::ALL {
                // Who stops reading has seen enough.
                let _ = writeln!(out, "{:10}  {}", app.name(), app.about());
            }
            ExitCode::SUCCESS
        }
    }
}

/// A thread that panics takes the program with it: a device that is half dead looks alive.
fn die_of_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::exit(101);
    }));
}

//! instep: the device as a program on Linux.

mod addresses;
mod certificate;
mod inherit;
mod listen;
mod log;
mod metrics;
mod options;
mod output;
mod page;
mod password;
mod persistence;
mod sensor;
mod serve;
mod signals;

use options::Configuration;
use std::io::Write as _;
use std::process::ExitCode;

/// The program was called in a wrong way. `clap` uses it, too.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    die_of_panics();
    // Without it there is a little more to be kept, and nothing else.
    let _ = instep_sys_linux::memory::join_small_blocks();
    let arguments = match options::command().try_get_matches() {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error),
    };
    match arguments.subcommand() {
        Some(("apps", _)) => {
            let line = |app: &&instep::App| format!("{:10}  {}\n", app.name(), app.about());
            print(&instep_apps::ALL.iter().map(line).collect::<String>());
            ExitCode::SUCCESS
        }
        Some(("config", flags)) => match Configuration::read(Some(flags)) {
            Ok(configuration) => {
                print(&configuration.to_string());
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error, USAGE),
        },
        Some(("reset", flags)) => match Configuration::read(Some(flags)) {
            Ok(configuration) => match persistence::reset(configuration.settings.state_file.as_deref()) {
                Ok(done) => {
                    print(&format!("{done}\n"));
                    ExitCode::SUCCESS
                }
                Err(persistence::ResetError::NoFile) => fail(&persistence::ResetError::NoFile, USAGE),
                Err(error) => fail(&error, 1),
            },
            Err(error) => fail(&error, USAGE),
        },
        // Without a command it serves.
        serve => match Configuration::read(serve.map(|(_, flags)| flags)) {
            Ok(configuration) => match serve::serve(configuration) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error, if error.is_usage() { USAGE } else { 1 }),
            },
            Err(error) => fail(&error, USAGE),
        },
    }
}

/// Says what is wrong with the command line, or what it asked for, such as the help.
fn explain(error: &clap::Error) -> ExitCode {
    let arguments: Vec<_> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into()).collect();
    match options::advise(error, &arguments) {
        Some(advice) => fail(&advice, USAGE),
        None => error.exit(),
    }
}

fn print(text: &str) {
    // Who stops reading has seen enough.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn fail(error: &dyn std::fmt::Display, status: u8) -> ExitCode {
    eprintln!("instep: {error}");
    ExitCode::from(status)
}

/// A thread that panics takes the program with it: a device that is half dead looks alive.
fn die_of_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::exit(101);
    }));
}

//! The command `instep`, which runs the device as a program on Linux.

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

/// Exit code of an invalid call, as `clap` uses it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    die_of_panics();
    // A failure only costs some memory.
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
        // Without a command, `instep` serves.
        serve => match Configuration::read(serve.map(|(_, flags)| flags)) {
            Ok(configuration) => match serve::serve(configuration) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error, if error.is_usage() { USAGE } else { 1 }),
            },
            Err(error) => fail(&error, USAGE),
        },
    }
}

/// Prints the error of `clap`, or the requested output, such as the help.
fn explain(error: &clap::Error) -> ExitCode {
    let arguments: Vec<_> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into()).collect();
    match options::advise(error, &arguments) {
        Some(advice) => fail(&advice, USAGE),
        None => error.exit(),
    }
}

fn print(text: &str) {
    // A closed pipe is no error, because the reader has read enough.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn fail(error: &dyn std::fmt::Display, status: u8) -> ExitCode {
    eprintln!("instep: {error}");
    ExitCode::from(status)
}

/// Ends the program when any thread panics.
///
/// A device that runs in part would look alive.
fn die_of_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::exit(101);
    }));
}

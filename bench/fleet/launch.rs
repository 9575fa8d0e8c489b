//! Start of a program that ends with this one.

use instep_bench::system::take_core;
use rustix::process::{Signal, set_parent_process_death_signal};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Argument by which this program becomes another one.
pub const COMMAND: &str = "launch";
/// Number of arguments before the program and its own arguments.
pub const WORDS: usize = 2;
/// Word for any core.
const ANY: &str = "any";

/// Returns a command that runs a program, on one core or on any, and kills it if this program ends.
pub fn command(core: Option<usize>, program: &OsStr) -> Result<Command, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(this);
    command.arg(COMMAND).arg(core.map_or(ANY.to_owned(), |core| core.to_string())).arg(program);
    Ok(command)
}

/// Takes the core, and replaces this program by the one in the arguments of [`command`].
pub fn become_program(mut arguments: impl Iterator<Item = OsString>) -> Result<(), String> {
    let (core, program) =
        arguments.next().zip(arguments.next()).ok_or("launch needs a core and a program")?;
    // The other program keeps it, because it does not change its user.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| error.to_string())?;
    if core != ANY {
        let core =
            core.to_str().and_then(|core| core.parse().ok()).ok_or("launch needs the number of a core")?;
        take_core(core).map_err(|error| format!("core {core}: {error}"))?;
    }
    let error = Command::new(&program).args(arguments).exec();
    Err(format!("{}: {error}", program.display()))
}

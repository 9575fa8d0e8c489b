//! Name, version, applications and commands of a program.

use instep::App;
use std::ffi::OsString;
use std::process::ExitCode;

/// What a program offers on its command line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// Applications. The first one is the default.
    pub(crate) apps: &'static [&'static App],
    pub(crate) commands: &'static [Command],
    /// Defaults of options, as the text of a configuration file.
    pub(crate) defaults: &'static str,
}

/// A command of a program, beside those of instep.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Name, which is the first argument of the program.
    pub name: &'static str,
    /// Line of the program's help.
    pub about: &'static str,
    /// Runs the command. The arguments are those after its name.
    pub run: fn(Vec<OsString>) -> ExitCode,
}

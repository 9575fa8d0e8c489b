//! The program: its command line, and the application that it serves.

use crate::application::Threads;
use crate::identity::{Command, Identity};
use crate::io::Io;
use crate::options::{self, Configuration};
use crate::{persistence, serve};
use instep::{App, Device, Inbox};
use std::fmt::Display;
use std::future::Future;
use std::io::Write as _;
use std::process::ExitCode;

/// Exit code of an invalid call, as `clap` uses it.
const USAGE: u8 = 2;

/// Version of a program that names none.
const VERSION: &str = concat!("(instep ", env!("CARGO_PKG_VERSION"), ")");

/// Serves an application as a program on Linux, and returns when the program is to end.
///
/// The program has the options of `instep serve`: by flags, environment variables and a file; see its `--help`.
///
/// `run` is called on a thread of its own ([`Program::in_one_thread`] changes that). It returns the application's future, which never completes.
///
/// ```no_run
/// # mod garden {
/// #     pub const APP: instep::App = instep::App::new("garden", "A garden").page("/", instep::Asset::html(""));
/// #     pub async fn run(
/// #         _: &instep::Device,
/// #         _: &mut instep::Inbox<'_>,
/// #         _: impl embedded_hal::digital::OutputPin,
/// #     ) {}
/// # }
/// fn main() -> std::process::ExitCode {
///     instep_linux::main(&garden::APP, |device, inbox, io| garden::run(device, inbox, io.output("pump")))
/// }
/// ```
pub fn main<F>(
    app: &'static App,
    run: impl FnOnce(&'static Device, &'static mut Inbox<'static>, Io) -> F + Send + 'static,
) -> ExitCode
where
    F: Future<Output = ()> + 'static,
{
    Program::new(app).run(|_, device, inbox, io| run(device, inbox, io))
}

/// A program that serves one of several applications, or that has commands of its own.
///
/// Most devices need [`main`] alone.
#[derive(Clone, Debug)]
#[must_use = "run the program"]
pub struct Program {
    identity: Identity,
    also_log: fn(&log::Record<'_>),
    threads: Threads,
}

impl Program {
    /// Returns the program that serves this application, and has its name.
    pub fn new(app: &'static App) -> Self {
        let apps = Box::leak(Box::new([app]));
        let identity = Identity { name: app.name(), version: VERSION, apps, commands: &[], defaults: "" };
        Self { identity, also_log: |_| {}, threads: Threads::Many }
    }

    /// Sets the program's name, as its help and its errors show it.
    pub fn with_name(self, name: &'static str) -> Self {
        Self { identity: Identity { name, ..self.identity }, ..self }
    }

    /// Sets the version that `--version` prints.
    pub fn with_version(self, version: &'static str) -> Self {
        Self { identity: Identity { version, ..self.identity }, ..self }
    }

    /// Offers several applications by the option `--app`. The first one is the default.
    ///
    /// # Panics
    /// If there are none.
    pub fn with_apps(self, apps: &'static [&'static App]) -> Self {
        assert!(!apps.is_empty(), "a program needs an application");
        Self { identity: Identity { apps, ..self.identity }, ..self }
    }

    /// Sets defaults of options, which files, variables and flags override.
    ///
    /// The text is that of a configuration file, such as `addr = ["127.0.0.1:9000"]`. An error in it ends the program with a
    /// sentence.
    pub fn with_defaults(self, defaults: &'static str) -> Self {
        Self { identity: Identity { defaults, ..self.identity }, ..self }
    }

    /// Adds commands.
    pub fn with_commands(self, commands: &'static [Command]) -> Self {
        Self { identity: Identity { commands, ..self.identity }, ..self }
    }

    /// Hands each record of the log to this function, too, such as an application that shows the log.
    ///
    /// Any thread calls it, so it must not block.
    pub fn with_log_also_to(self, also: fn(&log::Record<'_>)) -> Self {
        Self { also_log: also, ..self }
    }

    /// Serves all clients in one thread, and runs the application in it.
    ///
    /// A message then reaches the application, and what the application publishes reaches the pages, without a wake-up of another
    /// thread, which is faster and costs less CPU. Without this, the application has a thread of its own, and clients have one for each
    /// core.
    ///
    /// The application must never block: it awaits [`Inbox::recv`] and timers, but never sleeps, reads no file and computes for no more
    /// than about a millisecond at a time, because nothing else is served meanwhile.
    ///
    /// ```no_run
    /// # mod garden {
    /// #     pub const APP: instep::App = instep::App::new("garden", "A garden").page("/", instep::Asset::html(""));
    /// #     pub async fn run(
    /// #         _: &instep::Device,
    /// #         _: &mut instep::Inbox<'_>,
    /// #         _: impl embedded_hal::digital::OutputPin,
    /// #     ) {}
    /// # }
    /// fn main() -> std::process::ExitCode {
    ///     let garden = instep_linux::Program::new(&garden::APP).in_one_thread();
    ///     garden.run(|_, device, inbox, io| garden::run(device, inbox, io.output("pump")))
    /// }
    /// ```
    pub fn in_one_thread(self) -> Self {
        Self { threads: Threads::One, ..self }
    }

    /// Runs the program, as [`main`]. `run` gets the application that `--app` names.
    pub fn run<F>(
        self,
        run: impl FnOnce(&'static App, &'static Device, &'static mut Inbox<'static>, Io) -> F + Send + 'static,
    ) -> ExitCode
    where
        F: Future<Output = ()> + 'static,
    {
        end_on_panic();
        // A failure only costs some memory.
        let _ = instep_sys_linux::memory::join_small_blocks();
        let arguments = match options::command(&self.identity).try_get_matches() {
            Ok(arguments) => arguments,
            Err(error) => return self.explain(&error),
        };
        let subcommand = arguments.subcommand();
        if let Some((name, arguments)) = subcommand
            && let Some(command) = self.identity.commands.iter().find(|command| command.name == name)
        {
            return (command.run)(options::arguments(arguments));
        }
        if let Some(("apps", _)) = subcommand {
            let line = |app: &&App| format!("{:10}  {}\n", app.name(), app.about());
            return print(&self.identity.apps.iter().map(line).collect::<String>());
        }
        let flags = subcommand.map_or(&arguments, |(_, flags)| flags);
        let configuration = match Configuration::read(&self.identity, flags) {
            Ok(configuration) => configuration,
            Err(error) => return self.fail(&error, USAGE),
        };
        match subcommand {
            Some(("config", _)) => print(&configuration.to_string()),
            Some(("reset", _)) => match persistence::reset(configuration.settings.state_file.as_deref()) {
                Ok(done) => print(&format!("{done}\n")),
                Err(error @ persistence::ResetError::NoFile) => self.fail(&error, USAGE),
                Err(error) => self.fail(&error, 1),
            },
            // Without a command, the program serves.
            _ => match serve::serve(configuration, self.also_log, self.threads, run) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => self.fail(&error, if error.is_usage() { USAGE } else { 1 }),
            },
        }
    }

    /// Prints the error of `clap`, or the requested output, such as the help.
    fn explain(&self, error: &clap::Error) -> ExitCode {
        let arguments: Vec<_> =
            std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into()).collect();
        match options::advise(&self.identity, error, &arguments) {
            Some(advice) => self.fail(&advice, USAGE),
            None => error.exit(),
        }
    }

    fn fail(&self, error: &dyn Display, status: u8) -> ExitCode {
        eprintln!("{}: {error}", self.identity.name);
        ExitCode::from(status)
    }
}

fn print(text: &str) -> ExitCode {
    // A closed pipe is no error, because the reader has read enough.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Ends the program when any thread panics.
///
/// A device that runs in part would look alive.
fn end_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::exit(101);
    }));
}

//! Running programs, and the lines that they print.

use crate::launch;
use instep_bench::process::Process;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::ops::Deref;
use std::process::Command;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// Maximum number of printed lines that wait. Further ones are dropped.
const LINES: usize = 1_024;
/// Time limit of a start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Running program, which is killed when dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    process: Process,
    lines: Receiver<String>,
}

impl Program {
    /// Starts a program.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let words = command.get_args().skip(launch::WORDS).map(|word| word.to_string_lossy());
        let name = words.collect::<Vec<_>>().join(" ");
        let (process, stdout) = Process::start(command)?;
        let (sender, lines) = sync_channel(LINES);
        // It ends with the program, whose output must be read.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                let _ = sender.try_send(line);
            }
        });
        Ok(Self { name, process, lines })
    }

    /// Returns whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Waits for a printed line, and returns what `wanted` finds in it.
    pub fn expect<T>(&self, within: Duration, wanted: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let end = Instant::now() + within;
        let mut last = String::new();
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let Ok(line) = self.lines.recv_timeout(left) else { break };
            if let Some(found) = wanted(&line) {
                return Ok(found);
            }
            last = line;
        }
        Err(format!("`{}` has ended, or takes longer than {within:?}; it printed last: {last:?}", self.name))
    }
}

impl Deref for Program {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

/// The program `instep`.
#[derive(Debug)]
pub struct Instep(OsString);

impl Instep {
    /// Returns the program at this path.
    ///
    /// Its file is on the disk then: pages of a file that has just been written would count as memory of its processes.
    pub fn at(path: OsString) -> Result<Self, String> {
        let synced = File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// Starts one of its commands.
    pub fn run(&self, core: Option<usize>, arguments: &[&str]) -> Result<Program, String> {
        Program::start(launch::command(core, &self.0)?.args(arguments))
    }

    /// Starts one of its commands that serves, with metrics.
    pub fn serve(&self, core: Option<usize>, arguments: &[&str]) -> Result<Serving, String> {
        let here = ["--addr", "127.0.0.1:0", "--metrics", "127.0.0.1:0"];
        let program = self.run(core, &[arguments, &here].concat())?;
        let port_behind = |words: &str| {
            program.expect(START_TIMEOUT, |line| {
                let (_, address) = line.split_once(words)?;
                address.split('/').next()?.parse().ok()
            })
        };
        let port = port_behind("Open http://127.0.0.1:")?;
        let metrics = port_behind("Metrics at http://127.0.0.1:")?;
        Ok(Serving { program, port, metrics })
    }
}

/// Running command of `instep` that serves.
#[derive(Debug)]
pub struct Serving {
    program: Program,
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// The port of its metrics.
    pub metrics: u16,
}

impl Deref for Serving {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

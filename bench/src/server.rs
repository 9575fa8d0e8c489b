//! A server under measurement.

use crate::contenders::Contender;
use instep_bench::process::Process;
use std::io::{BufRead as _, BufReader};
use std::ops::Deref;
use std::process::Command;

/// Running server, which is ended when dropped.
pub struct Server {
    process: Process,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub fn start(contender: &Contender, job: &str, options: &[String]) -> Result<Self, String> {
        let folder = std::env::current_exe().map_err(|error| error.to_string())?;
        let program = folder.with_file_name(format!("server-{}", contender.program));
        let mut command = Command::new(program);
        let (process, stdout) = Process::start(command.arg(job).args(contender.options).args(options))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
        let port = line.trim().parse().map_err(|_| format!("{} did not start", contender.name))?;
        Ok(Self { process, port })
    }
}

impl Deref for Server {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

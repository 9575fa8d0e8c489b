//! A process, and its figures in `/proc`.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Time limit from a process's last answer until it sleeps.
const SETTLE: Duration = Duration::from_millis(10);

/// Running process, which is ended when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a process without input, and returns its output.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<(Self, ChildStdout), String> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let child = child.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let mut process = Self { child };
        let stdout = process.child.stdout.take().ok_or("the process has no output")?;
        Ok((process, stdout))
    }

    /// Returns its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Stops it until it is resumed.
    ///
    /// # Errors
    /// If it has ended.
    pub fn stop(&self) -> Result<(), String> {
        self.signal(Signal::STOP)
    }

    /// Resumes it after a stop.
    ///
    /// # Errors
    /// If it has ended.
    pub fn resume(&self) -> Result<(), String> {
        self.signal(Signal::CONT)
    }

    /// Returns the CPU time of all its threads so far, in nanoseconds, once it sleeps.
    ///
    /// # Errors
    /// If it has ended.
    pub fn cpu(&self) -> Result<u64, String> {
        std::thread::sleep(SETTLE);
        let tasks = fs::read_dir(self.file("task")).map_err(|error| self.gone(&error))?;
        let mut total = 0;
        for task in tasks.flatten() {
            let times =
                fs::read_to_string(task.path().join("schedstat")).map_err(|error| self.gone(&error))?;
            total += times.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(total)
    }

    /// Returns its private dirty memory, in bytes.
    ///
    /// # Errors
    /// If it has ended, or if the system does not tell.
    pub fn memory(&self) -> Result<u64, String> {
        let maps = fs::read_to_string(self.file("smaps_rollup")).map_err(|error| self.gone(&error))?;
        let line = maps.lines().find_map(|line| line.strip_prefix("Private_Dirty:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kibibytes.map(|kibibytes| kibibytes * 1024).ok_or("the system does not tell Private_Dirty".into())
    }

    /// Returns the number of its open descriptors.
    ///
    /// # Errors
    /// If it has ended.
    pub fn descriptors(&self) -> Result<usize, String> {
        Ok(fs::read_dir(self.file("fd")).map_err(|error| self.gone(&error))?.count())
    }

    fn signal(&self, signal: Signal) -> Result<(), String> {
        kill_process(Pid::from_child(&self.child), signal).map_err(|error| self.gone(&error.into()))
    }

    fn file(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.child.id())
    }

    fn gone(&self, error: &std::io::Error) -> String {
        format!("process {} is gone: {error}", self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails only if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

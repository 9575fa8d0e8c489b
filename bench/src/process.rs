//! A server process, and its figures in `/proc`.

use crate::contenders::Contender;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Time limit from a server's last answer until it sleeps.
const SETTLE: Duration = Duration::from_millis(10);

/// Running server, which is ended when dropped.
pub struct Server {
    child: Child,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub fn start(contender: &Contender, job: &str, options: &[String]) -> Result<Self, String> {
        let folder = std::env::current_exe().map_err(|error| error.to_string())?;
        let program = folder.with_file_name(format!("server-{}", contender.program));
        let mut child = Command::new(&program)
            .arg(job)
            .args(contender.options)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        let mut server = Self { child, port: 0 };
        BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
        server.port = line.trim().parse().map_err(|_| format!("{} did not start", contender.name))?;
        Ok(server)
    }

    /// Returns the CPU time of all its threads so far, in nanoseconds, once it sleeps.
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
    pub fn memory(&self) -> Result<u64, String> {
        let maps = fs::read_to_string(self.file("smaps_rollup")).map_err(|error| self.gone(&error))?;
        let line = maps.lines().find_map(|line| line.strip_prefix("Private_Dirty:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kibibytes.map(|kibibytes| kibibytes * 1024).ok_or("the system does not tell Private_Dirty".into())
    }

    /// Returns the number of its open descriptors.
    pub fn descriptors(&self) -> Result<usize, String> {
        Ok(fs::read_dir(self.file("fd")).map_err(|error| self.gone(&error))?.count())
    }

    fn file(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.child.id())
    }

    fn gone(&self, error: &std::io::Error) -> String {
        format!("the server is gone: {error}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It fails only if the server has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

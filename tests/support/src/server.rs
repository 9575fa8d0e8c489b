//! A server process.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::SOON;
use crate::output::Output;

/// Time limit for the end after SIGTERM, with status 0.
///
/// It should take at most 2 s, but a machine may be busy.
const STOPS_WITHIN: Duration = Duration::from_secs(6);

/// Options for starting a server.
#[derive(Debug, Clone)]
pub struct Builder {
    binary: Option<OsString>,
    args: Vec<String>,
    variables: Vec<(String, String)>,
    folder: Option<PathBuf>,
    /// Command of the program; none if it serves without one.
    command: Option<&'static str>,
}

impl Builder {
    /// Sets the binary to start.
    ///
    /// By default the environment variable `INSTEP_BIN` names it.
    pub fn binary(mut self, path: impl Into<OsString>) -> Builder {
        self.binary = Some(path.into());
        self
    }

    /// Calls the program without the command `serve`, as a program that has one application.
    pub fn without_command(mut self) -> Builder {
        self.command = None;
        self
    }

    /// Calls another command than `serve` that serves, too.
    pub fn command(mut self, command: &'static str) -> Builder {
        self.command = Some(command);
        self
    }

    /// Adds an argument of `instep serve`.
    pub fn arg(mut self, arg: impl Into<String>) -> Builder {
        self.args.push(arg.into());
        self
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Builder {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Sets the working folder.
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Builder {
        self.folder = Some(path.into());
        self
    }

    /// Starts the server, and waits until it listens.
    #[track_caller]
    pub fn start(mut self) -> Server {
        if !self.args.iter().any(|arg| arg == "--addr") {
            self.args.extend(["--addr".into(), "127.0.0.1:0".into()]);
        }
        let (process, stdout, stderr) = self.spawn();
        let mut server = Server { how: self, process: Some(process), stdout, stderr, addrs: Vec::new() };
        server.wait_until_it_listens();
        server
    }

    #[track_caller]
    fn spawn(&self) -> (Child, Output, Output) {
        let binary = self.binary.clone().or_else(|| std::env::var_os("INSTEP_BIN"));
        let binary = binary.expect("INSTEP_BIN is not set; it must name the binary instep");
        let mut command = Command::new(&binary);
        command.args(self.command).args(&self.args);
        command.envs(self.variables.iter().cloned());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process =
            command.spawn().unwrap_or_else(|error| panic!("cannot start {}: {error}", binary.display()));
        let stdout = Output::of(process.stdout.take().expect("no pipe"));
        let stderr = Output::of(process.stderr.take().expect("no pipe"));
        (process, stdout, stderr)
    }

    /// Makes a restarted server listen at the same addresses.
    fn keep(&mut self, addrs: &[SocketAddr]) {
        let mut addrs = addrs.iter();
        for index in 0..self.args.len().saturating_sub(1) {
            if self.args[index] == "--addr"
                && let Some(addr) = addrs.next()
                && self.args[index + 1].ends_with(":0")
            {
                let scheme = self.args[index + 1].find("://").map_or(0, |index| index + 3);
                self.args[index + 1].replace_range(scheme.., &addr.to_string());
            }
        }
    }
}

/// Running server.
///
/// When dropped it is ended by SIGTERM, and the test fails if that takes more than 6 s, if its exit
/// status is not 0, or if it ever panicked.
#[derive(Debug)]
pub struct Server {
    how: Builder,
    process: Option<Child>,
    stdout: Output,
    stderr: Output,
    addrs: Vec<SocketAddr>,
}

impl Server {
    /// Starts `instep serve` with these arguments, on a free port of 127.0.0.1 unless
    /// they have an `--addr`. The environment variable `INSTEP_BIN` names the binary.
    #[track_caller]
    pub fn start(args: &[&str]) -> Server {
        Server::with(args).start()
    }

    /// Returns the options of [`Server::start`], to change before the start.
    pub fn with(args: &[&str]) -> Builder {
        let args = args.iter().map(ToString::to_string).collect();
        Builder { binary: None, args, variables: Vec::new(), folder: None, command: Some("serve") }
    }

    /// Returns its address, the first of several.
    pub fn addr(&self) -> SocketAddr {
        self.addrs[0]
    }

    /// Returns its addresses as printed, in the order of its `--addr`s.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Returns its process id, for `/proc`.
    #[track_caller]
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("the server has already ended").id()
    }

    /// Returns the lines on stdout since the last start.
    pub fn lines(&self) -> Vec<String> {
        self.stdout.lines()
    }

    /// Returns the lines on stderr since the last start.
    pub fn errors(&self) -> Vec<String> {
        self.stderr.lines()
    }

    /// Waits for the first line on stdout since the
    /// last start for which `wanted` returns true.
    #[track_caller]
    pub fn wait_for_line(&self, wanted: impl Fn(&str) -> bool, within: Duration) -> String {
        let mut seen = 0;
        let found = self.stdout.wait_for(within, |lines| {
            let new = &lines[seen..];
            seen = lines.len();
            new.iter().find(|line| wanted(line)).cloned()
        });
        found
            .unwrap_or_else(|| panic!("no such line within {within:?}; the server printed:\n{}", self.tail()))
    }

    /// Waits until it has printed exactly this line.
    #[track_caller]
    pub fn expect_line(&self, line: &str) {
        let found = self.stdout.wait_for(SOON, |lines| lines.iter().any(|l| l == line).then_some(()));
        assert!(found.is_some(), "no line {line:?}; the server printed:\n{}", self.tail());
    }

    /// Pauses reading its stdout, as a paused terminal does, or resumes.
    pub fn pause_reading(&self, paused: bool) {
        self.stdout.pause(paused);
    }

    /// Stops the process (SIGSTOP), so that it looks like a device without a network.
    #[track_caller]
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Resumes a stopped process (SIGCONT).
    #[track_caller]
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Presses Ctrl-C (SIGINT).
    #[track_caller]
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Requests its end (SIGTERM), and does not wait.
    #[track_caller]
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Closes its terminal (SIGHUP), and does not wait.
    #[track_caller]
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Waits until it has ended by itself or by a signal sent before.
    ///
    /// Checks only that it did not panic.
    #[track_caller]
    pub fn wait_for_exit(&mut self, within: Duration) -> ExitStatus {
        let status = self.wait(within).unwrap_or_else(|| panic!("still running after {within:?}"));
        if let Err(problem) = self.check_for_panics() {
            panic!("{problem}");
        }
        status
    }

    /// Ends it without warning (SIGKILL), like a device that loses its power.
    #[track_caller]
    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill().expect("cannot kill the server");
            self.wait(SOON).expect("a killed process did not end");
        }
    }

    /// Starts it again on the same port, with the same arguments.
    ///
    /// It is killed first if it still runs.
    #[track_caller]
    pub fn restart(&mut self) {
        self.kill();
        if let Err(problem) = self.check_for_panics() {
            panic!("{problem}");
        }
        self.how.keep(&self.addrs);
        let (process, stdout, stderr) = self.how.spawn();
        (self.process, self.stdout, self.stderr) = (Some(process), stdout, stderr);
        self.wait_until_it_listens();
    }

    /// Ends it as a person would, and checks its exit status.
    #[track_caller]
    pub fn stop(mut self) {
        if let Err(problem) = self.finish() {
            panic!("{problem}");
        }
    }

    #[track_caller]
    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("the server has already ended");
        kill_process(Pid::from_child(process), signal).expect("cannot send a signal to the server");
    }

    #[track_caller]
    fn wait_until_it_listens(&mut self) {
        let wanted = self.how.args.iter().filter(|arg| *arg == "--addr").count();
        let urls = |lines: &[String]| lines.iter().filter_map(|line| url(line)).collect::<Vec<_>>();
        match self.stdout.wait_for(SOON, |lines| Some(urls(lines)).filter(|urls| urls.len() >= wanted)) {
            Some(addrs) => self.addrs = addrs,
            None => panic!("the server did not print its address:\n{}", self.tail()),
        }
    }

    /// Ends it in any state; returns an error if a check failed.
    fn finish(&mut self) -> Result<(), String> {
        if let Some(process) = &self.process {
            let pid = Pid::from_child(process);
            // A stopped process takes no other signal. Either signal fails if the process has ended by
            // itself, as its status shows.
            let _ = kill_process(pid, Signal::CONT);
            let _ = kill_process(pid, Signal::TERM);
            let Some(status) = self.wait(STOPS_WITHIN) else {
                self.kill();
                let tail = self.tail();
                return Err(format!("the server did not end within {STOPS_WITHIN:?} of SIGTERM:\n{tail}"));
            };
            self.check_for_panics()?;
            if !status.success() {
                return Err(format!("the server ended with {status}:\n{}", self.tail()));
            }
        }
        self.check_for_panics()
    }

    fn wait(&mut self, within: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + within;
        let process = self.process.as_mut().expect("the server has already ended");
        let status = loop {
            if let Some(status) = process.try_wait().expect("cannot wait for the server") {
                break status;
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        };
        self.process = None;
        self.stdout.wait_for_end(SOON);
        self.stderr.wait_for_end(SOON);
        Some(status)
    }

    fn check_for_panics(&self) -> Result<(), String> {
        let panicked = self.errors().iter().any(|line| line.contains("panicked"));
        if panicked { Err(format!("the server panicked:\n{}", self.tail())) } else { Ok(()) }
    }

    /// Returns the last lines, for a message.
    fn tail(&self) -> String {
        let last = |lines: Vec<String>, prefix: &str| {
            let skipped = lines.len().saturating_sub(40);
            lines[skipped..].iter().map(|line| format!("{prefix}{line}\n")).collect::<String>()
        };
        last(self.lines(), "  stdout: ") + &last(self.errors(), "  stderr: ")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.finish();
        if thread::panicking() {
            // The test has already failed, so show the server's output.
            eprintln!("the server printed:\n{}", self.tail());
            return;
        }
        if let Err(problem) = ended {
            panic!("{problem}");
        }
    }
}

/// Returns the address in a line such as `Open http://127.0.0.1:8080/`.
fn url(line: &str) -> Option<SocketAddr> {
    let (rest, port) = match line.split_once("http://") {
        Some((_, rest)) => (rest, 80),
        None => (line.split_once("https://")?.1, 443),
    };
    let (authority, path) = rest.split_once('/')?;
    if !path.is_empty() && !path.starts_with([' ', '"']) {
        return None;
    }
    authority.parse().or_else(|_| format!("{authority}:{port}").parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_found_in_line() {
        assert_eq!(url("Open http://127.0.0.1:8080/"), "127.0.0.1:8080".parse().ok());
        assert_eq!(url("Open http://[::1]:8080/ now"), "[::1]:8080".parse().ok());
        assert_eq!(url("Open http://127.0.0.1/"), "127.0.0.1:80".parse().ok());
        assert_eq!(url("Open https://127.0.0.1:8443/"), "127.0.0.1:8443".parse().ok());
        assert_eq!(url("Open https://[::1]/"), "[::1]:443".parse().ok());
        assert_eq!(url("use --allow-origin http://lamp.test/"), None);
        assert_eq!(url(r#""Open http://127.0.0.1:8080/"}"#), "127.0.0.1:8080".parse().ok());
        assert_eq!(url("Metrics at http://127.0.0.1:9464/metrics"), None);
        assert_eq!(url("Open"), None);
    }

    #[test]
    fn restarted_server_listens_at_same_addresses() {
        let args = [
            "--addr",
            "127.0.0.1:0",
            "--app",
            "x",
            "--addr",
            "127.0.0.1:8081",
            "--addr",
            "https://127.0.0.1:0",
        ];
        let mut how = Server::with(&args);
        let addrs = ["127.0.0.1:4000", "127.0.0.1:8081", "127.0.0.1:4001"];
        how.keep(&addrs.map(|addr| addr.parse().expect("no address")));
        assert_eq!(
            how.args,
            ["--addr", addrs[0], "--app", "x", "--addr", addrs[1], "--addr", "https://127.0.0.1:4001"]
        );
    }
}

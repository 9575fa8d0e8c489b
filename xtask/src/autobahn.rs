//! The conformance suite for RFC 6455.
//!
//! It is the fuzzing client of autobahntestsuite, and runs against a real server.
//!
//! The suite runs only under Python 2.7, so it gets an environment of its own below the target folder.

use crate::report::{Outcome, Stop};
use crate::tools::{output, server, target, workspace};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const SUITE: &str = "autobahntestsuite==25.10.1";
/// Last version that makes environments for Python 2.7.
const VIRTUALENV: &str = "virtualenv==20.21.1";
/// File of the expected behaviour in each case.
///
/// The behaviour is OK, or INFORMATIONAL if the suite does not judge the case.
const EXPECTED: &str = "conformance/autobahn.txt";
/// Groups of cases, with the time limit of each in s.
///
/// They run separately, because the suite writes its results only at the end.
const GROUPS: [(&str, u64); 9] =
    [("1", 60), ("2", 60), ("3", 60), ("4", 60), ("5", 60), ("6", 120), ("7", 60), ("9", 180), ("10", 60)];
/// Groups of compressed messages, with the time limit of each in s.
///
/// Each case has a thousand messages.
const COMPRESSED: [(&str, u64); 2] = [("12", 1200), ("13", 1500)];
/// Cases of each part of groups 12 and 13 that always run.
///
/// They send messages of 16 bytes, of 8 KiB, and of 32 KiB in frames of 256 bytes. All cases would take 15 minutes.
const COMPRESSED_ALWAYS: [&str; 3] = ["1", "8", "13"];

/// Exit code of the program `timeout` after the time limit.
const TIMED_OUT: i32 = 124;

/// Behaviour of the server in each case, in the messages and in the closing.
type Results = BTreeMap<String, String>;

/// Runs the suite against `instep serve --app echo`.
///
/// Prints a table, and compares the results with the expected behaviour.
///
/// Unless it is `full`, it has only some cases of compressed messages.
pub(crate) fn test(full: bool) -> Outcome {
    conform(&mut Command::new(server()?), "results", &|case| full || is_always_run(case))
}

/// Runs groups 1 to 7 and 10 against `binary`, which runs a small device.
///
/// Group 9 sends megabytes, and compressed messages need more memory than a device has.
pub(crate) fn test_device(binary: &Path, image: &Path) -> Outcome {
    let is_run = |case: &str| group_of(case).parse().is_ok_and(|group: u32| group <= 7 || group == 10);
    conform(Command::new(binary).env("INSTEP_IMAGE", image), "device", &is_run)
}

/// Runs the selected cases, and writes the suite's reports to the folder `name`.
fn conform(server: &mut Command, name: &str, is_run: &dyn Fn(&str) -> bool) -> Outcome {
    let folder = target().join("autobahn");
    let suite = prepare(&folder).map_err(Stop::Skipped)?;
    let expected = read_expected()?;
    let results = run_groups(&suite, server, &folder.join(name), is_run, &expected)?;
    print_table(&results);
    compare(&results, &expected, is_run).map_err(Stop::Failed)
}

fn group_of(case: &str) -> &str {
    case.split('.').next().unwrap_or_default()
}

/// Finds or makes the environment, and returns the suite's program.
fn prepare(folder: &Path) -> Result<PathBuf, String> {
    let program = folder.join("suite/bin/wstest");
    if succeeds(Command::new(&program).arg("--help")) {
        return Ok(program);
    }
    let python2 = find_python2()
        .ok_or("the suite needs Python 2.7, which is neither on PATH nor in pyenv; `pyenv install 2.7.18` installs it")?;
    let tools = folder.join("tools");
    let install = |pip: PathBuf, package| {
        succeeds(Command::new(pip).args(["--disable-pip-version-check", "install", "--quiet", package]))
    };
    let done = succeeds(Command::new("python3").args(["-m", "venv"]).arg(&tools))
        && install(tools.join("bin/pip"), VIRTUALENV)
        && succeeds(
            Command::new(tools.join("bin/virtualenv"))
                .arg("--quiet")
                .arg("-p")
                .arg(python2)
                .arg(folder.join("suite")),
        )
        && install(folder.join("suite/bin/pip"), SUITE);
    if done { Ok(program) } else { Err(format!("{SUITE} could not be installed with pip")) }
}

fn find_python2() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or(home)?;
    let versions = fs::read_dir(pyenv.join("versions")).into_iter().flatten().flatten();
    let in_pyenv = versions
        .filter(|version| version.file_name().to_string_lossy().starts_with("2.7"))
        .map(|version| version.path().join("bin/python"));
    std::iter::once(PathBuf::from("python2.7"))
        .chain(in_pyenv)
        .find(|python| succeeds(Command::new(python).arg("--version")))
}

/// Returns whether the case takes little time.
fn is_always_run(case: &str) -> bool {
    let compressed = COMPRESSED.iter().any(|(compressed, _)| *compressed == group_of(case));
    !compressed || case.rsplit('.').next().is_some_and(|last| COMPRESSED_ALWAYS.contains(&last))
}

fn run_groups(
    suite: &Path,
    server: &mut Command,
    folder: &Path,
    is_run: &dyn Fn(&str) -> bool,
    expected: &Results,
) -> Result<Results, String> {
    let (server, url) = Server::start(server)?;
    let mut results = Results::new();
    let left_out: Vec<_> = expected.keys().filter(|case| !is_run(case)).collect();
    for (group, seconds) in GROUPS.into_iter().chain(COMPRESSED) {
        if !expected.keys().any(|case| group_of(case) == group && is_run(case)) {
            continue;
        }
        let out = folder.join(group);
        // Results of an earlier run must not count as those of this one.
        let _ = fs::remove_dir_all(&out);
        fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
        let spec = serde_json::json!({
            "outdir": out, "servers": [{ "agent": "instep", "url": url }], "cases": [format!("{group}.*")],
            "exclude-cases": left_out, "exclude-agent-cases": {},
        });
        let spec_file = out.join("spec.json");
        fs::write(&spec_file, spec.to_string())
            .map_err(|error| format!("{}: {error}", spec_file.display()))?;
        let mut client = Command::new("timeout");
        client.arg(seconds.to_string()).arg(suite).args(["-m", "fuzzingclient", "-s"]).arg(&spec_file);
        let ended = client.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let ended = ended.map_err(|error| format!("{}: {error}", suite.display()))?;
        if ended.code() == Some(TIMED_OUT) {
            return Err(format!("group {group} did not end within {seconds} s"));
        }
        read_results(&out.join("index.json"), &mut results)?;
    }
    server.stop()?;
    Ok(results)
}

fn read_results(index: &Path, results: &mut Results) -> Result<(), String> {
    let text = fs::read_to_string(index).map_err(|error| format!("{}: {error}", index.display()))?;
    let json: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", index.display()))?;
    let cases = json["instep"].as_object().ok_or("the suite's index has no results")?;
    for (case, result) in cases {
        let word = |name: &str| result[name].as_str().unwrap_or("?").to_owned();
        results.insert(case.clone(), format!("{} {}", word("behavior"), word("behaviorClose")));
    }
    Ok(())
}

fn print_table(results: &Results) {
    println!("\n  group  cases     OK  informational  other");
    for (group, _) in GROUPS.into_iter().chain(COMPRESSED) {
        let of_group = || results.iter().filter(|(case, _)| group_of(case) == group);
        let count = |wanted: &str| of_group().filter(|(_, result)| *result == wanted).count();
        let (all, ok, informational) =
            (of_group().count(), count("OK OK"), count("INFORMATIONAL INFORMATIONAL"));
        if all == 0 {
            continue;
        }
        println!("  {group:>5}  {all:>5}  {ok:>5}  {informational:>13}  {:>5}", all - ok - informational);
    }
}

fn read_expected() -> Result<Results, String> {
    let text =
        fs::read_to_string(workspace().join(EXPECTED)).map_err(|error| format!("{EXPECTED}: {error}"))?;
    let expected = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .map(|(case, result)| (case.to_owned(), result.to_owned()))
        .collect();
    Ok(expected)
}

fn compare(results: &Results, expected: &Results, is_run: &dyn Fn(&str) -> bool) -> Result<(), String> {
    let cases = expected.keys().filter(|case| is_run(case)).chain(results.keys());
    let mut wrong: Vec<_> = cases
        .filter(|case| expected.get(*case) != results.get(*case))
        .map(|case| {
            let words = |results: &Results| results.get(case).cloned().unwrap_or("no result".into());
            format!("case {case}: {}, expected {}", words(results), words(expected))
        })
        .collect();
    wrong.sort();
    wrong.dedup();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Server under test, which is ended when dropped.
struct Server(Child);

impl Server {
    fn start(command: &mut Command) -> Result<(Self, String), String> {
        let binary = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .args(["serve", "--app", "echo", "--addr", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{binary}: {error}"))?;
        let stdout = child.stdout.take();
        let server = Self(child);
        let mut lines =
            BufReader::new(stdout.ok_or("the server has no output")?).lines().map_while(Result::ok);
        let url = lines
            .by_ref()
            .find_map(|line| line.strip_prefix("Open http://").map(|rest| format!("ws://{rest}ws")));
        // The log is read but not used, because the server would block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok((server, url.ok_or("the server printed no address")?))
    }

    /// Ends the server.
    ///
    /// Returns an error if it has already ended, which is a failure even if the suite reports none.
    fn stop(mut self) -> Result<(), String> {
        match self.0.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("the server ended by itself: {status}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // This fails only if the server has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn succeeds(command: &mut Command) -> bool {
    output(command).is_some()
}

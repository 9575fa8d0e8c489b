//! libFuzzer against what takes bytes from the network. Its C++ comes with the crate `libfuzzer-sys`; rustc puts in
//! what it needs by itself, so that there is no cargo-fuzz and no nightly toolchain to install.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::{Outcome, Report};
use crate::tools::{Tools, cargo, find, output, run, target, workspace};

/// How long each target runs as a step of all tests, in seconds.
const SMOKE: u32 = 3;
/// How long each target runs if nobody says how long.
const LONG: u32 = 300;
/// Counters for edges, and what values were compared with.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg=fuzzing";

/// What to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// A target, or else all of them.
    target: Option<String>,
    seconds: u32,
    /// An input that was found before: only this one.
    input: Option<PathBuf>,
}

impl Plan {
    /// Each target for a few seconds.
    pub(crate) fn smoke() -> Plan {
        Plan { target: None, seconds: SMOKE, input: None }
    }

    /// Reads `[TARGET] [--seconds N] [--input FILE]`.
    pub(crate) fn parse(args: &[&str]) -> Result<Plan, String> {
        let mut plan = Plan { target: None, seconds: LONG, input: None };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} lacks its value"));
            match *arg {
                "--seconds" => {
                    let value = value()?;
                    plan.seconds = value.parse().map_err(|_| format!("{value} is no number of seconds"))?;
                }
                "--input" => {
                    plan.input = Some(std::path::absolute(value()?).map_err(|error| error.to_string())?);
                }
                "--install" => {}
                target if !target.starts_with('-') && plan.target.is_none() => {
                    plan.target = Some(target.to_owned());
                }
                other => return Err(format!("{other} is not known here")),
            }
        }
        if plan.input.is_some() && plan.target.is_none() {
            return Err("--input needs a target".to_owned());
        }
        Ok(plan)
    }
}

/// Runs what is planned, each target as a step of its own.
pub(crate) fn all(plan: &Plan, report: &mut Report, tools: &mut Tools) {
    let mut built = None;
    report.step("fuzz: build", || match build(tools) {
        Ok(folder) => {
            built = Some(folder);
            Outcome::Passed
        }
        Err(outcome) => outcome,
    });
    let Some(folder) = built else { return };
    let wanted = |name: &&str| plan.target.as_ref().is_none_or(|target| target == name);
    let names: Vec<String> = names();
    let mut names = names.iter().map(String::as_str).filter(wanted).peekable();
    if names.peek().is_none() {
        report.step("fuzz", || Outcome::Failed("there is no such target in fuzz/corpus/".to_owned()));
    }
    for name in names {
        report.step(&format!("fuzz: {name}"), || fuzz(&folder.join(name), name, plan));
    }
}

/// Every target has seeds.
fn names() -> Vec<String> {
    let folders = fs::read_dir(workspace().join("fuzz/corpus")).into_iter().flatten().flatten();
    let mut names: Vec<_> = folders.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Builds all targets, and says where they are.
fn build(tools: &mut Tools) -> Result<PathBuf, Outcome> {
    if std::env::var_os("CXX").is_none() && find("c++").is_none() {
        tools.install("libFuzzer needs a C++ compiler:", &["g++"])?;
    }
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = output(Command::new(rustc).arg("-vV").current_dir(workspace())).unwrap_or_default();
    let Some(host) = version.lines().find_map(|line| line.strip_prefix("host: ")) else {
        return Err(Outcome::Failed("rustc does not say what machine this is".to_owned()));
    };
    let folder = folder();
    // With a target named, build scripts and macros are built without the flags.
    let mut command = cargo(&["build", "--release", "--bins", "--target", host]);
    command.current_dir(workspace().join("fuzz")).env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", &folder);
    match run(&mut command) {
        Outcome::Passed => Ok(folder.join(host).join("release")),
        failed => Err(failed),
    }
}

/// Where the builds lie, and the inputs that were found.
fn folder() -> PathBuf {
    target().join("fuzz")
}

fn fuzz(program: &Path, name: &str, plan: &Plan) -> Outcome {
    let (corpus, findings) = (folder().join("corpus").join(name), folder().join("findings").join(name));
    for folder in [&corpus, &findings] {
        if let Err(error) = fs::create_dir_all(folder) {
            return Outcome::Failed(format!("{} cannot be created: {error}", folder.display()));
        }
    }
    let mut command = Command::new(program);
    command.current_dir(workspace()).arg(format!("-artifact_prefix={}/", findings.display()));
    match &plan.input {
        Some(input) => command.arg(input),
        None => command
            .arg(format!("-max_total_time={}", plan.seconds))
            .args(["-timeout=10", "-print_final_stats=1", "-verbosity=0"])
            // New ones go into the first folder.
            .args([&corpus, &workspace().join("fuzz/corpus").join(name)]),
    };
    // It talks much.
    let log = folder().join(format!("{name}.log"));
    match File::create(&log) {
        Ok(file) => command.stderr(file),
        Err(error) => return Outcome::Failed(format!("{} cannot be written: {error}", log.display())),
    };
    println!("What it says is in {}.", log.display());
    match run(&mut command) {
        Outcome::Failed(why) => {
            tell(&log);
            Outcome::Failed(format!(
                "{why}; what it found is in {}: `cargo xtask fuzz {name} --input FILE` tries it again",
                findings.display()
            ))
        }
        other => other,
    }
}

/// Prints the end of a log: what was wrong, and with which input.
fn tell(log: &Path) {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| line.contains("panicked at")).unwrap_or(0);
    for line in lines[start.max(lines.len().saturating_sub(60))..].iter().take(60) {
        println!("{}", line.chars().take(500).collect::<String>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_understood() {
        let all = Plan { target: None, seconds: LONG, input: None };
        assert_eq!(Plan::parse(&[]), Ok(all));
        let one = Plan { target: Some("messages".to_owned()), seconds: 7, input: None };
        assert_eq!(Plan::parse(&["messages", "--seconds", "7"]), Ok(one));
        let again = Plan::parse(&["messages", "--input", "/x"]).map(|plan| plan.input);
        assert_eq!(again, Ok(Some(PathBuf::from("/x"))));
        for wrong in
            [&["--seconds"][..], &["--seconds", "many"], &["--fast"], &["a", "b"], &["--input", "/x"]]
        {
            assert!(Plan::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! libFuzzer against what takes bytes from the network. Its C++ comes with the crate `libfuzzer-sys`; rustc puts in
//! what it needs by itself, so that there is no cargo-fuzz and no nightly toolchain to install.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::bare_metal::host;
use crate::report::{Outcome, Report};
use crate::tools::{Tools, cargo, find, one_of, run, target, workspace};

/// How many inputs each target gets as a step of all tests.
const SMOKE: u32 = 10_000;
/// How long each target runs if nobody says how long.
const LONG: u32 = 300;
/// Counters for edges, and what values were compared with.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg=fuzzing";

/// What to run.
#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Plan {
    /// Name of the target; without it all are run
    #[arg(value_parser = target_of)]
    target: Option<String>,
    #[command(flatten)]
    extent: Extent,
}

/// With what a target is run.
#[derive(Debug, PartialEq, Eq, Args)]
#[group(multiple = false)]
struct Extent {
    /// Run each target for this many seconds, with random inputs
    #[arg(long, default_value_t = LONG, value_name = "N")]
    seconds: u32,
    /// Run one target with an input that was found before
    #[arg(long, value_name = "FILE", requires = "target", value_parser = absolute)]
    input: Option<PathBuf>,
    /// Run the few inputs that `test` runs, which are the same each time
    #[arg(long)]
    smoke: bool,
}

impl Plan {
    /// Each target for a few seconds, with the same inputs each time.
    pub(crate) fn smoke() -> Plan {
        Plan { target: None, extent: Extent { seconds: LONG, input: None, smoke: true } }
    }
}

/// Returns the name if a target has it.
fn target_of(name: &str) -> Result<String, String> {
    one_of(&names(), "target", name)
}

/// The program runs in another folder.
fn absolute(file: &str) -> std::io::Result<PathBuf> {
    std::path::absolute(file)
}

/// Runs what is planned, each target as a step of its own.
pub(crate) fn all(plan: &Plan, report: &mut Report, tools: &mut Tools) {
    let Some(folder) = report.step_for("fuzz: build", || build(tools)) else { return };
    let wanted = |name: &&str| plan.target.as_ref().is_none_or(|target| target == name);
    for name in names().iter().map(String::as_str).filter(wanted) {
        report.step(&format!("fuzz: {name}"), || fuzz(&folder.join(name), name, plan));
    }
}

/// Folder of the seeds of all targets.
const CORPUS: &str = "fuzz/corpus";

/// Every target has seeds.
fn names() -> Vec<String> {
    entries(CORPUS)
}

/// The seeds of a target, as files, and always in the same order.
fn seeds(name: &str) -> Vec<String> {
    let folder = format!("{CORPUS}/{name}");
    entries(&folder).into_iter().map(|file| format!("{folder}/{file}")).collect()
}

/// Returns the names of a folder's entries, in order.
fn entries(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(workspace().join(folder)).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Builds all targets, and says where they are.
fn build(tools: &mut Tools) -> Outcome<PathBuf> {
    if std::env::var_os("CXX").is_none() && find("c++").is_none() {
        tools.install("libFuzzer needs a C++ compiler:", &["g++"])?;
    }
    let host = host().ok_or("rustc does not say what machine this is".to_owned())?;
    let folder = folder();
    // With a target named, build scripts and macros are built without the flags.
    let mut command = cargo(&["build", "--release", "--bins", "--target", &host]);
    command.current_dir(workspace().join("fuzz")).env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", &folder);
    run(&mut command)?;
    Ok(folder.join(host).join("release"))
}

/// Where the builds lie, and the inputs that were found.
fn folder() -> PathBuf {
    target().join("fuzz")
}

fn fuzz(program: &Path, name: &str, plan: &Plan) -> Outcome {
    let (corpus, findings) = (folder().join("corpus").join(name), folder().join("findings").join(name));
    for folder in [&corpus, &findings] {
        fs::create_dir_all(folder)
            .map_err(|error| format!("{} cannot be created: {error}", folder.display()))?;
    }
    let mut command = Command::new(program);
    command.current_dir(workspace()).arg(format!("-artifact_prefix={}/", findings.display()));
    match &plan.extent {
        Extent { input: Some(input), .. } => command.arg(input),
        Extent { smoke: true, .. } => command
            .arg(format!("-runs={SMOKE}"))
            // What is compared may be addresses, which differ from run to run.
            .args(["-seed=1", "-use_cmp=0"])
            .arg(format!("-seed_inputs={}", seeds(name).join(","))),
        Extent { seconds, .. } => command
            .arg(format!("-max_total_time={seconds}"))
            // New ones go into the first folder.
            .args([&corpus, &workspace().join(CORPUS).join(name)]),
    };
    command.args(["-timeout=10", "-print_final_stats=1", "-verbosity=0"]);
    // It talks much.
    let log = folder().join(format!("{name}.log"));
    let file = File::create(&log).map_err(|error| format!("{} cannot be written: {error}", log.display()))?;
    println!("What it says is in {}.", log.display());
    run(command.stderr(file)).map_err(|stop| {
        tell(&log);
        let findings = findings.display();
        format!(
            "{stop}; what it found is in {findings}: `cargo xtask fuzz {name} --input FILE` tries it again"
        )
        .into()
    })
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
    use crate::cli::{Cli, Job};
    use clap::Parser as _;

    fn plan(args: &[&str]) -> Result<Plan, clap::Error> {
        let cli = Cli::try_parse_from([&["cargo xtask", "fuzz"], args].concat())?;
        let Some(Job::Fuzz(plan)) = cli.job else { unreachable!("the job is named") };
        Ok(plan)
    }

    #[test]
    fn what_is_wanted_is_understood() {
        let random = |seconds| Extent { seconds, input: None, smoke: false };
        assert_eq!(plan(&[]).expect("all"), Plan { target: None, extent: random(LONG) });
        let one = Plan { target: Some("messages".to_owned()), extent: random(7) };
        assert_eq!(plan(&["messages", "--seconds", "7"]).expect("one"), one);
        assert_eq!(plan(&["--smoke"]).expect("smoke"), Plan::smoke());
        let again = plan(&["messages", "--input", "/x"]).expect("an input").extent;
        assert_eq!(again.input, Some(PathBuf::from("/x")));
        for wrong in
            [&["--seconds"][..], &["--seconds", "many"], &["--fast"], &["json", "rest"], &["--input", "/x"]]
        {
            assert!(plan(wrong).is_err(), "{wrong:?}");
        }
        let problem = target_of("mesages").unwrap_err();
        assert!(
            problem.starts_with("there is no target mesages: there are ") && problem.contains("messages")
        );
        assert!(plan(&["mesages"]).is_err());
    }

    #[test]
    fn each_target_has_seeds_in_order() {
        for name in names() {
            let seeds = seeds(&name);
            assert!(seeds.len() >= 5, "{name}");
            assert!(seeds.is_sorted());
            // The list is separated so.
            assert!(
                seeds.iter().all(|seed| !seed.contains(',') && workspace().join(seed).is_file()),
                "{name}"
            );
        }
    }
}

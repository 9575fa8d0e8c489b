//! libFuzzer against everything that reads from the network.
//!
//! Its C++ code comes with the crate `libfuzzer-sys`, and the stable rustc adds the counters, so neither cargo-fuzz nor
//! a nightly toolchain is needed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::bare_metal::host;
use crate::report::{Outcome, Report};
use crate::tools::{Tools, cargo, find, one_of, run, target, workspace};

/// Number of inputs for each target in a run of `test`.
const SMOKE: u32 = 10_000;
/// Default duration for each target, in s.
const LONG: u32 = 300;
/// Flags of rustc for counters of edges, and for traces of comparisons.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg=fuzzing";

/// Targets to run, and their inputs.
#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Plan {
    /// Name of the target; without it, all targets run
    #[arg(value_parser = target_of)]
    target: Option<String>,
    #[command(flatten)]
    extent: Extent,
}

/// Inputs of a target.
#[derive(Debug, PartialEq, Eq, Args)]
#[group(multiple = false)]
struct Extent {
    /// Run each target for this many seconds, with random inputs
    #[arg(long, default_value_t = LONG, value_name = "N")]
    seconds: u32,
    /// Run one target with the input of an earlier finding
    #[arg(long, value_name = "FILE", requires = "target", value_parser = absolute)]
    input: Option<PathBuf>,
    /// Run the few inputs of `test`, which are the same each time
    #[arg(long)]
    smoke: bool,
}

impl Plan {
    /// Returns the plan for all targets, with the same few inputs each time.
    pub(crate) fn smoke() -> Plan {
        Plan { target: None, extent: Extent { seconds: LONG, input: None, smoke: true } }
    }
}

/// Returns the name if a target has it.
fn target_of(name: &str) -> Result<String, String> {
    one_of(&names(), "target", name)
}

/// Returns the absolute path of a file, because the target runs in another folder.
fn absolute(file: &str) -> std::io::Result<PathBuf> {
    std::path::absolute(file)
}

/// Runs the planned targets, each as a step of its own.
pub(crate) fn all(plan: &Plan, report: &mut Report, tools: &mut Tools) {
    let Some(folder) = report.step_for("fuzz: build", || build(tools)) else { return };
    let wanted = |name: &&str| plan.target.as_ref().is_none_or(|target| target == name);
    for name in names().iter().map(String::as_str).filter(wanted) {
        report.step(&format!("fuzz: {name}"), || fuzz(&folder.join(name), name, plan));
    }
}

/// Folder of the seeds of all targets.
const CORPUS: &str = "fuzz/corpus";

/// Returns the names of all targets. Each has a folder of seeds.
fn names() -> Vec<String> {
    entries(CORPUS)
}

/// Returns the files of a target's seeds, in the order of their names.
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

/// Builds all targets, and returns their folder.
fn build(tools: &mut Tools) -> Outcome<PathBuf> {
    if std::env::var_os("CXX").is_none() && find("c++").is_none() {
        tools.install("libFuzzer needs a C++ compiler;", &["g++"])?;
    }
    let host = host().ok_or("the output of `rustc -vV` has no host".to_owned())?;
    let folder = folder();
    // Because of --target, build scripts and macros are built without the flags.
    let mut command = cargo(&["build", "--release", "--bins", "--target", &host]);
    command.current_dir(workspace().join("fuzz")).env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", &folder);
    run(&mut command)?;
    Ok(folder.join(host).join("release"))
}

/// Returns the folder of the builds, of new inputs, and of findings.
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
            // Traced comparisons are off, because they may include addresses, which differ from run to run.
            .args(["-seed=1", "-use_cmp=0"])
            .arg(format!("-seed_inputs={}", seeds(name).join(","))),
        Extent { seconds, .. } => command
            .arg(format!("-max_total_time={seconds}"))
            // New inputs go into the first folder.
            .args([&corpus, &workspace().join(CORPUS).join(name)]),
    };
    command.args(["-timeout=10", "-print_final_stats=1", "-verbosity=0"]);
    // The output is long, so it goes to a file.
    let log = folder().join(format!("{name}.log"));
    let file = File::create(&log).map_err(|error| format!("{} cannot be written: {error}", log.display()))?;
    println!("The output is in {}.", log.display());
    run(command.stderr(file)).map_err(|stop| {
        print_end(&log);
        let findings = findings.display();
        format!(
            "{stop}; what it found is in {findings}: `cargo xtask fuzz {name} --input FILE` tries it again"
        )
        .into()
    })
}

/// Prints the end of a log, which has the failure and the input.
fn print_end(log: &Path) {
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
    fn arguments_become_plan() {
        let random = |seconds| Extent { seconds, input: None, smoke: false };
        assert_eq!(plan(&[]).expect("no arguments are misuse"), Plan { target: None, extent: random(LONG) });
        let one = Plan { target: Some("messages".to_owned()), extent: random(7) };
        assert_eq!(plan(&["messages", "--seconds", "7"]).expect("a target is misuse"), one);
        assert_eq!(plan(&["--smoke"]).expect("--smoke is misuse"), Plan::smoke());
        let again = plan(&["messages", "--input", "/x"]).expect("--input is misuse").extent;
        assert_eq!(again.input, Some(PathBuf::from("/x")));
        for wrong in
            [&["--seconds"][..], &["--seconds", "many"], &["--fast"], &["json", "rest"], &["--input", "/x"]]
        {
            assert!(plan(wrong).is_err(), "{wrong:?}");
        }
        let problem = target_of("mesages").unwrap_err();
        assert!(
            problem.starts_with("unknown target mesages; choose one of ") && problem.contains("messages")
        );
        assert!(plan(&["mesages"]).is_err());
    }

    #[test]
    fn each_target_has_seeds_in_order() {
        for name in names() {
            let seeds = seeds(&name);
            assert!(seeds.len() >= 5, "{name}");
            assert!(seeds.is_sorted());
            // Commas separate the list of seeds.
            assert!(
                seeds.iter().all(|seed| !seed.contains(',') && workspace().join(seed).is_file()),
                "{name}"
            );
        }
    }
}

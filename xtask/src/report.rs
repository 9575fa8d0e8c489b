//! Runs steps one after another, and prints their results at the end.

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Result of a step, or of a part of one.
pub(crate) type Outcome<T = ()> = Result<T, Stop>;

/// Reason why a step did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The sentence says why.
    Failed(String),
    /// The sentence says what is missing and how to install it.
    Skipped(String),
}

impl Stop {
    /// Makes a skip a failure, because the person requested this explicitly.
    pub(crate) fn into_failure(self) -> Stop {
        Stop::Failed(self.to_string())
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Stop::Failed(why) | Stop::Skipped(why)) = self;
        f.write_str(why)
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Stop {
        Stop::Failed(why)
    }
}

/// Results of the steps so far.
#[derive(Debug)]
pub(crate) struct Report {
    skip_is_failure: bool,
    steps: Vec<(String, Duration, Outcome)>,
}

impl Report {
    pub(crate) fn new(skip_is_failure: bool) -> Report {
        Report { skip_is_failure, steps: Vec::new() }
    }

    /// Runs a step.
    ///
    /// A failure does not prevent later steps, so that all results are known at the end.
    pub(crate) fn step(&mut self, name: &str, run: impl FnOnce() -> Outcome) {
        self.step_for(name, run);
    }

    /// Runs a step, and returns its value if it passed.
    pub(crate) fn step_for<T>(&mut self, name: &str, run: impl FnOnce() -> Outcome<T>) -> Option<T> {
        println!("\n=== {name} ===");
        let begun = Instant::now();
        let (value, outcome) = match run() {
            Ok(value) => (Some(value), Ok(())),
            Err(Stop::Skipped(why)) if self.skip_is_failure => (None, Err(format!("skipped: {why}").into())),
            Err(stop) => (None, Err(stop)),
        };
        let time = begun.elapsed();
        let (word, why) = describe(&outcome);
        println!("--- {name}: {word} in {:.1} s{why}", time.as_secs_f32());
        self.steps.push((name.to_owned(), time, outcome));
        value
    }

    /// Prints the table, and the line with the counts.
    pub(crate) fn finish(&self) -> ExitCode {
        println!("\n{:<24}{:>9}", "step", "seconds");
        for (name, time, outcome) in &self.steps {
            let (word, why) = describe(outcome);
            println!("{name:<24}{:>9.1}  {word}{why}", time.as_secs_f32());
        }
        let [passed, failed, skipped] = self.counts();
        println!("\n{passed} passed, {failed} failed, {skipped} skipped");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn counts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for (_, _, outcome) in &self.steps {
            counts[match outcome {
                Ok(()) => 0,
                Err(Stop::Failed(_)) => 1,
                Err(Stop::Skipped(_)) => 2,
            }] += 1;
        }
        counts
    }
}

fn describe(outcome: &Outcome) -> (&'static str, String) {
    match outcome {
        Ok(()) => ("passed", String::new()),
        Err(why @ Stop::Failed(_)) => ("FAILED", format!(": {why}")),
        Err(why @ Stop::Skipped(_)) => ("skipped", format!(": {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(skip_is_failure: bool) -> [usize; 3] {
        let mut report = Report::new(skip_is_failure);
        report.step("good", || Ok(()));
        report.step("bad", || Err(Stop::Failed("it broke".into())));
        report.step("missing", || Err(Stop::Skipped("no browser".into())));
        report.step("after a failure", || Ok(()));
        report.counts()
    }

    #[test]
    fn every_step_is_run_and_counted() {
        assert_eq!(counts(false), [2, 1, 1]);
    }

    #[test]
    fn skip_counts_as_failure_where_requested() {
        assert_eq!(counts(true), [2, 2, 0]);
    }
}

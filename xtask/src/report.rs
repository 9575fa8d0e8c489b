//! Runs steps one after another, and prints their results at the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// The sentence says why.
    Failed(String),
    /// The sentence says what is missing and how to install it.
    Skipped(String),
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
        println!("\n=== {name} ===");
        let begun = Instant::now();
        let outcome = match run() {
            Outcome::Skipped(why) if self.skip_is_failure => Outcome::Failed(format!("skipped: {why}")),
            outcome => outcome,
        };
        let time = begun.elapsed();
        let (word, why) = describe(&outcome);
        println!("--- {name}: {word} in {:.1} s{why}", time.as_secs_f32());
        self.steps.push((name.to_owned(), time, outcome));
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
                Outcome::Passed => 0,
                Outcome::Failed(_) => 1,
                Outcome::Skipped(_) => 2,
            }] += 1;
        }
        counts
    }
}

fn describe(outcome: &Outcome) -> (&'static str, String) {
    match outcome {
        Outcome::Passed => ("passed", String::new()),
        Outcome::Failed(why) => ("FAILED", format!(": {why}")),
        Outcome::Skipped(why) => ("skipped", format!(": {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(skip_is_failure: bool) -> [usize; 3] {
        let mut report = Report::new(skip_is_failure);
        report.step("good", || Outcome::Passed);
        report.step("bad", || Outcome::Failed("it broke".into()));
        report.step("missing", || Outcome::Skipped("no browser".into()));
        report.step("after a failure", || Outcome::Passed);
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

//! The browser tests: they need Chromium, chromedriver and a built instep.

use crate::report::Outcome;
use crate::tools::{Tools, cargo, find, run, server};

/// What Chromium and its relatives are called.
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Builds instep, and runs the tests against it.
pub(crate) fn test(tools: &mut Tools) -> Outcome {
    let named = |variable: &str| std::env::var_os(variable).is_some();
    let chromium = named("CHROMIUM") || CHROMIUMS.iter().any(|name| find(name).is_some());
    let driver = named("CHROMEDRIVER") || find("chromedriver").is_some();
    if !(chromium && driver)
        && let Err(outcome) = tools
            .install("Chromium or its driver is missing; this installs it:", &["chromium", "chromium-driver"])
    {
        return outcome;
    }

    let server = match server() {
        Ok(server) => server,
        Err(outcome) => return outcome,
    };
    let mut tests = cargo(&["test", "--package", "browser-tests", "--features", "browser", "--no-fail-fast"]);
    // More browsers at once than this only wait for one another on a small machine.
    run(tests.args(["--", "--test-threads=2"]).env("INSTEP_BIN", server))
}

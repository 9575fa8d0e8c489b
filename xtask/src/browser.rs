//! The browser tests, which need Chromium, chromedriver and a built instep.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::axe;
use crate::report::{Outcome, Stop};
use crate::tools::{Tools, cargo, find, run, server};

/// Names of Chromium and its relatives.
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Builds instep, and runs the tests against it.
pub(crate) fn test(tools: &mut Tools) -> Outcome {
    prepare(tools)?;
    let server = server()?;
    // More browsers at once would wait for each other on a small machine.
    let mut tests = tests();
    tests.args(["--", "--test-threads=2"]).env("INSTEP_BIN", server);
    run_with_axe(&mut tests)
}

/// Runs tests, with those of axe-core if it is available.
fn run_with_axe(tests: &mut Command) -> Outcome {
    match axe::script() {
        Ok(script) => run(tests.env("AXE_CORE", script)),
        Err(missing) => {
            run(tests.args(["--skip", "axe"]))?;
            Err(Stop::Skipped(missing))
        }
    }
}

/// Tests that run against a device.
///
/// Tests of TLS and of base paths are left out, because a device has neither.
const ON_A_DEVICE: [&str; 18] = [
    "accessibility",
    "first_paint",
    "backlog",
    "documents",
    "phone_and_keyboard",
    "frames",
    "frozen_and_hidden",
    "in_step",
    "login",
    "reconnect",
    "own_pages",
    "panel",
    "panel_access",
    "panel_chart",
    "panel_log",
    "panel_texts",
    "strict_policy",
    "tutorials",
];
/// Tests that do not run on a device, with the reason.
const NOT_ON_A_DEVICE: [(&str, &str); 5] = [
    ("led_words_tutorial_page_works_on_two_ports", "it listens on one port"),
    ("chart_has_gap_while_sensor_is_unavailable", "the test is the server"),
    ("chart_is_read_out_by_pointer_and_keyboard", "the test is the server"),
    ("panel_uses_language_and_numbers_of_reader", "the test is the server"),
    ("texts_of_device_are_never_markup", "the test is the server"),
];

/// Runs these tests against `launcher`, which runs the image of a small device.
pub(crate) fn test_device(tools: &mut Tools, launcher: &OsStr, image: &Path) -> Outcome {
    prepare(tools)?;
    let mut tests = tests();
    tests.args(ON_A_DEVICE.iter().flat_map(|name| ["--test", name]));
    tests.args(["--", "--test-threads=2"]);
    leave_out(&mut tests, &NOT_ON_A_DEVICE);
    tests.env("INSTEP_BIN", launcher).env("INSTEP_IMAGE", image).env("INSTEP_TARGET", "device");
    run_with_axe(&mut tests)
}

/// Runs the test of the provisioning page against that image.
pub(crate) fn test_own_network(tools: &mut Tools, image: &Path) -> Outcome {
    prepare(tools)?;
    let mut test =
        cargo(&["test", "--package", "browser-tests", "--features", "board", "--test", "own_network"]);
    run(test.env("INSTEP_OWN_NETWORK_IMAGE", image))
}

/// Makes a command skip tests, and prints why.
pub(crate) fn leave_out(tests: &mut Command, left_out: &[(&str, &str)]) {
    for (name, why) in left_out {
        println!("left out: {name}: {why}");
        tests.args(["--skip", name]);
    }
}

/// Runs the test of a project of one's own: of its program, and of the command that boots its firmware.
pub(crate) fn test_project(tools: &mut Tools, program: &Path, folder: &Path, qemu: &Command) -> Outcome {
    prepare(tools)?;
    let mut test = tests();
    test.args(["--features", "project", "--test", "own_project"]);
    let words = qemu.get_args().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join("\n");
    let variables = qemu
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), value?.to_string_lossy())));
    test.env("OWN_PROJECT", program).env("OWN_PROJECT_FOLDER", folder);
    test.env("OWN_PROJECT_CARGO", qemu.get_program()).env("OWN_PROJECT_QEMU", words);
    run(test.env("OWN_PROJECT_VARIABLES", variables.collect::<Vec<_>>().join("\n")))
}

fn tests() -> Command {
    cargo(&["test", "--package", "browser-tests", "--features", "browser", "--no-fail-fast"])
}

/// Checks that Chromium and its driver are installed.
fn prepare(tools: &mut Tools) -> Outcome {
    let named = |variable: &str| std::env::var_os(variable).is_some();
    let chromium = named("CHROMIUM") || CHROMIUMS.iter().any(|name| find(name).is_some());
    let driver = named("CHROMEDRIVER") || find("chromedriver").is_some();
    if chromium && driver {
        return Ok(());
    }
    tools.install("Chromium or its driver is missing;", &["chromium", "chromium-driver"])
}

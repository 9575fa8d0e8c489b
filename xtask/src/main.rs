//! The jobs of this workspace, for people and for CI.
//!
//! `cargo xtask help` lists them.

#![forbid(unsafe_code)]

mod autobahn;
mod axe;
mod bare_metal;
mod bench;
mod browser;
mod cli;
mod clients;
mod dependencies;
mod esptool;
mod firmware;
mod flash;
mod fuzz;
mod gateways;
mod home_assistant;
mod instructions;
mod node_wot;
mod own_network;
mod packages;
mod partitions;
mod project;
mod qemu;
mod qemu_image;
mod report;
mod section;
mod stand_in;
mod steps;
mod structure;
mod tools;

use std::process::ExitCode;

use bench::{Part, Rows};
use clap::{CommandFactory as _, Parser as _};
use cli::{Cli, Job};
use report::Report;
use tools::{Tools, cargo};

fn main() -> ExitCode {
    let Cli { job, install } = Cli::parse();
    let Some(job) = job else {
        // It fails if stdout is closed.
        let _ = Cli::command().print_help();
        return ExitCode::SUCCESS;
    };
    // In CI, and with `--install`, a skipped step counts as a failure, because nobody would notice it.
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1");
    // `size` lists only the boards that can be built here, so skipped boards are no failure.
    let is_size = matches!(job, Job::Size { .. });
    let mut report = Report::new(!is_size && (install || ci));
    run(job, &mut report, &mut Tools::new(install));
    report.finish()
}

fn run(job: Job, report: &mut Report, tools: &mut Tools) {
    match job {
        Job::Test { full } => test(full, report, tools),
        Job::Structure => report.step("structure", structure::check),
        Job::Dependencies => report.step("dependencies", || dependencies::check(tools)),
        Job::Qemu { app, flash } if app == own_network::NAME => {
            report.step("qemu", || own_network::show(flash, tools));
        }
        Job::Qemu { app, flash } => report.step("qemu", || qemu::show(&app, flash, tools)),
        Job::QemuTest => qemu::all(false, report, tools),
        Job::Firmware(plan) => report.step("firmware", || firmware::job(&plan, tools)),
        Job::Flash(order) => report.step("flash", || flash::job(&order, tools)),
        Job::Size { app, write } => firmware::sizes(report, &app, write, tools),
        Job::EspTest => esp(false, report, tools),
        Job::Bench(Rows { part: Some(Part::Instructions { esp_profile, write }), .. }) => {
            report.step("bench instructions", || instructions::measure(tools, esp_profile, write));
        }
        Job::Bench(Rows { part: Some(Part::Fleet { quick, write }), .. }) => {
            report.step("bench fleet", || bench::fleet(tools, quick, write));
        }
        Job::Bench(rows) => report.step("bench", || bench::measure(&rows)),
        Job::Fuzz(plan) => fuzz::all(&plan, report, tools),
        Job::CheckBareMetal => report.step("bare metal", || bare_metal::check(tools)),
        Job::Autobahn { full } => report.step("autobahn", || autobahn::test(full)),
        Job::Browser => report.step("browser", || browser::test(tools)),
        Job::Clients => report.step("clients", || clients::test(tools)),
        Job::Project { full } => project::all(full, report, tools),
        Job::HaTest => report.step("home assistant", || home_assistant::test(true, tools)),
        Job::NodeWot => report.step("node-wot", || node_wot::test(tools)),
    }
}

/// Runs every check of CI.
///
/// With `full`, it also runs `clients`, `dependencies`, all Autobahn cases, the tests of updates, of the broker and of gateways that
/// take minutes, and the sizes of updates.
fn test(full: bool, report: &mut Report, tools: &mut Tools) {
    steps::all(report, tools);
    fuzz::all(&fuzz::Plan::smoke(), report, tools);
    report.step("bare metal", || bare_metal::check(tools));
    qemu::all(full, report, tools);
    esp(full, report, tools);
    report.step("autobahn", || autobahn::test(full));
    report.step("browser", || browser::test(tools));
    report.step("node-wot", || node_wot::test(tools));
    project::all(full, report, tools);
    // Python 3.13 is not in every distribution, and cannot be installed here.
    if home_assistant::is_possible() {
        report.step("home assistant", || home_assistant::test(full, tools));
    } else {
        println!("home assistant: left out, because Python 3.13 is missing");
    }
    if full {
        report.step("clients", || clients::test(tools));
        report.step("long cut of a broker", || {
            tools::run(&mut cargo(&[
                "test",
                "--package",
                "instep-cli",
                "--test",
                "broker",
                "--",
                "--ignored",
            ]))
        });
        report.step("gateways for long", || gateways::test(tools));
        report.step("gateways at a cluster", || gateways::test_cluster(tools));
        report.step("dependencies", || dependencies::check(tools));
    }
}

/// Checks the firmware for the ESP32 family, as far as possible without a board.
///
/// With `full`, it also measures updates and the client of a broker, for which firmware is linked four times more.
fn esp(full: bool, report: &mut Report, tools: &mut Tools) {
    report.step("esp image tool", firmware::test_image_tool);
    for chip in firmware::TESTED {
        report.step(&format!("{chip} firmware"), || firmware::test(chip, tools));
    }
    // The lints of one chip suffice. `knob` alone has lines for the C3, which has no pulse counter, so it is linked with
    // updates.
    report.step("esp lints", || firmware::lint("esp32c6", tools));
    report.step("esp32c3 firmware with updates", || firmware::link("esp32c3", "knob", tools));
    for (chip, app) in [("esp32c3", "knob"), ("esp32c6", firmware::LED_JSON)] {
        report.step(&format!("{chip} images by esptool"), || esptool::check(chip, app, tools));
    }
    if full {
        report.step("size of updates", || firmware::test_updates(tools));
        report.step("size of a broker's client", || firmware::test_broker(tools));
    }
    for chip in stand_in::CHIPS {
        report.step(&format!("{chip} type-check"), || stand_in::check(chip, tools));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn cargo_run_has_one_program_to_run() {
        let metadata = tools::output(&mut tools::cargo(&["metadata", "--no-deps", "--format-version", "1"]));
        let metadata: Value = serde_json::from_str(&metadata.expect("cargo metadata failed"))
            .expect("the metadata is not JSON");
        let members = metadata["workspace_default_members"].as_array().expect("the metadata has no members");
        let packages = metadata["packages"].as_array().expect("the metadata has no packages").iter();
        let targets = packages
            .filter(|package| members.contains(&package["id"]))
            .flat_map(|package| package["targets"].as_array().expect("a package has no targets"));
        let programs: Vec<_> =
            targets.filter(|target| target["kind"][0] == "bin").map(|target| &target["name"]).collect();
        assert_eq!(programs, ["instep"]);
    }
}

//! Every job that a person or CI runs: `cargo xtask help`.

#![forbid(unsafe_code)]

mod autobahn;
mod axe;
mod bare_metal;
mod bench;
// The firmware's own table, so that there is one.
#[path = "../../boards/esp/src/boards.rs"]
mod boards;
mod browser;
mod clients;
mod dependencies;
mod firmware;
mod flash;
mod fuzz;
mod instructions;
mod node_wot;
mod own_network;
mod partitions;
mod qemu;
mod qemu_image;
mod report;
mod stand_in;
mod steps;
mod structure;
mod tools;

use std::process::ExitCode;

use autobahn::Extent;
use report::Report;
use tools::Tools;

const HELP: &str = "\
Every job of this workspace.

    cargo xtask test [--install] [--full]     all that must pass: what CI runs
    cargo xtask check-bare-metal [--install]  the applications, compiled for a RISC-V chip
    cargo xtask qemu [APP] [--install]        boots an application on bare metal, in QEMU, at http://127.0.0.1:8080/:
                                              workshop if none is named; own-network: a device that is its own network, and its page
    cargo xtask qemu-test [--install]         the same image, tested
    cargo xtask firmware BOARD [--app APP] [--install]
                                              firmware for an ESP32 board: what it takes, and its images
    cargo xtask flash BOARD [--app APP | --image FILE] [--erase] [--port PORT]
                                              the same, written to the board; its settings stay without --erase.
                                              --image is for a board that was flashed so before
    cargo xtask size [--app APP | --write] [--install]
                                              flash and memory on every board that can be built here; --write
                                              puts them into docs/guide/esp32.md
    cargo xtask esp-test [--install]          firmware built for ESP32-C3 and C6, type-checked for ESP32, S2 and S3
    cargo xtask browser [--install]           the pages, in a real headless Chromium
    cargo xtask clients [--install]           undici, ws, aiohttp, Python's websockets, Java's HttpClient and HAProxy,
                                              against a Thing
    cargo xtask node-wot [--install]          the W3C's reference client of the Web of Things, against a Thing
    cargo xtask autobahn [--full]             the conformance suite for WebSocket servers
    cargo xtask bench [--quick] [ROW…]        instep side by side with other servers; more with --help
    cargo xtask bench instructions [--write] [--install]
                                              what a message costs on a chip, beside picoserve
    cargo xtask fuzz [TARGET] [--seconds N | --input FILE | --smoke] [--install]
                                              bytes that nobody thought of, for 300 s or N each; --smoke: the few
                                              that `test` tries
    cargo xtask structure                     the files of every crate: no import in a circle, none from a higher floor
    cargo xtask dependencies [--install]      licences and faults of the crates that this builds on
    cargo xtask help                          this text

What a step needs and this machine lacks (nginx, Node.js, Chromium and its driver, a toolchain
for bare metal, a C++ compiler) is installed with --install, through apt-get. Without
it the step is skipped, and the command that installs it is printed. Where a skip
would go unnoticed it is a failure: with --install, and if the environment variable
CI is set to true.

With --full, the conformance suite runs all cases of compressed messages, which
takes a quarter of an hour more, clients that others wrote are tried, and the dependencies are
checked, too.

The environment variable INSTEP_BIN names another server for the browser tests and
the conformance suite; else they build instep. Browsers leave their pictures in
target/screenshots/, the suite its reports in target/autobahn/results/.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let ["bench", rest @ ..] = &args[..]
        && rest.first() != Some(&"instructions")
    {
        return bench::run_with(rest);
    }
    let (job, options) = match args[..] {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["bench", ref options @ ..] => ("bench instructions", &options[1..]),
        [job, ref options @ ..] => (job, options),
    };
    let (mut install, mut extent, mut plan) = (false, Extent::Quick, fuzz::Plan::smoke());
    // Without a name QEMU boots what `cargo run` serves.
    let (mut app, mut write) = (if job == "qemu" { "workshop" } else { firmware::LED_JSON }, false);
    if ["firmware", "flash"].contains(&job) {
        install = options.contains(&"--install");
    } else if job == "fuzz" {
        install = options.contains(&"--install");
        plan = match fuzz::Plan::parse(options) {
            Ok(plan) => plan,
            Err(problem) => return misused(&problem),
        };
    } else {
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match *option {
                "--install" => install = true,
                "--app" if job == "size" => match options.next() {
                    Some(name) => app = name,
                    None => return misused("--app lacks the name of an application"),
                },
                name if job == "qemu" && !name.starts_with('-') => app = name,
                "--write" if ["bench instructions", "size"].contains(&job) => write = true,
                "--full" if ["test", "autobahn"].contains(&job) => extent = Extent::Full,
                other => return misused(&format!("{other} is not known here")),
            }
        }
    }

    // Before anything is built.
    if ["qemu", "size"].contains(&job)
        && app != own_network::NAME
        && let Err(problem) = firmware::application(app)
    {
        return misused(&problem);
    }

    if job == "size" && write && app != firmware::LED_JSON {
        return misused("--write is for the application of the documents, which is led-json");
    }

    // A skip that nobody would notice is a failure.
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1");
    // A table of what can be built here is whole without the rest.
    let mut report = Report::new(job != "size" && (install || ci));
    let mut tools = Tools::new(install);
    match job {
        "test" => {
            steps::all(&mut report, &mut tools);
            fuzz::all(&plan, &mut report, &mut tools);
            report.step("bare metal", || bare_metal::check(&mut tools));
            qemu::all(&mut report, &mut tools);
            esp(&mut report, &mut tools);
            report.step("autobahn", || autobahn::test(extent));
            report.step("browser", || browser::test(&mut tools));
            report.step("node-wot", || node_wot::test(&mut tools));
            if extent == Extent::Full {
                report.step("clients", || clients::test(&mut tools));
                report.step("dependencies", || dependencies::check(&tools));
            }
        }
        "structure" => report.step(job, structure::check),
        "dependencies" => report.step("dependencies", || dependencies::check(&tools)),
        "qemu" if app == own_network::NAME => report.step("qemu", || own_network::show(&mut tools)),
        "bench instructions" => report.step(job, || instructions::measure(&mut tools, write)),
        "qemu" => report.step("qemu", || qemu::show(app, &mut tools)),
        "qemu-test" => qemu::all(&mut report, &mut tools),
        "firmware" => report.step("firmware", || firmware::job(options, &mut tools)),
        "flash" => report.step("flash", || flash::job(options, &mut tools)),
        "size" => firmware::sizes(&mut report, app, write, &mut tools),
        "esp-test" => esp(&mut report, &mut tools),
        "fuzz" => fuzz::all(&plan, &mut report, &mut tools),
        "check-bare-metal" => report.step("bare metal", || bare_metal::check(&mut tools)),
        "autobahn" => report.step("autobahn", || autobahn::test(extent)),
        "browser" => report.step("browser", || browser::test(&mut tools)),
        "clients" => report.step("clients", || clients::test(&mut tools)),
        "node-wot" => report.step("node-wot", || node_wot::test(&mut tools)),
        other => return misused(&format!("there is no job {other}")),
    }
    report.finish()
}

/// The firmware for the ESP32 family, as far as it can be looked at without a board.
fn esp(report: &mut Report, tools: &mut Tools) {
    report.step("esp image tool", firmware::test_image_tool);
    for chip in firmware::TESTED {
        report.step(&format!("{chip} firmware"), || firmware::test(chip, tools));
    }
    // The other chips differ by a few lines of their own.
    report.step("esp lints", || firmware::lint("esp32c3", tools));
    for chip in stand_in::CHIPS {
        report.step(&format!("{chip} type-check"), || stand_in::check(chip, tools));
    }
}

fn misused(problem: &str) -> ExitCode {
    eprintln!("{problem}; `cargo xtask help` tells what there is");
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn cargo_run_has_one_program_to_run() {
        let metadata = tools::output(&mut tools::cargo(&["metadata", "--no-deps", "--format-version", "1"]));
        let metadata: Value = serde_json::from_str(&metadata.expect("metadata")).expect("JSON");
        let members = metadata["workspace_default_members"].as_array().expect("members");
        let packages = metadata["packages"].as_array().expect("packages").iter();
        let targets = packages
            .filter(|package| members.contains(&package["id"]))
            .flat_map(|package| package["targets"].as_array().expect("targets"));
        let programs: Vec<_> =
            targets.filter(|target| target["kind"][0] == "bin").map(|target| &target["name"]).collect();
        assert_eq!(programs, ["instep"]);
    }
}

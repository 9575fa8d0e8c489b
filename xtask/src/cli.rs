//! The command line: the jobs and their options.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

use crate::firmware::{self, Plan};
use crate::{bench, flash, fuzz, own_network};

const ENVIRONMENT: &str = "\
A step whose programs are missing is skipped, and prints the command that installs them. A skipped step is a failure \
with --install, and if the environment variable CI is set to true.

INSTEP_BIN names another server for `browser` and `autobahn`; without it they build instep. Browsers write pictures to \
target/screenshots/, the conformance suite writes reports to target/autobahn/results/.";

/// Run the jobs of this workspace
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = ENVIRONMENT)]
#[command(max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) job: Option<Job>,
    /// Install missing programs through apt-get
    #[arg(long, global = true)]
    pub(crate) install: bool,
}

/// A job.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// Run every check of CI
    Test {
        /// Also run `clients`, `dependencies`, all Autobahn cases, 70 updates of firmware, and gateways that lose their networks and their broker (30 minutes more)
        #[arg(long)]
        full: bool,
    },
    /// Compile the applications for a RISC-V chip
    CheckBareMetal,
    /// Boot an application in QEMU, at http://127.0.0.1:8080/
    Qemu {
        /// Name of an application, or own-network for a device with its own Wi-Fi network
        #[arg(default_value = "workshop", value_parser = bootable)]
        app: String,
        /// Keep the machine's flash in FILE, and start the slot that it selects; a new file gets the application
        #[arg(long, value_name = "FILE")]
        flash: Option<PathBuf>,
    },
    /// Test the image for QEMU
    QemuTest,
    /// Build firmware for an ESP32 board, and print its sizes and images
    Firmware(Plan),
    /// Build firmware and write it to the board; its settings stay
    Flash(flash::Order),
    /// Print flash and memory sizes of every board that can be built here
    Size {
        /// Name of the application
        #[arg(long, default_value = firmware::LED_JSON, value_parser = firmware::application)]
        app: String,
        /// Write the sizes of led-json to docs/guide/esp32.md
        #[arg(long, conflicts_with = "app")]
        write: bool,
    },
    /// Build firmware for ESP32-C3 and C6, check its images by esptool, and type-check it for ESP32, S2 and S3
    EspTest,
    /// Test the pages in a headless Chromium
    Browser,
    /// Test with Home Assistant, which finds a device by an MQTT broker
    HaTest,
    /// Test with undici, ws, aiohttp, Python's websockets, Java's HttpClient and HAProxy
    Clients,
    /// Make a project of one's own from the packages alone, test it, boot it, and open its page
    Project {
        /// Download everything anew, and verify each package
        #[arg(long)]
        full: bool,
    },
    /// Test with the W3C's reference client of the Web of Things
    NodeWot,
    /// Run the conformance suite for WebSocket servers
    Autobahn {
        /// Run all cases of compressed messages (15 minutes more)
        #[arg(long)]
        full: bool,
    },
    /// Measure instep side by side with other servers
    Bench(bench::Rows),
    /// Fuzz everything that reads from the network
    Fuzz(fuzz::Plan),
    /// Check the imports of every crate: no cycle, and no import from a higher layer
    Structure,
    /// Check licences and advisories of the dependencies
    Dependencies,
}

/// Returns the name if `qemu` can boot it.
fn bootable(name: &str) -> Result<String, String> {
    if name == own_network::NAME { Ok(name.to_owned()) } else { firmware::application(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn job(args: &[&str]) -> Result<Job, clap::Error> {
        let cli = Cli::try_parse_from([&["cargo xtask"], args].concat())?;
        Ok(cli.job.expect("arguments name a job"))
    }

    #[test]
    fn definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults_are_workshop_for_qemu_and_led_json_for_size() {
        assert!(matches!(job(&["qemu"]), Ok(Job::Qemu { app, flash: None }) if app == "workshop"));
        assert!(matches!(job(&["qemu", "own-network"]), Ok(Job::Qemu { app, .. }) if app == "own-network"));
        assert!(matches!(job(&["size"]), Ok(Job::Size { app, write: false }) if app == "led-json"));
    }

    #[test]
    fn install_is_accepted_by_every_job() {
        for name in Cli::command().get_subcommands().map(|job| job.get_name().to_owned()) {
            let board = ["firmware", "flash"].contains(&name.as_str()).then_some("esp32c3-devkit");
            let args = ["cargo xtask", &name].into_iter().chain(board).chain(["--install"]);
            assert!(Cli::try_parse_from(args).expect("a job").install, "{name}");
        }
    }

    #[test]
    fn misuse_exits_with_2() {
        for wrong in [
            &["tset"][..],
            &["qemu", "blink"],
            &["qemu", "lamp", "two"],
            &["size", "--app"],
            &["size", "--app", "blink"],
            &["size", "--app", "toggle", "--write"],
            &["structure", "--full"],
            &["bench", "--write", "echo"],
            &["bench", "--quick", "--write"],
            &["bench", "instructions", "--quick"],
            &["bench", "fleet", "--quick", "--write"],
            &["bench", "fleet", "echo"],
        ] {
            assert_eq!(job(wrong).expect_err("misuse").exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn unknown_option_names_the_nearest() {
        let problem = job(&["autobahn", "--ful"]).expect_err("an unknown option").to_string();
        assert!(problem.contains("a similar argument exists: '--full'"), "{problem}");
        let problem = job(&["tset"]).expect_err("an unknown job").to_string();
        assert!(problem.contains("a similar subcommand exists: 'test'"), "{problem}");
    }
}

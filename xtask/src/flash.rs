//! Writes firmware to a board, by the program `espflash`.
//!
//! The tests check the arguments with a program in place of `espflash`, so they need no board.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use clap::Args;

use crate::firmware::{self, Plan, Variables};
use crate::partitions;
use crate::report::{Outcome, Stop};
use crate::tools::{Tools, find, output, output_or_error};

const INSTALL: &str =
    "`cargo install --locked espflash` installs it (on Debian it needs libudev-dev and pkg-config)";
/// First version of espflash with the options below.
const VERSION: u32 = 4;
/// Partition that selects the slot to boot.
///
/// It is erased, so that the first slot boots.
const OTA_DATA: &str = "otadata";
/// Partition of the settings of `instep-esp`.
const SETTINGS: &str = "instep";
/// Name and offset of the partition for the application.
const SLOT: (&str, &str) = ("ota_0", "0x10000");

/// Firmware to write, and options of espflash.
#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Order {
    #[command(flatten)]
    plan: Plan,
    /// Erase the settings too
    #[arg(long)]
    erase: bool,
    /// Serial port; without it espflash looks for one
    #[arg(long)]
    port: Option<String>,
    /// Write this application image to a board that was flashed before, and build nothing
    #[arg(long, value_name = "FILE", conflicts_with = "app")]
    image: Option<PathBuf>,
}

impl Order {
    /// Returns the partitions to erase, as espflash takes them.
    fn erased(&self) -> String {
        if self.erase { format!("{OTA_DATA},{SETTINGS}") } else { OTA_DATA.to_owned() }
    }
}

/// Builds the firmware, unless the order has an image, and writes it.
pub(crate) fn job(order: &Order, tools: &mut Tools) -> Outcome {
    let Some(espflash) = find("espflash") else {
        return Err(format!("the program espflash is missing; {INSTALL}").into());
    };
    let file = match &order.image {
        Some(image) => checked(order, image)?,
        None => firmware::build(&order.plan, Variables::Kept, tools).map_err(Stop::into_failure)?.elf,
    };
    write(&espflash, order, &file)
}

/// Returns the path of an image, if it is an application for the board's chip.
fn checked(order: &Order, image: &Path) -> Outcome<PathBuf> {
    let tool = firmware::image_tool()?;
    let image = std::path::absolute(image).map_err(|error| error.to_string())?;
    output_or_error(Command::new(tool).args(["check", order.plan.board.chip]).arg(&image))?;
    Ok(image)
}

/// Writes a firmware, or the image of the order.
fn write(espflash: &Path, order: &Order, file: &Path) -> Outcome {
    let version = output(Command::new(espflash).arg("--version")).unwrap_or_default();
    let major = version.rsplit(' ').next().and_then(|version| version.split('.').next()?.parse().ok());
    if major.is_none_or(|major: u32| major < VERSION) {
        return Err(format!("`{version}` is too old; {INSTALL}").into());
    }
    // An image has no boot loader and no partition table, so the board must have them.
    if order.image.is_some() {
        check_partitions(espflash, order)?;
    }
    for mut command in commands(espflash, order, file) {
        run_attached(&mut command, order, "write the firmware")?;
    }
    let settings = if order.erase { "are erased" } else { "are unchanged" };
    println!("Written. The settings {settings}. `espflash monitor` shows the log.");
    Ok(())
}

/// Checks that the partition table on the board matches the one of the firmware.
fn check_partitions(espflash: &Path, order: &Order) -> Result<(), String> {
    static CHECKS: AtomicU32 = AtomicU32::new(0);
    let check = CHECKS.fetch_add(1, Ordering::Relaxed);
    let read = std::env::temp_dir().join(format!("instep-partitions-{}-{check}", std::process::id()));
    let (address, length) = partitions::PLACE;
    let mut command = start(espflash, order, "read-flash");
    let done = run_attached(command.args([address, length]).arg(&read), order, "read the partition table");
    let found = fs::read(&read).unwrap_or_default();
    let _ = fs::remove_file(&read);
    done?;
    let wanted = fs::read_to_string(firmware::partitions()).map_err(|error| error.to_string())?;
    if partitions::has_all(&found, &wanted) {
        return Ok(());
    }
    let board = order.plan.board.name;
    Err(format!(
        "nothing is written: the partition table on {board} is not that of the firmware, so an image alone would not start; \
         `cargo xtask flash {board}` without --image also writes the boot loader and the partition table, and so does an image \
         for a first flash, at address 0"
    ))
}

/// Runs espflash with the terminal of this program.
///
/// It may ask for the port, and shows its progress.
fn run_attached(command: &mut Command, order: &Order, what: &str) -> Result<(), String> {
    if command.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(format!(
        "espflash could not {what}; connect an {} ({}), and hold its BOOT button if needed",
        order.plan.board.chip, order.plan.board.name
    ))
}

fn start(espflash: &Path, order: &Order, subcommand: &str) -> Command {
    let mut command = Command::new(espflash);
    // espflash refuses another chip before it writes.
    command.args([subcommand, "--chip", order.plan.board.chip]);
    if let Some(port) = &order.port {
        command.args(["--port", port]);
    }
    command
}

fn commands(espflash: &Path, order: &Order, file: &Path) -> Vec<Command> {
    let start = |subcommand| start(espflash, order, subcommand);
    if order.image.is_some() {
        let (mut clear, mut write) = (start("erase-parts"), start("write-bin"));
        clear.arg("--partition-table").arg(firmware::partitions()).arg(order.erased());
        write.arg(SLOT.1).arg(file);
        return vec![clear, write];
    }
    let mut flash = start("flash");
    flash.args(["--flash-size", "4mb", "--target-app-partition", SLOT.0, "--erase-parts", &order.erased()]);
    flash.arg("--partition-table").arg(firmware::partitions()).arg(file);
    vec![flash]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Job};
    use crate::tools::workspace;
    use clap::Parser as _;

    fn parse(args: &[&str]) -> Result<Order, clap::Error> {
        let cli = Cli::try_parse_from([&["cargo xtask", "flash"], args].concat())?;
        let Some(Job::Flash(order)) = cli.job else { unreachable!("the job is named") };
        Ok(order)
    }

    fn order(args: &[&str]) -> Order {
        parse(args).expect("the order cannot be parsed")
    }

    #[test]
    fn arguments_become_order() {
        let all = order(&["--port", "/dev/ttyUSB0", "--erase", "esp32c3-devkit", "--app", "toggle"]);
        assert_eq!(
            (all.plan.board.name, all.erase, all.port.as_deref()),
            ("esp32c3-devkit", true, Some("/dev/ttyUSB0"))
        );
        let plain = order(&["esp32c3-devkit"]);
        assert_eq!((plain.erase, &plain.port, &plain.image), (false, &None, &None));
        for wrong in [
            &[][..],
            &["esp32c3-devkit", "--port"],
            &["esp32c3-devkit", "--fast"],
            &["esp32c3-devkit", "--image", "x.bin", "--app", "toggle"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn slot_and_partitions_are_those_of_the_table() {
        let table = fs::read_to_string(firmware::partitions()).expect("cannot read the partition table");
        let rows: Vec<Vec<&str>> = table
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split(',').map(str::trim).collect())
            .collect();
        let row = |name| rows.iter().find(|row| row[0] == name).expect("the table lacks the row");
        assert_eq!(row(SLOT.0)[3], SLOT.1);
        assert_eq!([row(OTA_DATA)[2], row(SETTINGS)[1]], ["ota", "data"]);
        assert_eq!(rows.iter().filter(|row| row[1] == "app").count(), 2);
    }

    /// A folder with a link to a program that the tests run in place of espflash.
    #[cfg(unix)]
    struct StandIn(PathBuf);

    #[cfg(unix)]
    impl StandIn {
        fn new(name: &str, version: &str, status: u8) -> StandIn {
            let folder = std::env::temp_dir().join(format!("instep-espflash-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("cannot create the folder");
            // A link, because a program that was just written may still be open in a child process of another test.
            let program = workspace().join("xtask/tests/espflash");
            std::os::unix::fs::symlink(program, folder.join("espflash")).expect("cannot create the link");
            fs::write(folder.join("version"), format!("espflash {version}\n"))
                .expect("cannot write the file");
            fs::write(folder.join("status"), status.to_string()).expect("cannot write the file");
            let table = fs::read_to_string(firmware::partitions()).expect("cannot read the partition table");
            fs::write(folder.join("flash"), partitions::written(&table)).expect("cannot write the file");
            StandIn(folder)
        }

        fn writes(&self, order: &Order) -> Outcome {
            write(&self.0.join("espflash"), order, Path::new("FILE"))
        }

        fn told(&self) -> Vec<String> {
            let told = fs::read_to_string(self.0.join("told")).unwrap_or_default();
            let partitions = firmware::partitions().display().to_string();
            let lines = told.lines().map(|line| line.replace(&partitions, "PARTITIONS"));
            // Each read has a file of its own, whose name is replaced.
            lines
                .map(|line| match line.split_once(" /") {
                    Some((read, _)) if line.starts_with("read-flash ") => format!("{read} INTO"),
                    _ => line,
                })
                .collect()
        }
    }

    #[cfg(unix)]
    impl Drop for StandIn {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[cfg(unix)]
    #[test]
    fn settings_stay_without_erase() {
        let espflash = StandIn::new("settings", "4.7.0", 0);
        assert_eq!(espflash.writes(&order(&["esp32c3-devkit"])), Ok(()));
        assert_eq!(espflash.writes(&order(&["esp32-devkit", "--erase", "--port", "COM3"])), Ok(()));
        assert_eq!(
            espflash.told(),
            [
                "flash --chip esp32c3 --flash-size 4mb --target-app-partition ota_0 --erase-parts otadata \
                 --partition-table PARTITIONS FILE",
                "flash --chip esp32 --port COM3 --flash-size 4mb --target-app-partition ota_0 --erase-parts otadata,instep \
                 --partition-table PARTITIONS FILE",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn image_goes_into_its_slot() {
        let espflash = StandIn::new("image", "4.0.1", 0);
        assert_eq!(espflash.writes(&order(&["esp32c6-devkit", "--image", "x.bin"])), Ok(()));
        assert_eq!(
            espflash.told(),
            [
                "read-flash --chip esp32c6 0x8000 0xc00 INTO",
                "erase-parts --chip esp32c6 --partition-table PARTITIONS otadata",
                "write-bin --chip esp32c6 0x10000 FILE",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn image_for_board_never_flashed_is_refused() {
        let espflash = StandIn::new("new-board", "4.7.0", 0);
        fs::write(espflash.0.join("flash"), [0xff; 0xc00]).expect("cannot write the file");
        let order = order(&["esp32c3-devkit", "--image", "x.bin", "--port", "COM3"]);
        let Err(Stop::Failed(why)) = espflash.writes(&order) else { panic!("it passed") };
        assert!(
            why.starts_with("nothing is written: ") && why.contains("`cargo xtask flash esp32c3-devkit`"),
            "{why}"
        );
        assert_eq!(espflash.told(), ["read-flash --chip esp32c3 --port COM3 0x8000 0xc00 INTO"]);
    }

    #[cfg(unix)]
    #[test]
    fn failure_is_reported_in_one_sentence() {
        let failing = StandIn::new("failing", "4.7.0", 1);
        let Err(Stop::Failed(why)) = failing.writes(&order(&["esp32c6-devkit", "--image", "x.bin"])) else {
            panic!("the step passed")
        };
        assert!(why.contains("an esp32c6 (esp32c6-devkit)") && !why.contains('\n'), "{why}");
        assert_eq!(failing.told().len(), 1, "espflash ran after a failure");
        let old = StandIn::new("old", "3.3.0", 0);
        let Err(Stop::Failed(why)) = old.writes(&order(&["esp32c6-devkit"])) else { panic!("it passed") };
        assert!(why.starts_with("`espflash 3.3.0` is too old; `cargo install"), "{why}");
        assert!(old.told().is_empty());
    }
}

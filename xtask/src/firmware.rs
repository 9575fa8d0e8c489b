//! Firmware for the chips of the ESP32 family: built, measured, and written to a board.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use instep_panel::PANEL;

use crate::bare_metal::toolchain_for;
use crate::boards::{BOARDS, Board};
use crate::report::{Outcome, Report};
use crate::tools::{Tools, cargo, output, output_or_error, run, target, workspace};

/// The chips whose firmware is built by every test.
pub(crate) const TESTED: [&str; 2] = ["esp32c3", "esp32c6"];

/// What instep, the page and `led-json` may add to the flash of a device that only answers.
const SERVER_MAX: u64 = 100 * 1024;

/// The application that is built if none is named.
pub(crate) const LED_JSON: &str = "led-json";

const ESPUP: &str = "`cargo install --locked espup && espup install`, then `. ~/export-esp.sh`";

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) board: &'static Board,
    app: String,
}

impl Plan {
    /// Knows boards and applications by their names.
    pub(crate) fn new(board: &str, app: &str) -> Result<Plan, String> {
        let board = BOARDS
            .iter()
            .find(|known| known.name == board)
            .ok_or_else(|| format!("there is no board {board}: there are {}", list(&board_names())))?;
        let apps = apps();
        if !apps.iter().any(|known| known == app) {
            return Err(format!("there is no application {app}: there are {}", list(&apps)));
        }
        Ok(Plan { board, app: app.to_owned() })
    }

    /// Reads `BOARD [--app APP]`.
    pub(crate) fn parse(options: &[&str]) -> Result<Plan, String> {
        let (mut board, mut app) = (None, LED_JSON);
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match *option {
                "--app" => app = options.next().ok_or("--app lacks the name of an application")?,
                "--install" => {}
                name if !name.starts_with('-') && board.is_none() => board = Some(name),
                other => return Err(format!("{other} is not known here")),
            }
        }
        let boards = || format!("name a board: {}", list(&board_names()));
        Plan::new(board.ok_or_else(boards)?, app)
    }
}

/// What was built.
#[derive(Debug)]
pub(crate) struct Built {
    /// The firmware with all that is known of it.
    pub(crate) elf: PathBuf,
    /// The program that makes images of it.
    tool: PathBuf,
}

/// Builds the firmware, says what it takes, and leaves its images.
pub(crate) fn job(options: &[&str], tools: &mut Tools) -> Outcome {
    let shown = Plan::parse(options)
        .map_err(Outcome::Failed)
        .and_then(|plan| build(&plan, Variables::Kept, tools).and_then(|built| show(&plan, &built)));
    match shown {
        Ok(()) => Outcome::Passed,
        // Who asks for this board is not served by another.
        Err(Outcome::Skipped(why)) => Outcome::Failed(why),
        Err(outcome) => outcome,
    }
}

/// Builds the firmware of the first board with a chip, and holds it to its budget.
pub(crate) fn test(chip: &str, tools: &mut Tools) -> Outcome {
    let Some(board) = BOARDS.iter().find(|board| board.chip == chip) else {
        return Outcome::Failed(format!("there is no board with {chip}"));
    };
    let plan = Plan { board, app: LED_JSON.to_owned() };
    match size_of(&plan, tools) {
        Ok((built, size)) => match show(&plan, &built) {
            Ok(()) => within_budget(&size),
            Err(outcome) => outcome,
        },
        Err(outcome) => outcome,
    }
}

fn within_budget(size: &Size) -> Outcome {
    let Size { server, .. } = size;
    println!("instep, the page and led-json add {server} bytes of flash; {SERVER_MAX} is the limit.");
    println!("With settings, set-up, log-in and names the firmware adds {} bytes.", size.firmware);
    if *server <= SERVER_MAX {
        return Outcome::Passed;
    }
    let over = server - SERVER_MAX;
    Outcome::Failed(format!("instep adds {server} bytes of flash, which is {over} more than it may"))
}

/// A table of all boards that can be built here.
pub(crate) fn sizes(report: &mut Report, app: &str, tools: &mut Tools) {
    let mut table = format!(
        "{:<16}{:<9}{:>8}{:>9}{:>10}{:>8}{:>8}{:>8}  largest future\n",
        "board", "chip", "flash", "+server", "+firmware", "memory", "stack", "client"
    );
    for board in &BOARDS {
        report.step(board.name, || {
            let row = Plan::new(board.name, app)
                .map_err(Outcome::Failed)
                .and_then(|plan| size_of(&plan, tools))
                .map(|(_, size)| size.row(board));
            match row {
                Ok(row) => {
                    table += &row;
                    Outcome::Passed
                }
                Err(outcome) => outcome,
            }
        });
    }
    let panel: usize = PANEL.iter().filter_map(|(_, asset)| asset.gzipped()).map(<[u8]>::len).sum();
    println!(
        "\n{table}\nThe panel, in the applications that are Things: {panel} of the flash.\n\nAll in bytes.\n\
         flash           the application image\n\
         +server         what instep, the page and led-json add to two networks and one constant answer\n\
         +firmware       what this firmware adds to them: also settings, set-up, log-in and names\n\
         memory          always in use; stack is what is left for the stack, beside the radio's 64 KiB in the boot loader's\n\
         client          what one client more takes, without its TCP socket and that socket's buffers\n\
         largest future  of all tasks; if a task runs twice, of both"
    );
}

/// What a firmware takes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Size {
    /// Of its image.
    image: u64,
    /// What the server alone adds to that which only answers.
    server: u64,
    /// What the firmware adds to it.
    firmware: u64,
    memory: u64,
    stack: u64,
    client: Option<u64>,
    /// And whose it is.
    future: (u64, String),
}

impl Size {
    fn row(&self, board: &Board) -> String {
        let (future, task) = &self.future;
        let client = self.client.map_or("-".to_owned(), |bytes| bytes.to_string());
        format!(
            "{:<16}{:<9}{:>8}{:>9}{:>10}{:>8}{:>8}{client:>8}  {future} ({task})\n",
            board.name, board.chip, self.image, self.server, self.firmware, self.memory, self.stack
        )
    }
}

/// Builds a firmware and what it is compared with, without what the environment has for it.
fn size_of(plan: &Plan, tools: &mut Tools) -> Result<(Built, Size), Outcome> {
    let built = build(plan, Variables::Ignored, tools)?;
    let parts = ["--example", "baseline", "--example", "server"];
    let folder = compile(plan, &parts, Variables::Ignored, tools)?.join("examples");
    let flash = |elf: &Path| measure(&built.tool, plan, elf).and_then(|lines| number(&lines, "flash"));
    let (baseline, server) = (flash(&folder.join("baseline"))?, flash(&folder.join("server"))?);
    let lines = measure(&built.tool, plan, &built.elf)?;
    let images = make(plan, &built)?;
    let future =
        lines.iter().find_map(|(name, bytes)| Some((*bytes, name.strip_prefix("future ")?.to_owned())));
    let size = Size {
        image: number(&images, "application")?,
        server: server.saturating_sub(baseline),
        firmware: number(&lines, "flash")?.saturating_sub(baseline),
        memory: number(&lines, "memory")?,
        stack: number(&lines, "stack")?,
        client: number(&lines, "client").ok(),
        future: future.unwrap_or_default(),
    };
    Ok((built, size))
}

/// Says what a firmware takes, and where its images are.
fn show(plan: &Plan, built: &Built) -> Result<(), Outcome> {
    let images = make(plan, built)?;
    let lines = measure(&built.tool, plan, &built.elf)?;
    let (application, slot) = (number(&images, "application")?, number(&images, "slot")?.max(1));
    let file = file(plan);
    let file = file.strip_prefix(workspace()).unwrap_or(&file).display();
    println!("\n{} ({}), application {}", plan.board.name, plan.board.chip, plan.app);
    println!("  flash   {application} bytes, {} % of a slot", application * 100 / slot);
    println!(
        "  memory  {} bytes always in use, {} left for the stack",
        number(&lines, "memory")?,
        number(&lines, "stack")?
    );
    println!("\n  {file}.bin\n      the application, for its slot at 0x10000: the settings stay");
    println!(
        "  {file}-first.bin\n      boot loader, partitions and application, for a first flash only, from address 0:\n      \
         it covers the settings, which are lost\n"
    );
    Ok(())
}

/// What the environment has for a firmware: the network, passwords, a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    Kept,
    /// So that sizes can be compared.
    Ignored,
}

/// Builds a firmware and the program that makes images.
pub(crate) fn build(plan: &Plan, variables: Variables, tools: &mut Tools) -> Result<Built, Outcome> {
    let folder = compile(plan, &["--bin", "instep-esp"], variables, tools)?;
    Ok(Built { elf: folder.join("instep-esp"), tool: image_tool()? })
}

/// Builds a part of the firmware's crate, and says in which folder it is.
fn compile(plan: &Plan, part: &[&str], variables: Variables, tools: &mut Tools) -> Result<PathBuf, Outcome> {
    let chip = plan.board.chip;
    let name = target_of(chip);
    let mut build = if is_xtensa(chip) {
        xtensa(plan.board)?
    } else {
        let toolchain = toolchain_for(&name, tools)?;
        let mut build = cargo(&["build"]);
        toolchain.apply(&mut build);
        build
    };
    // In its folder it finds its own settings.
    build.current_dir(workspace().join("boards/esp")).arg("--release").args(part);
    build.args(["--no-default-features", "--features", &format!("{chip},backtrace"), "--target", &name]);
    build.arg("--target-dir").arg(folder());
    if variables == Variables::Ignored {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("INSTEP_") {
                build.env_remove(name);
            }
        }
    }
    build.env("INSTEP_BOARD", plan.board.name).env("INSTEP_APP", &plan.app);
    match run(&mut build) {
        Outcome::Passed => Ok(folder().join(name).join("release")),
        failed => Err(failed),
    }
}

/// Cargo of the toolchain `esp`, which alone builds for Xtensa chips.
fn xtensa(board: &Board) -> Result<Command, Outcome> {
    if output(Command::new("rustup").args(["run", "esp", "rustc", "--version"])).is_none() {
        let (name, chip) = (board.name, board.chip);
        return Err(Outcome::Skipped(format!(
            "{name} has the Xtensa chip {chip}, and there is no toolchain for it: {ESPUP}"
        )));
    }
    let mut build = Command::new("rustup");
    build.args(["run", "esp", "cargo", "build", "-Zbuild-std=core,alloc"]).env_remove("RUSTUP_TOOLCHAIN");
    Ok(build)
}

/// The program that makes images. It is built when it is asked for: not everyone's tests need it.
pub(crate) fn image_tool() -> Result<PathBuf, Outcome> {
    match run(&mut in_image_tool("build")) {
        Outcome::Passed => Ok(target().join("esp-image/debug/esp-image")),
        failed => Err(failed),
    }
}

/// Tests that program.
pub(crate) fn test_image_tool() -> Outcome {
    run(&mut in_image_tool("test"))
}

fn in_image_tool(subcommand: &str) -> Command {
    let mut cargo = cargo(&[subcommand, "--manifest-path", "boards/esp-image/Cargo.toml", "--target-dir"]);
    cargo.arg(target().join("esp-image"));
    cargo
}

/// The table of what lies where in the flash.
pub(crate) fn partitions() -> PathBuf {
    workspace().join("boards/esp/partitions.csv")
}

/// Where everything for these chips is built: what does not depend on the chip is built once.
fn folder() -> PathBuf {
    target().join("esp")
}

/// The images' name, without its end.
fn file(plan: &Plan) -> PathBuf {
    target().join("firmware").join(format!("{}-{}", plan.board.name, plan.app))
}

fn make(plan: &Plan, built: &Built) -> Result<Vec<(String, u64)>, Outcome> {
    let file = file(plan);
    if let Some(folder) = file.parent()
        && let Err(error) = fs::create_dir_all(folder)
    {
        return Err(Outcome::Failed(format!("{} cannot be created: {error}", folder.display())));
    }
    let mut command = Command::new(&built.tool);
    command.args(["make", plan.board.chip]).args([&built.elf, &partitions(), &file]);
    lines(&mut command)
}

fn measure(tool: &Path, plan: &Plan, elf: &Path) -> Result<Vec<(String, u64)>, Outcome> {
    lines(Command::new(tool).args(["measure", plan.board.chip]).arg(elf))
}

/// Lines of a name and a number.
fn lines(command: &mut Command) -> Result<Vec<(String, u64)>, Outcome> {
    let text = output_or_error(command).map_err(Outcome::Failed)?;
    let line = |line: &str| {
        let (name, number) = line.rsplit_once(' ')?;
        Some((name.to_owned(), number.parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

fn number(lines: &[(String, u64)], name: &str) -> Result<u64, Outcome> {
    let found = lines.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
    found.ok_or_else(|| Outcome::Failed(format!("the firmware does not say its `{name}`")))
}

/// The name of a chip's target.
fn target_of(chip: &str) -> String {
    match chip {
        "esp32c3" => "riscv32imc-unknown-none-elf".to_owned(),
        chip if is_xtensa(chip) => format!("xtensa-{chip}-none-elf"),
        _ => "riscv32imac-unknown-none-elf".to_owned(),
    }
}

fn is_xtensa(chip: &str) -> bool {
    ["esp32", "esp32s2", "esp32s3"].contains(&chip)
}

fn board_names() -> [String; BOARDS.len()] {
    BOARDS.map(|board| board.name.to_owned())
}

/// All applications: each is a file, or a folder.
fn apps() -> Vec<String> {
    let files = fs::read_dir(workspace().join("apps/src")).into_iter().flatten().flatten();
    let app = |file: fs::DirEntry| {
        let path = file.path();
        let path = if path.is_dir() { path.join("mod.rs") } else { path };
        let text = fs::read_to_string(path).ok()?;
        let name = text.split_once("App::new(")?.1.split('"').nth(1)?;
        text.contains("pub const APP: App").then(|| name.to_owned())
    };
    let mut names: Vec<_> = files.filter_map(app).collect();
    names.sort();
    names
}

/// `a, b and c`.
fn list(names: &[String]) -> String {
    let mut text = String::new();
    for (at, name) in names.iter().enumerate() {
        let before = match at {
            0 => "",
            at if at + 1 == names.len() => " and ",
            _ => ", ",
        };
        let _ = write!(text, "{before}{name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_and_applications_are_known_by_name() {
        let plan = Plan::new("esp32c3-devkit", "toggle").expect("both are there");
        assert_eq!((plan.board.chip, plan.app.as_str()), ("esp32c3", "toggle"));
        let problem = Plan::new("arduino", "toggle").unwrap_err();
        assert!(problem.starts_with("there is no board arduino: there are esp32-devkit, "), "{problem}");
        let problem = Plan::new("esp32-devkit", "blink").unwrap_err();
        assert!(problem.starts_with("there is no application blink: there are "), "{problem}");
        assert!(problem.contains("led-json") && !problem.contains('\n'), "{problem}");
    }

    #[test]
    fn what_is_wanted_is_understood() {
        let plan = Plan::parse(&["--app", "echo", "esp32c6-devkit"]).expect("both are there");
        assert_eq!((plan.board.name, plan.app.as_str()), ("esp32c6-devkit", "echo"));
        assert_eq!(Plan::parse(&["esp32c6-devkit"]).expect("a board").app, "led-json");
        for wrong in [
            &[][..],
            &["esp32c6-devkit", "--app"],
            &["esp32c6-devkit", "two"],
            &["esp32c6-devkit", "--erase"],
        ] {
            assert!(Plan::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn each_chip_has_a_target() {
        let targets: Vec<_> = BOARDS.iter().map(|board| target_of(board.chip)).collect();
        let known = |name: &String| {
            name.starts_with("riscv32ima")
                || name.starts_with("riscv32imc")
                || name.starts_with("xtensa-esp32")
        };
        assert!(targets.iter().all(known), "{targets:?}");
        assert!(TESTED.iter().all(|chip| BOARDS.iter().any(|board| board.chip == *chip) && !is_xtensa(chip)));
    }

    #[test]
    fn what_is_too_large_fails() {
        let size = |server| Size { server, ..Size::default() };
        assert_eq!(within_budget(&size(SERVER_MAX)), Outcome::Passed);
        let Outcome::Failed(why) = within_budget(&size(SERVER_MAX + 1)) else { panic!("it passed") };
        assert_eq!(why, "instep adds 102401 bytes of flash, which is 1 more than it may");
    }

    #[test]
    fn lists_are_read_aloud() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([list(&names[..1]), list(&names[..2]), list(&names)], ["a", "a and b", "a, b and c"]);
    }
}

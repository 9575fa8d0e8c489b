//! Espressif's esptool, as a second opinion on the images.
//!
//! `esp32-mock-bootloader` answers esptool as the boot ROM of a chip does. Both are fetched once.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::firmware;
use crate::packages::Packages;
use crate::report::{Outcome, Stop};
use crate::tools::{Tools, output_or_error, target};

const PACKAGES: Packages = Packages {
    name: "esptool",
    lists_in: "boards/esp-image",
    lists: &["requirements.txt"],
    steps: &[
        ("python3", &["-m", "venv", "venv"]),
        ("venv/bin/pip", &["install", "--quiet", "--requirement", "requirements.txt"]),
    ],
};

/// Address of the slot that is written over a cable (`partitions.csv`).
const SLOT: &str = "0x10000";
/// What esptool says of an image whose checksum and hash are right.
const VALID: [&str; 2] = ["Checksum: ", "Validation hash: "];
/// Position of a byte that a check changes, in the first segment.
const FLIPPED: usize = 5_000;
/// Position of the chip's number in the header of an image.
const CHIP: usize = 12;
/// Chip that the machine's image gets instead of its own, which esptool does not know.
const STAND_IN: (&str, u16) = ("esp32c3", 5);

/// Checks the images of a chip's firmware, which were made before.
///
/// esptool reads both, writes the one with the boot loader to a simulated boot ROM, and finds the application in its slot.
pub(crate) fn check(chip: &str, app: &str, tools: &mut Tools) -> Outcome {
    let Some([application, first]) = firmware::images_of(chip, app)? else {
        return Err(Stop::Skipped(format!("there are no images of {app} for {chip}")));
    };
    let esptool = Esptool::install(tools)?;
    for image in [&application, &first] {
        esptool.accepts(chip, image)?;
    }
    let mock = esptool.mock(chip)?;
    // The simulated chip has the first revision, for which the boot loader is too new.
    mock.run("write-flash", &["--force", "0x0"], &first)?;
    mock.run("verify-flash", &[SLOT], &application)?;
    // A comparison that cannot fail would say nothing.
    let flipped = flipped(&application)?;
    if mock.run("verify-flash", &[SLOT], &flipped).is_ok() || esptool.accepts(chip, &flipped).is_ok() {
        return Err("esptool accepts an image with a flipped bit".to_owned().into());
    }
    println!("esptool accepts the images of {app} for {chip}, and finds the application in its slot");
    Ok(())
}

/// Checks the image that is made of the machine's firmware, with the number of a chip that esptool knows.
pub(crate) fn check_machine(elf: &Path, tools: &mut Tools) -> Outcome {
    let bytes = fs::read(elf).map_err(|error| format!("{}: {error}", elf.display()))?;
    let mut image = qemu_flash::image(&bytes).map_err(|error| error.to_string())?;
    image[CHIP..CHIP + 2].copy_from_slice(&STAND_IN.1.to_le_bytes());
    qemu_flash::seal(&mut image);
    let esptool = Esptool::install(tools)?;
    let file = write("machine.bin", &image)?;
    esptool.accepts(STAND_IN.0, &file)?;
    if esptool.accepts(STAND_IN.0, &flipped(&file)?).is_ok() {
        return Err("esptool accepts an image with a flipped bit".to_owned().into());
    }
    println!("esptool accepts the image of the machine, {} bytes", image.len());
    Ok(())
}

/// The installed programs.
struct Esptool {
    programs: PathBuf,
}

impl Esptool {
    fn install(tools: &mut Tools) -> Outcome<Self> {
        tools.programs(&[("python3", "python3-venv")])?;
        Ok(Self { programs: PACKAGES.install()?.join("venv/bin") })
    }

    /// Checks that esptool finds the checksum and the hash of an image right.
    fn accepts(&self, chip: &str, image: &Path) -> Outcome {
        let mut command = Command::new(self.programs.join("esptool"));
        let said = output_or_error(command.args(["--chip", chip, "image-info"]).arg(image))?;
        let is_valid =
            |name: &&str| said.lines().any(|line| line.starts_with(*name) && line.ends_with("(valid)"));
        if VALID.iter().all(is_valid) {
            return Ok(());
        }
        Err(format!("esptool does not accept {}:\n{said}", image.display()).into())
    }

    /// Starts a simulated boot ROM.
    fn mock(&self, chip: &str) -> Outcome<Mock<'_>> {
        let mut command = Command::new(self.programs.join("esp32-mock-bootloader"));
        command.args(["run", "--chip", chip, "--port", "0", "--timeout", "300"]);
        let failed = |why: &str| Stop::Failed(format!("esp32-mock-bootloader does not start: {why}"));
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| failed(&error.to_string()))?;
        let out = BufReader::new(child.stdout.take().expect("the output is a pipe"));
        let mut mock = Mock { esptool: self, chip: chip.to_owned(), child, out, addr: String::new() };
        let mut line = String::new();
        // Its first line ends with the address.
        mock.out.read_line(&mut line).map_err(|error| failed(&error.to_string()))?;
        mock.addr = match line.trim().rsplit_once(' ') {
            Some((_, addr)) if addr.contains(':') => addr.to_owned(),
            _ => return Err(failed(&line)),
        };
        Ok(mock)
    }
}

/// Simulated boot ROM of a chip, which ends when it is dropped.
struct Mock<'a> {
    esptool: &'a Esptool,
    chip: String,
    child: Child,
    /// Open for as long as the program runs, because it ends when it cannot print.
    out: BufReader<ChildStdout>,
    addr: String,
}

impl Mock<'_> {
    fn run(&self, job: &str, arguments: &[&str], image: &Path) -> Outcome {
        let mut command = Command::new(self.esptool.programs.join("esptool"));
        command.args(["--chip", &self.chip, "--port", &format!("socket://{}", self.addr), job]);
        command.args(arguments).arg(image);
        output_or_error(&mut command).map(drop).map_err(|error| {
            Stop::Failed(format!("{job} of {} to {} failed: {error}", image.display(), self.chip))
        })
    }
}

impl Drop for Mock<'_> {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a copy of an image in which one bit is flipped.
fn flipped(image: &Path) -> Outcome<PathBuf> {
    let mut bytes = fs::read(image).map_err(|error| format!("{}: {error}", image.display()))?;
    bytes[FLIPPED] ^= 1;
    write("flipped.bin", &bytes)
}

/// Writes a file beside the programs.
fn write(name: &str, bytes: &[u8]) -> Outcome<PathBuf> {
    let file = target().join(PACKAGES.name).join(name);
    fs::write(&file, bytes).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

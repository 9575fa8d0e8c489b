//! `instep qemu`, which boots firmware in QEMU: the runner of `cargo qemu`.

use clap::{Arg, Command as Clap, value_parser};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The command for the program.
pub(crate) const COMMAND: instep_linux::Command =
    instep_linux::Command { name: "qemu", about: "Boot firmware in QEMU; `cargo qemu` calls it", run };

const QEMU: &str = "qemu-system-riscv32";

fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match command().try_get_matches_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let image: &PathBuf = arguments.get_one("image").expect("clap requires the image");
    let address: SocketAddr = *arguments.get_one("addr").expect("clap has a default for the address");
    let sentence = match (check(image), free(address)) {
        (Err(sentence), _) => sentence,
        // It becomes QEMU, so Ctrl-C ends the device.
        (Ok(()), Ok(address)) => explain(&qemu(image.as_os_str(), address).exec()),
        (Ok(()), Err(error)) => format!("cannot bind {address}: {error}; choose another address by --addr"),
    };
    eprintln!("instep qemu: {sentence}");
    ExitCode::FAILURE
}

fn command() -> Clap {
    let image = Arg::new("image")
        .value_name("FILE")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .help("Firmware to boot, an ELF file for RISC-V");
    let address = Arg::new("addr")
        .long("addr")
        .value_name("HOST:PORT")
        .value_parser(value_parser!(SocketAddr))
        .default_value("127.0.0.1:8080")
        .help("Address at which this machine reaches the device; port 0 is any free port");
    Clap::new("instep qemu")
        .no_binary_name(true)
        .about("Boot firmware in QEMU, and show its log")
        .arg(image)
        .arg(address)
}

/// Checks that a file is an ELF file, because QEMU would run anything else, too.
fn check(image: &Path) -> Result<(), String> {
    let mut magic = [0; 4];
    match File::open(image).and_then(|mut file| file.read_exact(&mut magic)) {
        Ok(()) if &magic == b"\x7fELF" => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Err(format!("cannot read {}: {error}", image.display()))
        }
        _ => Err(format!(
            "{} is no firmware; build it by `cargo build --release --features=qemu --target=riscv32imc-unknown-none-elf`",
            image.display()
        )),
    }
}

/// Returns QEMU with that image, reachable at `address`.
fn qemu(image: &OsStr, address: SocketAddr) -> Command {
    let mut qemu = Command::new(QEMU);
    qemu.args(["-M", "virt", "-m", "16M", "-bios", "none", "-display", "none", "-monitor", "none"])
        .args(["-device", "virtio-rng-device", "-device", "virtio-net-device,netdev=n0"])
        .args(["-netdev", &format!("user,id=n0,hostfwd=tcp:{address}-:80")])
        .args(["-serial", "stdio", "-append", &format!("instep.url=http://{address}/")])
        .arg("-kernel")
        .arg(image);
    qemu
}

/// Returns the same address, with a free port in place of 0.
fn free(address: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(address)?.local_addr()
}

fn explain(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        format!(
            "cannot find {QEMU}; install it, on Debian and Ubuntu by `sudo apt-get install qemu-system-misc`"
        )
    } else {
        format!("cannot start {QEMU}: {error}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_passes_claps_checks() {
        command().debug_assert();
    }

    #[test]
    fn other_files_than_firmware_are_refused() {
        let program = std::env::current_exe().unwrap();
        assert_eq!(check(&program), Ok(()));
        let sentence = check(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).unwrap_err();
        assert!(sentence.contains("is no firmware"), "{sentence}");
        assert!(check(Path::new("/none")).unwrap_err().starts_with("cannot read /none: "));
    }

    #[test]
    fn missing_qemu_is_told_with_the_command_that_installs_it() {
        let sentence = explain(&io::ErrorKind::NotFound.into());
        assert!(sentence.contains("apt-get install qemu-system-misc"), "{sentence}");
    }
}

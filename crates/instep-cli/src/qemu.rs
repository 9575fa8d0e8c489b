//! `instep qemu`, which boots firmware in QEMU: the runner of `cargo qemu`.

use clap::{Arg, Command as Clap, value_parser};
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
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
    let sentence = match free(address) {
        // It becomes QEMU, so Ctrl-C ends the device.
        Ok(address) => explain(&qemu(image.as_os_str(), address).exec()),
        Err(error) => format!("cannot bind {address}: {error}; choose another address by --addr"),
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
    fn missing_qemu_is_told_with_the_command_that_installs_it() {
        let sentence = explain(&io::ErrorKind::NotFound.into());
        assert!(sentence.contains("apt-get install qemu-system-misc"), "{sentence}");
    }
}

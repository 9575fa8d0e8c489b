//! `instep-qemu serve --app APP --addr 127.0.0.1:PORT` boots the bare-metal image
//! that the environment variable `INSTEP_IMAGE` names, and shows its log.
//!
//! In tests it takes the place of the command `instep`. It becomes QEMU, so its parent can freeze or end it
//! as a server, and the image prints its address. If the image crashes, QEMU ends with status 1. Further
//! options of a test are passed to the image by QEMU, where firmware has variables at build time.
//!
//! With the environment variable `INSTEP_FLASH`, the name of a file, the machine has a flash that is kept there, and the
//! boot stub in `INSTEP_BOOT_STUB` starts an image in one of its slots. A file that does not exist is made, with the image
//! in slot 0. A crash then restarts the machine.

#![forbid(unsafe_code)]

use qemu_flash::FlashFile;
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

const QEMU: &str = "qemu-system-riscv32";

const USAGE: &str = "usage: INSTEP_IMAGE=FILE instep-qemu serve [--app APP] [--addr 127.0.0.1:PORT] [--name NAME] \
    [--page FILE] [--allow-host NAME]... [--allow-origin ORIGIN]... [--allow-frame ORIGIN]... \
    [--mqtt URL [--mqtt-id ID] [--mqtt-commands]] [--rollback on] [--flash instant]";

/// Options of `instep serve` that are passed to the image under the same name.
const PASSED_ON: [&str; 9] =
    ["app", "name", "allow-host", "allow-origin", "allow-frame", "mqtt", "mqtt-id", "rollback", "flash"];
/// Options without a value that are passed to the image under the same name.
const FLAGS: [&str; 1] = ["mqtt-commands"];
/// Secrets in environment variables, and the names under which the image gets them in hex digits.
const SECRETS: [(&str, &str); 2] =
    [("INSTEP_PASSWORD", "password"), ("INSTEP_MQTT_PASSWORD", "mqtt-password")];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (Some(image), Some(options)) = (std::env::var_os("INSTEP_IMAGE"), Options::parse(&args)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let qemu = free(options.addr).and_then(|addr| command(&options, addr, &image));
    let error = match qemu {
        Ok(mut qemu) => qemu.exec(),
        Err(error) => error,
    };
    eprintln!("{QEMU} cannot be started at {}: {error}", options.addr);
    ExitCode::FAILURE
}

/// Returns QEMU with that image, reachable at `addr`.
fn command(options: &Options, addr: SocketAddr, image: &OsStr) -> io::Result<Command> {
    let mut qemu = Command::new(QEMU);
    let mut program = image.to_owned();
    if let Some(file) = std::env::var_os("INSTEP_FLASH") {
        qemu.args(FlashFile::open_or_create(Path::new(&file), Path::new(image))?.qemu_arguments());
        program = boot_stub()?;
    } else {
        qemu.args(["-M", "virt", "-m", "16M"]);
    }
    qemu.args(["-bios", "none", "-display", "none", "-monitor", "none"])
        .args(["-device", "virtio-rng-device", "-device", "virtio-net-device,netdev=n0"])
        .args(["-netdev", &format!("user,id=n0,hostfwd=tcp:{addr}-:80")]);
    let mut passed_on = format!("{} instep.url=http://{addr}/", options.passed_on);
    if let Some(page) = &options.page {
        let length = std::fs::metadata(page)?.len();
        passed_on += &format!(" instep.page={length}");
        // QEMU takes a single comma for the end of the name.
        let page = page.replace(',', ",,");
        qemu.args(["-device", &format!("loader,file={page},addr=0x80800000,force-raw=on")]);
    }
    for (variable, name) in SECRETS {
        let Some(secret) = std::env::var_os(variable) else { continue };
        passed_on += &format!(" instep.{name}=");
        passed_on.extend(secret.as_encoded_bytes().iter().map(|byte| format!("{byte:02x}")));
    }
    if std::env::var_os("INSTEP_COUNT").is_some() {
        // An instruction takes a nanosecond, and the serial port can print their number.
        qemu.args(["-icount", "shift=0"]);
    }
    qemu.args(["-serial", "stdio", "-append", &passed_on]).arg("-kernel").arg(program);
    Ok(qemu)
}

fn boot_stub() -> io::Result<OsString> {
    std::env::var_os("INSTEP_BOOT_STUB")
        .ok_or(io::Error::other("INSTEP_BOOT_STUB does not name the boot stub"))
}

#[derive(Debug)]
struct Options {
    addr: SocketAddr,
    page: Option<String>,
    /// Options for the image.
    passed_on: String,
}

impl Options {
    fn parse(args: &[String]) -> Option<Self> {
        let addr = SocketAddr::from(([127, 0, 0, 1], 8080));
        let mut options = Self { addr, page: None, passed_on: String::new() };
        let (first, rest) = args.split_first()?;
        let mut rest = rest.iter();
        while let Some(name) = rest.next() {
            let name = name.strip_prefix("--")?;
            if FLAGS.contains(&name) {
                options.passed_on += &format!(" instep.{name}=true");
                continue;
            }
            let value = rest.next()?;
            match name {
                "addr" => options.addr = value.parse().ok()?,
                "page" => options.page = Some(value.clone()),
                _ if PASSED_ON.contains(&name) && !value.contains([' ', ',']) => {
                    options.passed_on += &format!(" instep.{name}={value}");
                }
                _ => return None,
            }
        }
        (first == "serve").then_some(options)
    }
}

/// Returns the same address, with a free port in place of 0, which no other program
/// is likely to take before QEMU does.
fn free(addr: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(addr)?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_tests_are_parsed_and_others_rejected() {
        let parse = |line: &str| Options::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let options =
            parse("serve --app led-plain --addr 127.0.0.1:0 --allow-host a --mqtt-commands --allow-host b")
                .expect("valid options were rejected");
        let passed_on =
            " instep.app=led-plain instep.allow-host=a instep.mqtt-commands=true instep.allow-host=b";
        assert_eq!((options.passed_on.as_str(), options.addr.port()), (passed_on, 0));
        assert_eq!(parse("serve").expect("no options").passed_on, "");
        for wrong in
            ["apps", "serve --app", "serve --metrics x", "serve --addr x", "serve --app a,b", "serve app x"]
        {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}

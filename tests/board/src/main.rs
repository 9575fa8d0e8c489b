//! `instep-qemu serve --app APP --addr 127.0.0.1:PORT`: boots the bare-metal image that the environment variable
//! `INSTEP_IMAGE` names, and shows its log.
//!
//! It takes the place of the command `instep` in tests: it becomes QEMU, so whoever started it can freeze or end it
//! as a server, and the image says where it is to be found. When the image crashes, QEMU ends with status 1. What else a
//! test says to a server QEMU tells the image, which has its own ways for it in firmware: variables when it is built.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

const QEMU: &str = "qemu-system-riscv32";

const USAGE: &str = "usage: INSTEP_IMAGE=FILE instep-qemu serve [--app APP] [--addr 127.0.0.1:PORT] [--name NAME] \
    [--page FILE] [--allow-host NAME]... [--allow-origin ORIGIN]... [--allow-frame ORIGIN]...";

/// Options of `instep serve` that the image is told under the same name.
const TOLD: [&str; 5] = ["app", "name", "allow-host", "allow-origin", "allow-frame"];

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

/// QEMU with that image, which is to be found at `addr`.
fn command(options: &Options, addr: SocketAddr, image: &OsStr) -> io::Result<Command> {
    let mut qemu = Command::new(QEMU);
    qemu.args(["-M", "virt", "-m", "16M", "-bios", "none", "-display", "none", "-monitor", "none"])
        .args(["-device", "virtio-rng-device", "-device", "virtio-net-device,netdev=n0"])
        .args(["-netdev", &format!("user,id=n0,hostfwd=tcp:{addr}-:80")]);
    let mut told = format!("{} instep.url=http://{addr}/", options.told);
    if let Some(page) = &options.page {
        let length = std::fs::metadata(page)?.len();
        told += &format!(" instep.page={length}");
        // QEMU takes a single comma for the end of the name.
        let page = page.replace(',', ",,");
        qemu.args(["-device", &format!("loader,file={page},addr=0x80800000,force-raw=on")]);
    }
    if let Some(password) = std::env::var_os("INSTEP_PASSWORD") {
        told += " instep.password=";
        told.extend(password.as_encoded_bytes().iter().map(|byte| format!("{byte:02x}")));
    }
    if std::env::var_os("INSTEP_COUNT").is_some() {
        // An instruction takes a nanosecond, and its serial port can be asked how many there were.
        qemu.args(["-icount", "shift=0"]);
    }
    qemu.args(["-serial", "stdio", "-append", &told]).arg("-kernel").arg(image);
    Ok(qemu)
}

#[derive(Debug)]
struct Options {
    addr: SocketAddr,
    page: Option<String>,
    /// What the image is told.
    told: String,
}

impl Options {
    fn parse(args: &[String]) -> Option<Self> {
        let addr = SocketAddr::from(([127, 0, 0, 1], 8080));
        let mut options = Self { addr, page: None, told: String::new() };
        let (first, rest) = args.split_first()?;
        let mut rest = rest.iter();
        while let Some(name) = rest.next() {
            let (name, value) = (name.strip_prefix("--")?, rest.next()?);
            match name {
                "addr" => options.addr = value.parse().ok()?,
                "page" => options.page = Some(value.clone()),
                _ if TOLD.contains(&name) && !value.contains([' ', ',']) => {
                    options.told += &format!(" instep.{name}={value}");
                }
                _ => return None,
            }
        }
        (first == "serve").then_some(options)
    }
}

/// The same address; a free port in place of 0, which nobody else is likely to take before QEMU does.
fn free(addr: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(addr)?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_what_a_test_says_to_a_server_and_nothing_else() {
        let parse = |line: &str| Options::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let options =
            parse("serve --app led-plain --addr 127.0.0.1:0 --allow-host a --allow-host b").expect("options");
        let told = " instep.app=led-plain instep.allow-host=a instep.allow-host=b";
        assert_eq!((options.told.as_str(), options.addr.port()), (told, 0));
        assert_eq!(parse("serve").expect("options").told, "");
        for wrong in
            ["apps", "serve --app", "serve --metrics x", "serve --addr x", "serve --app a,b", "serve app x"]
        {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}

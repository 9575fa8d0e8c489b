//! `instep-qemu serve --app APP --addr 127.0.0.1:PORT`: boots the bare-metal image that the environment variable
//! `INSTEP_IMAGE` names, and shows its log.
//!
//! It takes the place of the command `instep` in tests: it becomes QEMU, so whoever started it can freeze or end it
//! as a server, and the image says where it is to be found. When the image crashes, QEMU ends with status 1.

#![forbid(unsafe_code)]

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};

const QEMU: &str = "qemu-system-riscv32";

const USAGE: &str = "usage: INSTEP_IMAGE=FILE instep-qemu serve [--app APP] [--addr 127.0.0.1:PORT]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (Some(image), Some(options)) = (std::env::var_os("INSTEP_IMAGE"), Options::parse(&args)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let addr = match free(options.addr) {
        Ok(addr) => addr,
        Err(error) => {
            eprintln!("{} cannot be listened on: {error}", options.addr);
            return ExitCode::FAILURE;
        }
    };
    let mut qemu = Command::new(QEMU);
    qemu.args(["-M", "virt", "-m", "16M", "-bios", "none", "-display", "none", "-monitor", "none"])
        .args(["-serial", "stdio", "-device", "virtio-net-device,netdev=n0"])
        .args(["-netdev", &format!("user,id=n0,hostfwd=tcp:{addr}-:80")])
        .args(["-append", &format!("instep.app={} instep.url=http://{addr}/", options.app)])
        .arg("-kernel")
        .arg(image);
    let error = qemu.stdin(Stdio::null()).exec();
    eprintln!("{QEMU} cannot be started: {error}");
    ExitCode::FAILURE
}

struct Options {
    app: String,
    addr: SocketAddr,
}

impl Options {
    fn parse(args: &[String]) -> Option<Self> {
        let mut options = Self { app: "led-json".to_owned(), addr: SocketAddr::from(([127, 0, 0, 1], 8080)) };
        let (first, rest) = args.split_first()?;
        let mut rest = rest.iter();
        while let Some(name) = rest.next() {
            match (name.as_str(), rest.next()?) {
                ("--app", app) if app.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
                    options.app.clone_from(app);
                }
                ("--addr", addr) => options.addr = addr.parse().ok()?,
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
        let options = parse("serve --app led-plain --addr 127.0.0.1:0").expect("options");
        assert_eq!((options.app.as_str(), options.addr.port()), ("led-plain", 0));
        assert_eq!(parse("serve").expect("options").app, "led-json");
        for wrong in ["apps", "serve --app", "serve --page x", "serve --addr x", "serve --app a,b"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}

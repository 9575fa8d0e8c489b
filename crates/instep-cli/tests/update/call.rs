//! Calls of the command, and devices for it.

use instep::{App, Asset};
use std::process::{Command, Output, Stdio};
use test_support::{Folder, SOON, http, wait_until};
use updatable_device::{Device, Sample, Setup};

static APP: App = App::new("garden", "for tests").page("/", Asset::html("<p>Garden</p>"));

/// Returns a device that everyone may update.
pub(crate) fn setup() -> Setup {
    Setup::new(&APP)
}

/// Writes an image to a file of that folder.
pub(crate) fn write(folder: &Folder, sample: &Sample) -> String {
    let path = folder.file("image.bin");
    std::fs::write(&path, sample.make()).expect("cannot write the image");
    path
}

/// Returns the command, without a terminal and without a password.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_instep"));
    command.arg("update").args(args).stdin(Stdio::null()).env_remove("INSTEP_PASSWORD");
    command
}

/// Exit code, output and error output of the command.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) error: String,
}

pub(crate) fn end(output: Output) -> Ended {
    let text = |bytes| String::from_utf8(bytes).expect("the output is not UTF-8");
    let code = output.status.code().expect("the command was ended by a signal");
    Ended { code, out: text(output.stdout), error: text(output.stderr) }
}

pub(crate) fn run(args: &[&str]) -> Ended {
    end(command(args).output().expect("cannot run the command"))
}

/// Sends version 0.3.0 to a device that runs 0.2.0.
pub(crate) fn update(name: &str, device: &Device, more: &[&str]) -> Ended {
    let folder = Folder::new(&format!("update-{name}"));
    let image = write(&folder, &Sample::new("0.3.0"));
    run(&[&[&*device.addr.to_string(), &image], more].concat())
}

/// Returns what the device says of its firmware.
pub(crate) fn firmware(device: &Device) -> String {
    http(device.addr, "GET /firmware HTTP/1.1\r\nHost: localhost\r\n\r\n").text().into()
}

/// Waits until an image is being received.
#[track_caller]
pub(crate) fn wait_for_upload(device: &Device) {
    wait_until(SOON, || !firmware(device).contains("\"upload\":null"), || firmware(device));
}

#[track_caller]
pub(crate) fn expect(ended: &Ended, code: i32, error: &str) {
    let Ended { code: real, out, error: said } = ended;
    assert_eq!((*real, said.as_str()), (code, error), "{out}");
}

//! `instep update`, which sends firmware to devices, one after another.

mod address;
mod client;
mod error;
mod password;
mod progress;
mod session;
mod status;

use crate::image_file::Image;
use address::Address;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use client::Roots;
use error::Error;
use instep_update::Allowed;
use password::PasswordSource;
use progress::print_line;
use session::Session;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// The command for the program.
pub(crate) const COMMAND: instep_linux::Command =
    instep_linux::Command { name: "update", about: "Send new firmware to devices, one after another", run };

/// Exit code of an invalid call.
const USAGE: u8 = 2;
/// Time from the end of an upload to the confirmation, in seconds.
///
/// A device gives an image up that has no address for 5 minutes, and then restarts.
const WAIT_DEFAULT: &str = "420";

/// Explanation after the options.
const AFTER: &str = "\
The image is checked before it is sent: that it is whole, and that its chip, board, application and version fit the device.
The device restarts with the new image on trial. If the new image does not prove itself, the device returns to the old one.
The command waits until the device says which one stays, and stops at the first device that does not keep the new image.

The password comes from INSTEP_PASSWORD or --password-file; if stdin is a terminal, the command asks for it. All devices get the same one.

Exit codes:
  0  each device runs the new image, which stays
  1  a device keeps the old image: it refused the new one, could not be reached, or the connection broke
  2  nothing was sent: the call is invalid, or the image is damaged or not for the device
  3  a device came back with the old image: the new one did not prove itself
  4  it is not known which image stays: the device did not say so in time, or cannot be asked any more";

fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match command().try_get_matches_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let (session, addresses) = match prepare(&arguments) {
        Ok(prepared) => prepared,
        Err(sentence) => {
            eprintln!("instep update: {sentence}");
            return ExitCode::from(USAGE);
        }
    };
    match update_all(session, &addresses) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instep update: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn command() -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).action(ArgAction::Set).help(help)
    };
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("instep update")
        .no_binary_name(true)
        .about(COMMAND.about)
        .after_help(AFTER)
        .arg(
            Arg::new("device")
                .value_name("DEVICE")
                .required(true)
                .value_parser(value_parser!(Address))
                .help("Address of a device, such as http://garden.local"),
        )
        .arg(
            Arg::new("image")
                .value_name("IMAGE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("File of the image, such as garden.bin"),
        )
        .arg(
            Arg::new("more")
                .value_name("DEVICE")
                .num_args(0..)
                .value_parser(value_parser!(Address))
                .help("Further devices, for the same image"),
        )
        .arg(flag("downgrade", "Allow a lower version"))
        .arg(flag("other-application", "Allow the image of another application"))
        .arg(
            option("password-file", "FILE", "Read the password from this file")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            option(
                "tls-ca",
                "FILE",
                "Trust this certificate (PEM) for https, instead of those of the system",
            )
            .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            option("wait", "SECONDS", "Maximum time from the end of the upload to the confirmation")
                .value_parser(value_parser!(u64))
                .default_value(WAIT_DEFAULT),
        )
}

/// Reads everything that the call names.
fn prepare(arguments: &ArgMatches) -> Result<(Session, Vec<Address>), String> {
    let file = |name| arguments.get_one::<PathBuf>(name).map(PathBuf::as_path);
    let path = file("image").expect("clap requires the image");
    let image =
        Image::read(path).map_err(|error| format!("cannot use the image {}: {error}", path.display()))?;
    let seconds = arguments.get_one("wait").expect("clap has a default");
    let devices = ["device", "more"].into_iter().filter_map(|name| arguments.get_many::<Address>(name));
    let session = Session {
        image,
        allowed: Allowed {
            downgrade: arguments.get_flag("downgrade"),
            other_application: arguments.get_flag("other-application"),
        },
        password: PasswordSource::new(file("password-file"))?,
        roots: Roots::new(file("tls-ca"))?,
        wait: Duration::from_secs(*seconds),
    };
    Ok((session, devices.flatten().cloned().collect()))
}

/// Updates the devices, up to the first one that does not keep the new image.
fn update_all(mut session: Session, addresses: &[Address]) -> Result<(), Error> {
    for (index, address) in addresses.iter().enumerate() {
        session.update(address).inspect_err(|_| {
            let rest: Vec<_> = addresses[index + 1..].iter().map(ToString::to_string).collect();
            if !rest.is_empty() {
                print_line(format_args!("Not updated, because the update stopped: {}", rest.join(", ")));
            }
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_passes_claps_checks() {
        command().debug_assert();
    }
}

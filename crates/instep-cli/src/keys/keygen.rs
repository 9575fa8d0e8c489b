//! `instep keygen`, which makes the key for a device's images, or for the sessions of several servers.

use super::key_file::{self, SigningKey};
use super::outcome;
use clap::{Arg, ArgAction, Command, value_parser};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The command for the program.
pub(super) const COMMAND: instep_linux::Command = instep_linux::Command {
    name: "keygen",
    about: "Make a key that signs firmware, or a key for the sessions of several servers",
    run,
};

fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match command().try_get_matches_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let path: &PathBuf = arguments.get_one("file").expect("clap requires the file");
    let made = if arguments.get_flag("session") { for_sessions(path) } else { for_images(path) };
    outcome::end("instep keygen", made)
}

fn for_images(path: &Path) -> Result<String, String> {
    SigningKey::create(path).map(|key| {
        format!(
            "Wrote the private key to {}: keep it secret, and keep a copy, because without it a device is updated by cable only.\nBuild the firmware with its public key:\n\n    INSTEP_UPDATE_KEY={}",
            path.display(),
            key.public_hex()
        )
    })
}

fn for_sessions(path: &Path) -> Result<String, String> {
    let file = path.display();
    key_file::create_session_key(path).map(|()| {
        format!(
            "Wrote the session key to {file}: keep it secret, because sessions can be made with it.\nCopy it to all servers, and start them with the same password and --session-key-file {file}"
        )
    })
}

fn command() -> Command {
    Command::new("instep keygen")
        .no_binary_name(true)
        .about(COMMAND.about)
        .after_help("Writes an Ed25519 key in PEM (PKCS #8) to a new file that only you can read, and prints the public key.\n`instep sign` signs images with the private key; INSTEP_UPDATE_KEY builds the public key into the firmware.")
        .arg(
            Arg::new("session")
                .long("session")
                .action(ArgAction::SetTrue)
                .help("Make a session key for --session-key-file instead, 64 hexadecimal digits"),
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("New file for the key"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_passes_claps_checks() {
        command().debug_assert();
    }
}

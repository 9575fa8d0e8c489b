//! `instep keygen`, which makes the key for a device's images.

use super::key_file::SigningKey;
use super::outcome;
use clap::{Arg, Command, value_parser};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// The command for the program.
pub(super) const COMMAND: instep_linux::Command =
    instep_linux::Command { name: "keygen", about: "Make a key that signs firmware", run };

fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match command().try_get_matches_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let path: &PathBuf = arguments.get_one("file").expect("clap requires the file");
    let made = SigningKey::create(path).map(|key| {
        format!(
            "Wrote the private key to {}: keep it secret, and keep a copy, because without it a device is updated by cable only.\nBuild the firmware with its public key:\n\n    INSTEP_UPDATE_KEY={}",
            path.display(),
            key.public_hex()
        )
    });
    outcome::end("instep keygen", made)
}

fn command() -> Command {
    Command::new("instep keygen")
        .no_binary_name(true)
        .about(COMMAND.about)
        .after_help("Writes an Ed25519 key in PEM (PKCS #8) to a new file that only you can read, and prints the public key.\n`instep sign` signs images with the private key; INSTEP_UPDATE_KEY builds the public key into the firmware.")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("New file for the private key"),
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

//! `instep sign`, which puts a signature behind an image.

use super::key_file::SigningKey;
use super::outcome;
use crate::image_file::Image;
use clap::{Arg, Command, value_parser};
use instep_update::signed_text;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The command for the program.
pub(super) const COMMAND: instep_linux::Command = instep_linux::Command {
    name: "sign",
    about: "Sign firmware, for devices that accept signed images only",
    run,
};

fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match command().try_get_matches_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let path = |name| arguments.get_one::<PathBuf>(name).expect("clap requires both files");
    outcome::end("instep sign", sign(path("key"), path("image")))
}

fn command() -> Command {
    let file = |name, value, help| {
        Arg::new(name).value_name(value).required(true).value_parser(value_parser!(PathBuf)).help(help)
    };
    Command::new("instep sign")
        .no_binary_name(true)
        .about(COMMAND.about)
        .after_help(
            "Appends a signature of 64 bytes to the file of the image. A signature that is there is replaced.",
        )
        .arg(file("key", "KEY", "File of the private key, as `instep keygen` makes it"))
        .arg(file("image", "IMAGE", "File of the image, such as garden.bin"))
}

/// Replaces the file of an image by the signed image.
fn sign(key: &Path, path: &Path) -> Result<String, String> {
    let key = SigningKey::read(key)?;
    let image =
        Image::read(path).map_err(|error| format!("cannot use the image {}: {error}", path.display()))?;
    let signature = key.sign(&signed_text(&image.identity, &image.whole.hash));
    // A full disk leaves the image as it was.
    let unfinished = path.with_added_extension(format!("unfinished-{}", std::process::id()));
    let written = fs::write(&unfinished, [image.unsigned(), &signature].concat())
        .and_then(|()| fs::set_permissions(&unfinished, fs::metadata(path)?.permissions()))
        .and_then(|()| fs::rename(&unfinished, path));
    if let Err(error) = written {
        // The first failure is the one to report.
        let _ = fs::remove_file(&unfinished);
        return Err(format!("cannot write {}: {error}", path.display()));
    }
    let identity = &image.identity;
    Ok(format!(
        "Signed {} {} for {} ({}), for devices with the public key {}",
        identity.application,
        identity.version,
        identity.board,
        identity.chip,
        key.public_hex()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_passes_claps_checks() {
        command().debug_assert();
    }
}

//! `instep new`, which makes a folder for a device of one's own.

mod board;
mod name;
mod source;
mod template;

use clap::{Arg, ArgAction, Command};
use esp_boards::BOARDS;
use name::ProjectName;
use source::Source;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use template::Project;

/// The command for the program.
pub(crate) const COMMAND: instep_linux::Command =
    instep_linux::Command { name: "new", about: "Make a folder for a device of your own", run };

/// Failure to make the folder, explained in one sentence.
#[derive(Debug)]
enum Error {
    /// The call is invalid.
    Usage(String),
    /// A file cannot be written.
    Write(PathBuf, io::Error),
}

fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match command().try_get_matches_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let text = |id| arguments.get_one::<String>(id).map(String::as_str);
    let board = text("board").unwrap_or(DEFAULT_BOARD);
    let made = || {
        let name = ProjectName::parse(text("name").unwrap_or_default()).map_err(Error::Usage)?;
        let board = BOARDS.iter().find(|known| known.name == board).ok_or_else(|| {
            let names: Vec<_> = BOARDS.iter().map(|board| board.name).collect();
            Error::Usage(format!("unknown board {board:?}; use one of {}", names.join(", ")))
        })?;
        let source = Source::new(text("path"), text("git")).map_err(Error::Usage)?;
        write(&Project::new(&name, board, &source), Path::new(name.as_str()))?;
        Ok((name, source))
    };
    match made() {
        Ok((name, source)) => {
            match source.note() {
                Some(note) => println!("Made the device {name}. {note}"),
                None => println!("Made the device {name}. Next:\n\n    cd {name}\n    cargo run"),
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("instep new: {error}");
            ExitCode::from(if matches!(error, Error::Usage(_)) { 2 } else { 1 })
        }
    }
}

/// Board of a project that names none.
const DEFAULT_BOARD: &str = "esp32c3-devkit";

fn command() -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).action(ArgAction::Set).help(help)
    };
    Command::new("instep new")
        .no_binary_name(true)
        .about(COMMAND.about)
        .after_help("The folder has small files of yours: src/NAME.rs is the device, src/esp.rs its board; `cargo esp` writes it to the board. One of your own has other pins in src/esp.rs.")
        .arg(Arg::new("name").value_name("NAME").required(true).help("Name of the device and of its folder"))
        .arg(option("board", "BOARD", "Board for `cargo esp`: its chip and its pins [default: esp32c3-devkit]"))
        .arg(option(
            "path",
            "DIR",
            "Use instep from this checkout of its repository, instead of the registry",
        ))
        .arg(
            option("git", "URL", "Use instep from this git repository, instead of the registry")
                .conflicts_with("path"),
        )
}

/// Writes the project to a folder that does not exist or is empty. On failure nothing stays.
fn write(project: &Project, folder: &Path) -> Result<(), Error> {
    let failed = |error| Error::Write(folder.into(), error);
    match std::fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(Error::Usage(format!(
                    "the folder {:?} is not empty; choose another name, or empty it",
                    folder.display()
                )));
            }
            std::fs::remove_dir(folder).map_err(failed)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let unfinished = folder.with_extension(format!("unfinished-{}", std::process::id()));
    let written = project.files().try_for_each(|(path, text)| {
        let path = unfinished.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&unfinished))?;
        std::fs::write(path, text)
    });
    let written = written.and_then(|()| std::fs::rename(&unfinished, folder));
    if written.is_err() {
        // The first failure is the one to report.
        let _ = std::fs::remove_dir_all(&unfinished);
    }
    written.map_err(failed)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(sentence) => f.write_str(sentence),
            Self::Write(folder, error) => {
                write!(f, "cannot write the folder {:?}: {error}", folder.display())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_passes_claps_checks() {
        command().debug_assert();
    }
}

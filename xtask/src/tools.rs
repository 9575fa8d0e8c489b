//! Programs of this machine, and the installation of missing ones.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::{Outcome, Stop};

/// State of this machine that jobs need.
#[derive(Debug)]
pub(crate) struct Tools {
    install: bool,
    /// Whether the package lists were fetched, which happens once at most.
    lists_are_new: bool,
}

impl Tools {
    pub(crate) fn new(install: bool) -> Tools {
        Tools { install, lists_are_new: false }
    }

    /// Installs Debian packages with `--install`.
    ///
    /// Without `--install`, it returns the outcome of a step that needs them. `missing` begins the sentence of that
    /// outcome, and the command follows.
    pub(crate) fn install(&mut self, missing: &str, packages: &[&str]) -> Outcome {
        let sudo = if is_root() { "" } else { "sudo " };
        let packages = packages.join(" ");
        let command = format!("{sudo}apt-get install -y --no-install-recommends {packages}");
        if !self.install {
            return Err(Stop::Skipped(format!("{missing} `{command}` installs it")));
        }
        if find("apt-get").is_none() {
            return Err(format!("{missing} `{command}` installs it, but there is no apt-get here").into());
        }
        if !self.lists_are_new {
            // A failure is ignored, because the old lists may still suffice.
            let _ = shell(&format!("{sudo}apt-get update"));
            self.lists_are_new = true;
        }
        shell(&command).map_err(|_| format!("{missing} `{command}` installs it, but it failed").into())
    }

    /// Installs the Debian packages of missing programs with `--install`.
    pub(crate) fn programs(&mut self, programs: &[(&str, &str)]) -> Outcome {
        for (program, package) in programs {
            // Debian installs some programs into a folder that PATH may lack.
            if find(program).is_none() && !Path::new("/usr/sbin").join(program).is_file() {
                self.install(&format!("{program} is missing;"), &[package])?;
            }
        }
        Ok(())
    }

    /// Checks that cargo has a subcommand, which this command installs with `--install`.
    pub(crate) fn subcommand(&self, subcommand: &str, name: &str, install: &[&str]) -> Outcome {
        let is_there = || output(&mut cargo(&[subcommand, "--version"])).is_some();
        let install = install.join(" ");
        if is_there() || (self.install && shell(&install).is_ok() && is_there()) {
            return Ok(());
        }
        Err(Stop::Skipped(format!("{name} is missing; `{install}` installs it")))
    }

    /// Returns whether `--install` was given.
    pub(crate) fn may_install(&self) -> bool {
        self.install
    }
}

/// Runs a command with its output shown immediately.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    println!("$ {shown}");
    // The command has no input, because it must not ask questions.
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` ended with {status}").into()),
        Err(error) => Err(format!("`{shown}` could not be started: {error}").into()),
    }
}

/// Runs a command with its errors shown immediately, and returns its output.
pub(crate) fn run_for_output(command: &mut Command) -> Outcome<String> {
    let shown = show(command);
    println!("$ {shown}");
    match command.stdin(Stdio::null()).stderr(Stdio::inherit()).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().into()),
        Ok(output) => Err(format!("`{shown}` ended with {}", output.status).into()),
        Err(error) => Err(format!("`{shown}` could not be started: {error}").into()),
    }
}

fn shell(line: &str) -> Outcome {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    run(command.args(words).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Returns a command as a person would type it, with cargo by its name.
fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    // PATH is left out, because it is long and the same for all commands.
    let changed = command.get_envs().filter(|(name, _)| *name != "PATH").filter_map(|(name, value)| {
        Some(format!("{}={} ", name.to_string_lossy(), value?.to_string_lossy()))
    });
    let args = command.get_args().map(|arg| format!(" {}", arg.to_string_lossy()));
    changed.collect::<String>() + &name + &args.collect::<String>()
}

/// Returns cargo, to run in the folder of the workspace.
///
/// It has the toolchain that runs this program.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(workspace());
    command
}

/// Returns the folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    // The variable is read at run time, because checkouts that share a target folder may also share this program.
    let xtask =
        std::env::var_os("CARGO_MANIFEST_DIR").expect("CARGO_MANIFEST_DIR is not set; run `cargo xtask`");
    Path::new(&xtask).parent().expect("the folder of xtask has no parent").to_owned()
}

/// Returns what `cargo metadata` says of the workspace in a folder.
pub(crate) fn metadata(folder: &Path, args: &[&str]) -> Outcome<serde_json::Value> {
    let mut command = cargo(&["metadata", "--format-version", "1"]);
    let text = output(command.args(args).current_dir(folder));
    let metadata = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(metadata.ok_or_else(|| "cargo metadata gives no JSON".to_owned())?)
}

/// Returns the target folder of cargo, which contains this program.
pub(crate) fn target() -> PathBuf {
    let program = std::env::current_exe().expect("cannot find the path of this program");
    let target = program.ancestors().nth(2).expect("this program is not in target/PROFILE");
    target.to_owned()
}

/// Returns the server in INSTEP_BIN, or builds `instep` without that variable.
pub(crate) fn server() -> Outcome<OsString> {
    if let Some(server) = std::env::var_os("INSTEP_BIN") {
        return Ok(server);
    }
    run(&mut cargo(&["build", "--package", "instep-cli", "--bin", "instep"]))?;
    Ok(target().join("debug/instep").into_os_string())
}

/// Returns the path of a program, if it can be started by its name.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    find_in(&path, program, std::env::consts::EXE_SUFFIX)
}

/// Finds a program in the folders of `path`, with or without the suffix.
fn find_in(path: &OsStr, program: &str, suffix: &str) -> Option<PathBuf> {
    let names = [program.to_owned() + suffix, program.to_owned()];
    std::env::split_paths(path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .find(|file| file.is_file())
}

/// Returns the output of a program, if it succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    output_or_error(command).ok()
}

/// Returns the output of a program, or its errors.
pub(crate) fn output_or_error(command: &mut Command) -> Result<String, String> {
    let shown = show(command);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

/// Returns the name if it is among those of its kind.
pub(crate) fn one_of(names: &[String], kind: &str, name: &str) -> Result<String, String> {
    let found = names.iter().find(|known| *known == name).cloned();
    found.ok_or_else(|| format!("unknown {kind} {name}; choose one of {}", list(names)))
}

/// Formats as `a, b and c`.
pub(crate) fn list(names: &[String]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        few => few.concat(),
    }
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_some_and(|id| id == "0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn program_is_found_by_name_with_or_without_suffix() {
        let folder = std::env::temp_dir().join(format!("instep-find-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("cannot create the folder");
        let file = folder.join("espflash.exe");
        fs::write(&file, "").expect("cannot write the file");
        let path =
            std::env::join_paths([folder.join("none"), folder.clone()]).expect("cannot join the paths");
        let found = [".exe", ""].map(|suffix| find_in(&path, "espflash", suffix));
        let whole = find_in(&path, "espflash.exe", "");
        fs::remove_dir_all(&folder).expect("cannot remove the folder");
        assert_eq!((found, whole), ([Some(file.clone()), None], Some(file)));
    }

    #[test]
    fn lists_are_read_aloud() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([list(&names[..1]), list(&names[..2]), list(&names)], ["a", "a and b", "a, b and c"]);
    }
}

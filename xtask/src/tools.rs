//! Which programs this machine has, and how it gets those it lacks.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::Outcome;

/// What a job needs to know about this machine.
#[derive(Debug)]
pub(crate) struct Tools {
    install: bool,
    /// The package lists are fetched once, not for every package.
    lists_are_new: bool,
}

impl Tools {
    pub(crate) fn new(install: bool) -> Tools {
        Tools { install, lists_are_new: false }
    }

    /// Installs Debian packages if that is wanted. `Err` is the outcome of a step that needs them:
    /// `missing` begins the sentence that says so, the command ends it.
    pub(crate) fn install(&mut self, missing: &str, packages: &[&str]) -> Result<(), Outcome> {
        let sudo = if is_root() { "" } else { "sudo " };
        let packages = packages.join(" ");
        let command = format!("{sudo}apt-get install -y --no-install-recommends {packages}");
        if !self.install {
            return Err(Outcome::Skipped(format!("{missing} `{command}`")));
        }
        if find("apt-get").is_none() {
            return Err(Outcome::Failed(format!("{missing} `{command}` (but there is no apt-get here)")));
        }
        if !self.lists_are_new {
            // If it fails, the old lists may still do.
            let _ = shell(&format!("{sudo}apt-get update"));
            self.lists_are_new = true;
        }
        match shell(&command) {
            Outcome::Passed => Ok(()),
            _ => Err(Outcome::Failed(format!("{missing} `{command}` (but that failed)"))),
        }
    }

    /// Whether `--install` was given.
    pub(crate) fn may_install(&self) -> bool {
        self.install
    }
}

/// Runs a command with its output shown as it comes.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    println!("$ {shown}");
    // Nothing here asks questions: whoever tries finds no one to answer.
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("`{shown}` ended with {status}")),
        Err(error) => Outcome::Failed(format!("`{shown}` could not be started: {error}")),
    }
}

fn shell(line: &str) -> Outcome {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    run(command.args(words).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// A command as a person would type it; of cargo only the name.
fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    // The search path is long, and tells nobody anything.
    let changed = command.get_envs().filter(|(name, _)| *name != "PATH").filter_map(|(name, value)| {
        Some(format!("{}={} ", name.to_string_lossy(), value?.to_string_lossy()))
    });
    let args = command.get_args().map(|arg| format!(" {}", arg.to_string_lossy()));
    changed.collect::<String>() + &name + &args.collect::<String>()
}

/// Cargo, with the same toolchain as runs this, in the folder of the workspace.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(workspace());
    command
}

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    // Asked for when it runs: checkouts that share a target folder may share this program too.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo xtask sets CARGO_MANIFEST_DIR");
    Path::new(&xtask).parent().expect("xtask lies in the workspace").to_owned()
}

/// The folder that cargo builds into, wherever that is: this program lies in it.
pub(crate) fn target() -> PathBuf {
    let program = std::env::current_exe().expect("the path of this program");
    let target = program.ancestors().nth(2).expect("target/PROFILE/xtask");
    target.to_owned()
}

/// The server to test: the one that INSTEP_BIN names, or else a new build.
pub(crate) fn server() -> Result<OsString, Outcome> {
    if let Some(server) = std::env::var_os("INSTEP_BIN") {
        return Ok(server);
    }
    match run(&mut cargo(&["build", "--package", "instep-cli", "--bin", "instep"])) {
        Outcome::Passed => Ok(target().join("debug/instep").into_os_string()),
        failed => Err(failed),
    }
}

/// The path of a program, if it can be started by its name.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    find_in(&path, program, std::env::consts::EXE_SUFFIX)
}

/// Its file may be called by its name alone, or with what the files of programs end with.
fn find_in(path: &OsStr, program: &str, suffix: &str) -> Option<PathBuf> {
    let names = [program.to_owned() + suffix, program.to_owned()];
    std::env::split_paths(path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .find(|file| file.is_file())
}

/// What a program prints on stdout, if it ends well.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// What a program prints on stdout, or else what it says is wrong.
pub(crate) fn output_or_error(command: &mut Command) -> Result<String, String> {
    let shown = show(command);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_some_and(|id| id == "0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_program_is_found_by_its_name_and_on_windows_with_what_it_ends_with() {
        let folder = std::env::temp_dir().join(format!("instep-find-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("espflash.exe");
        fs::write(&file, "").expect("a file");
        let path = std::env::join_paths([folder.join("none"), folder.clone()]).expect("a path");
        let found = [".exe", ""].map(|suffix| find_in(&path, "espflash", suffix));
        let whole = find_in(&path, "espflash.exe", "");
        fs::remove_dir_all(&folder).expect("it is removed");
        assert_eq!((found, whole), ([Some(file.clone()), None], Some(file)));
    }
}

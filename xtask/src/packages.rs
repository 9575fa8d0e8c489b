//! Packages of other projects, installed into the target folder.
//!
//! They are never part of this repository.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::{Outcome, Stop};
use crate::tools::{run, target, workspace};

/// Checks the hashes of the lock file, and runs nothing of the packages.
pub(crate) const NPM: Step = ("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
/// Marks a complete installation.
const MARK: &str = "whole";

/// A program and its arguments.
///
/// A program with a slash in its name is in the folder of the packages.
pub(crate) type Step = (&'static str, &'static [&'static str]);

/// An installation.
pub(crate) struct Packages {
    /// Name of its folder in the target folder.
    pub(crate) name: &'static str,
    /// Folder of the lists, in the repository.
    pub(crate) lists_in: &'static str,
    pub(crate) lists: &'static [&'static str],
    pub(crate) steps: &'static [Step],
}

impl Packages {
    /// Returns the folder of the packages.
    ///
    /// Installs them if the lists have changed since the last complete installation.
    pub(crate) fn install(&self) -> Outcome<PathBuf> {
        let name = self.name;
        let folder = target().join(name);
        let failed = |error: io::Error| Stop::Failed(format!("{name} has no folder: {error}"));
        if !self.prepare(&workspace().join(self.lists_in), &folder).map_err(failed)? {
            return Ok(folder);
        }
        for (program, args) in self.steps {
            let program = if program.contains('/') { folder.join(program) } else { program.into() };
            if run(Command::new(program).args(*args).current_dir(&folder)).is_err() {
                return Err(Stop::Skipped(format!("{name} is missing, and could not be fetched")));
            }
        }
        fs::write(folder.join(MARK), "").map(|()| folder).map_err(failed)
    }

    /// Copies the lists, and returns whether the packages must be installed.
    fn prepare(&self, lists_in: &Path, folder: &Path) -> io::Result<bool> {
        let mark = folder.join(MARK);
        let is_same = |list: &&str| fs::read(lists_in.join(list)).ok() == fs::read(folder.join(list)).ok();
        if mark.is_file() && self.lists.iter().all(is_same) {
            return Ok(false);
        }
        fs::create_dir_all(folder)?;
        // The mark is removed before the lists change, because the packages are still the old ones.
        if mark.is_file() {
            fs::remove_file(mark)?;
        }
        for list in self.lists {
            fs::copy(lists_in.join(list), folder.join(list))?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_installed_unless_the_same_lists_were_installed_completely() {
        let root = std::env::temp_dir().join(format!("instep-packages-{}", std::process::id()));
        let (lists_in, folder) = (root.join("lists"), root.join("folder"));
        fs::create_dir_all(&lists_in).expect("cannot create the folder");
        fs::write(lists_in.join("list"), "1").expect("cannot write the file");
        let packages = Packages { name: "", lists_in: "", lists: &["list"], steps: &[] };
        let prepare = || packages.prepare(&lists_in, &folder).expect("cannot prepare the folder");
        assert!(prepare(), "the first installation was skipped");
        assert!(prepare(), "an incomplete installation was used");
        fs::write(folder.join(MARK), "").expect("cannot write the file");
        assert!(!prepare(), "a complete installation was repeated");
        fs::write(lists_in.join("list"), "2").expect("cannot write the file");
        assert!(prepare(), "a changed list was ignored");
        assert!(prepare(), "an incomplete installation of the new list was used");
        fs::remove_dir_all(&root).expect("cannot remove the folder");
    }
}

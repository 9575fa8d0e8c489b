//! Programs of this machine.

use std::path::PathBuf;

/// Returns the path of a program, or reports that it is missing.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Not everyone's PATH has the folders that Debian lays servers into.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    if found.is_none() {
        println!("skipped: {program} is not on PATH");
    }
    found
}

//! axe-core, a checker of accessibility.
//!
//! It is fetched on demand, and is never part of this repository.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::tools::{output, run, target};

const VERSION: &str = "4.14.1";
/// SHA-256 of the package.
const HASH: &str = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745";

/// Returns the script in the target folder, or an error that says what is missing.
pub(crate) fn script() -> Result<PathBuf, String> {
    let folder = target().join("axe-core").join(VERSION);
    let script = folder.join("package/axe.min.js");
    if script.is_file() {
        return Ok(script);
    }
    let package = folder.join("package.tgz");
    let url = format!("https://registry.npmjs.org/axe-core/-/axe-core-{VERSION}.tgz");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("{} cannot be created: {error}", folder.display()))?;
    let fetch = Command::new("curl")
        .args(["--fail", "--silent", "--show-error", "--location", "--max-time", "120", "--output"])
        .args([package.as_os_str(), url.as_ref()])
        .status();
    if !fetch.is_ok_and(|status| status.success()) {
        return Err(format!("axe-core is missing, and curl could not fetch it from {url}"));
    }
    let hash = output(Command::new("sha256sum").arg(&package)).unwrap_or_default();
    if !hash.starts_with(HASH) {
        return Err(format!("the file from {url} is not axe-core {VERSION}; remove {}", package.display()));
    }
    let unpacked = run(Command::new("tar").arg("xzf").arg(&package).arg("-C").arg(&folder));
    if unpacked.is_err() || !script.is_file() {
        return Err(format!("{} cannot be unpacked", package.display()));
    }
    Ok(script)
}

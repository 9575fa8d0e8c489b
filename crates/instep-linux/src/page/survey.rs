//! Survey of a page's files when the server starts.
//!
//! It finds the paths of the files, and their expectations of the device.

use super::{hints, open};
use page_files::INDEX;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Maximum number of bytes that are read of a file.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Maximum number of surveyed files.
const MAX_FILES: usize = 1000;
/// Maximum depth of nested folders.
const MAX_DEPTH: usize = 16;

/// Result of a survey.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Whether a file opens its WebSocket at port 80.
    pub(crate) expects_port_80: bool,
    /// Whether a file opens its WebSocket with `ws://`.
    pub(crate) says_ws: bool,
    /// Paths of all files except the page itself.
    paths: Vec<String>,
}

impl Survey {
    pub(super) fn of_file(path: &Path) -> Result<Self, String> {
        let mut survey = Self::default();
        let file = open::anywhere(path).and_then(|file| {
            // A device may have endless bytes, and reading a pipe may wait for another program.
            let about = file.metadata()?;
            if about.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
        });
        survey.read(path, file)?;
        Ok(survey)
    }

    pub(super) fn of_folder(folder: &Path) -> Result<Self, String> {
        let mut survey = Self::default();
        let page = open::below(folder, Path::new(INDEX));
        if page.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Err(format!("cannot use the page {}: the folder has no {INDEX}", folder.display()));
        }
        if page.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Unsupported) {
            let folder = folder.display();
            return Err(format!("cannot use the page {folder}: a folder needs Linux 5.6 or newer"));
        }
        survey.read(&folder.join(INDEX), page)?;
        survey.walk(folder, Path::new(""), MAX_DEPTH);
        Ok(survey)
    }

    /// Returns the paths of files for which `hides` is true.
    ///
    /// These files are never served.
    pub(crate) fn hidden(&self, hides: impl Fn(&str) -> bool) -> Vec<&str> {
        self.paths.iter().map(String::as_str).filter(|path| hides(path)).collect()
    }

    /// Surveys all readable files of a folder.
    fn walk(&mut self, root: &Path, below: &Path, depth: usize) {
        let Ok(entries) = std::fs::read_dir(root.join(below)) else { return };
        let mut names: Vec<PathBuf> = entries.flatten().map(|entry| below.join(entry.file_name())).collect();
        names.sort();
        for name in names {
            let Some(text) = name.to_str().filter(|_| self.paths.len() < MAX_FILES) else { continue };
            let Ok(file) = open::below(root, &name) else { continue };
            let Ok(about) = file.metadata() else { continue };
            if about.is_dir() && depth > 0 {
                self.walk(root, &name, depth - 1);
            } else if about.is_file() && text != INDEX {
                self.paths.push(format!("/{text}"));
                if [".html", ".htm", ".js", ".mjs"].iter().any(|end| text.ends_with(end)) {
                    // A file that is not text is ignored.
                    let _ = self.read(&name, Ok(file));
                }
            }
        }
    }

    fn read(&mut self, path: &Path, file: io::Result<File>) -> Result<(), String> {
        let mut bytes = Vec::new();
        file.and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes))
            .map_err(|error| format!("cannot read the page {}: {error}", path.display()))?;
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            // The limit of bytes may cut a character.
            Err(error) if error.error_len().is_none() && bytes.len() as u64 == MAX_FILE_BYTES => {
                std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return Err(format!("cannot use the page {}: it is not text in UTF-8", path.display())),
        };
        self.expects_port_80 |= hints::expects_port_80(text);
        self.says_ws |= hints::says_ws(text);
        Ok(())
    }
}

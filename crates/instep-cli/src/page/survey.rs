//! What the files of a page expect of the device, looked at when the server starts.

use super::{hints, open};
use page_files::INDEX;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Bytes of a file that are looked at.
const LOOKED_AT: u64 = 1 << 20;
/// Files of a folder that are looked at.
const FILES: usize = 1000;
/// Folders within folders.
const DEPTH: usize = 16;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// A file opens its WebSocket at port 80.
    pub(crate) expects_port_80: bool,
    /// A file opens its WebSocket with `ws://`.
    pub(crate) says_ws: bool,
    /// The paths of all files, without the page itself.
    paths: Vec<String>,
}

impl Survey {
    pub(super) fn of_file(path: &Path) -> Result<Self, String> {
        let mut survey = Self::default();
        let file = open::anywhere(path).and_then(|file| {
            // Its bytes never end, or it waits for another program.
            let about = file.metadata()?;
            if about.is_file() { Ok(file) } else { Err(io::Error::other("it is no file")) }
        });
        survey.look_at(path, file)?;
        Ok(survey)
    }

    pub(super) fn of_folder(folder: &Path) -> Result<Self, String> {
        let mut survey = Self::default();
        let page = open::below(folder, Path::new(INDEX));
        if page.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Err(format!("the page {} cannot be used: the folder has no {INDEX}", folder.display()));
        }
        if page.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Unsupported) {
            let folder = folder.display();
            return Err(format!("the page {folder} cannot be used: a folder needs Linux 5.6 or newer"));
        }
        survey.look_at(&folder.join(INDEX), page)?;
        survey.walk(folder, Path::new(""), DEPTH);
        Ok(survey)
    }

    /// The paths of files that are never asked for, because the device itself answers there.
    pub(crate) fn hidden(&self, hides: impl Fn(&str) -> bool) -> Vec<&str> {
        self.paths.iter().map(String::as_str).filter(|path| hides(path)).collect()
    }

    /// Looks at all files of a folder, as far as they can be read.
    fn walk(&mut self, root: &Path, below: &Path, depth: usize) {
        let Ok(entries) = std::fs::read_dir(root.join(below)) else { return };
        let mut names: Vec<PathBuf> = entries.flatten().map(|entry| below.join(entry.file_name())).collect();
        names.sort();
        for name in names {
            let Some(text) = name.to_str().filter(|_| self.paths.len() < FILES) else { continue };
            let Ok(file) = open::below(root, &name) else { continue };
            let Ok(about) = file.metadata() else { continue };
            if about.is_dir() && depth > 0 {
                self.walk(root, &name, depth - 1);
            } else if about.is_file() && text != INDEX {
                self.paths.push(format!("/{text}"));
                if [".html", ".htm", ".js", ".mjs"].iter().any(|end| text.ends_with(end)) {
                    // What is no text says nothing.
                    let _ = self.look_at(&name, Ok(file));
                }
            }
        }
    }

    fn look_at(&mut self, path: &Path, file: io::Result<File>) -> Result<(), String> {
        let mut bytes = Vec::new();
        file.and_then(|file| file.take(LOOKED_AT).read_to_end(&mut bytes))
            .map_err(|error| format!("the page {} cannot be read: {error}", path.display()))?;
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            // It was cut within a character.
            Err(error) if error.error_len().is_none() && bytes.len() as u64 == LOOKED_AT => {
                std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return Err(format!("the page {} is not text in UTF-8", path.display())),
        };
        self.expects_port_80 |= hints::expects_port_80(text);
        self.says_ws |= hints::says_ws(text);
        Ok(())
    }
}

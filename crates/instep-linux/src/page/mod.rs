//! The user's own page in place of the application's page.
//!
//! It is one file, or a folder with `index.html` and its other files. Files are read while they are sent, so that large
//! files take no memory, and changes are seen at the next reload.

mod fill;
mod hints;
mod missing;
mod open;
mod path;
mod sent;
mod survey;

use instep::folder::Found;
use instep::folder::{FileContent, Folder, FolderFile};
use instep_proto::http::{Chunk, PageValues, RequestHead};
use missing::Missing;
use page_files::{HTML, INDEX, content_type, is_template};
use sent::Sent;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
pub(crate) use survey::Survey;

/// Size of the buffer for a part of a template, in bytes.
const WINDOW: usize = 8192;

/// The user's own page.
#[derive(Debug)]
pub(crate) struct OwnPage {
    path: PathBuf,
    /// Whether `path` is a folder.
    is_folder: bool,
    /// Whether `%%` in a template is sent as `%`.
    percent_escape: bool,
    sent: Mutex<Sent>,
    missing: Mutex<Missing>,
}

impl OwnPage {
    /// Opens the page at that path, and surveys its files.
    ///
    /// # Errors
    /// A sentence, if the path cannot be read, or is a folder without `index.html`.
    pub(crate) fn open(path: &Path, percent_escape: bool) -> Result<(Self, Survey), String> {
        let is_folder = path.is_dir();
        let page = Self {
            path: path.into(),
            is_folder,
            percent_escape,
            sent: Mutex::default(),
            missing: Mutex::default(),
        };
        let survey = if is_folder { Survey::of_folder(path)? } else { Survey::of_file(path)? };
        Ok((page, survey))
    }

    fn open_file(&self, name: &Path) -> io::Result<File> {
        if self.is_folder { open::below(&self.path, name) } else { open::anywhere(&self.path) }
    }

    /// Finds the file of a request.
    fn look_up(&self, head: &RequestHead<'_>) -> io::Result<Found> {
        let nothing = || io::Error::from(io::ErrorKind::NotFound);
        let name = path::file_of(head.path).ok_or_else(nothing)?;
        if !self.is_folder && head.path != "/" {
            return Err(nothing());
        }
        let file = self.open_file(&name)?;
        let about = file.metadata()?;
        if about.is_dir() {
            // The caller redirects to the path with `/`, because the page has relative links.
            self.open_file(&name.join(INDEX))?;
            return Ok(Found::Folder);
        }
        let length = u32::try_from(about.len()).ok().filter(|length| about.is_file() && *length < u32::MAX);
        let length = length.ok_or_else(nothing)?;
        let text = name.to_string_lossy();
        let hash = open::identity(&about);
        let (content_type, content) = if is_template(&text) {
            (HTML, FileContent::Template)
        } else {
            (content_type(&text), FileContent::Plain { length, hash })
        };
        let number = self.sent.lock().expect("mutex poisoned").number(&name, hash);
        Ok(Found::File(FolderFile { number, content_type, content }))
    }

    fn read_part(
        &self,
        number: u16,
        position: u32,
        values: &dyn PageValues,
        out: &mut [u8],
    ) -> io::Result<Chunk> {
        let changed = || io::Error::from(io::ErrorKind::NotFound);
        let (name, hash) = self.sent.lock().expect("mutex poisoned").file(number).ok_or_else(changed)?;
        let file = self.open_file(&name)?;
        let about = file.metadata()?;
        if open::identity(&about) != hash {
            return Err(changed());
        }
        let left = about.len().saturating_sub(position.into());
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let read = |into: &mut [u8]| file.read_exact_at(into, position.into());
        if is_template(&name.to_string_lossy()) {
            let mut window = [0; WINDOW];
            let window = &mut window[..left.min(WINDOW)];
            read(window)?;
            let at_end = window.len() == left;
            let value = |name: &str, each: &mut dyn FnMut(&str)| values.page_value(name, each);
            return Ok(fill::fill(window, position, at_end, self.percent_escape, value, out));
        }
        let length = left.min(out.len());
        read(&mut out[..length])?;
        let next = position.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        Ok(Chunk { length, next: (length < left).then_some(next) })
    }
}

impl Folder for OwnPage {
    fn find(&self, head: &RequestHead<'_>) -> Found {
        self.look_up(head).unwrap_or_else(|error| {
            self.missing.lock().expect("mutex poisoned").log(head, &error, self.is_folder);
            Found::Nothing
        })
    }

    fn read(&self, number: u16, position: u32, values: &dyn PageValues, out: &mut [u8]) -> Chunk {
        // A file that has changed meanwhile cannot be continued.
        self.read_part(number, position, values, out).unwrap_or(Chunk::BROKEN)
    }
}

//! Files of a folder, for paths where the application declares nothing.

use super::request::{Outcome, Request};
use super::response::redirect;
use crate::access::prefix;
use core::fmt::Debug;
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Asset, Chunk, Method, PageValues, Reply, RequestHead, Status};

/// First number of the bodies that are read from files.
const FIRST_FILE: u16 = 0x8000;
/// Upper bound of the numbers of files.
///
/// So it is the maximum number of files that are sent at the same time.
pub const FOLDER_FILES_MAX: u16 = 0x4000;

/// Files of a page, such as scripts, style sheets and pictures.
///
/// The server looks here if nothing else is at a path, after it has checked Host and the log-in. Calls must not wait.
pub trait Folder: Debug + Sync {
    /// Finds the content at the path of a request.
    ///
    /// The path is as the client sent it, without decoding. `base` is the prefix that the client puts before it.
    fn find(&self, head: &RequestHead<'_>) -> Found;

    /// Writes the next chunk of a file to the start of `out`.
    ///
    /// `position` is 0 at first, then the one that the call before returned. [`Chunk::BROKEN`] aborts the answer and closes the
    /// connection.
    fn read(&self, number: u16, position: u32, values: &dyn PageValues, out: &mut [u8]) -> Chunk {
        let _ = (number, position, values, out);
        Chunk::BROKEN
    }

    /// Answers a request.
    ///
    /// For the server; a provided method, so that it is linked only if an application has a folder.
    #[doc(hidden)]
    fn answer(&self, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
        let base = prefix(request.head.base, request.head, request.proxied);
        let (head, frames) = (&RequestHead { base, ..*request.head }, request.context.access.frames);
        let error = |status| Outcome::Reply(Reply::error(status, Some(head)));
        match self.find(head) {
            Found::Nothing => error(Status::NotFound),
            Found::Asset(asset) => Outcome::Reply(Reply::asset(asset, head, frames)),
            _ if !matches!(head.method, Method::Get | Method::Head) => error(Status::MethodNotAllowed),
            Found::File(FolderFile { number, content_type, content }) => {
                let number = FIRST_FILE + number % FOLDER_FILES_MAX;
                let length_and_hash = match content {
                    FileContent::Plain { length, hash } => Some((length as usize, hash)),
                    FileContent::Template => None,
                };
                Outcome::Reply(Reply::file(number, content_type, length_and_hash, head, frames))
            }
            Found::Folder => {
                let path = format_args!("{}/", head.path);
                redirect(Status::Found, head.base, &path, head, out)
            }
        }
    }
}

/// Folder of assets that are known at build time, each with its path.
#[derive(Clone, Copy, Debug)]
pub struct Files(pub &'static [(&'static str, Asset)]);

impl Folder for Files {
    fn find(&self, head: &RequestHead<'_>) -> Found {
        let file = self.0.iter().find(|(path, _)| *path == head.path);
        file.map_or(Found::Nothing, |(_, asset)| Found::Asset(asset))
    }
}

/// Content of a folder at a path.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// Nothing that may be served.
    Nothing,
    /// An asset that is known at build time.
    Asset(&'static Asset),
    /// A file.
    File(FolderFile),
    /// A folder with an index page. The client is redirected to the same path with a `/` at its end.
    Folder,
}

/// A file that is read while it is sent.
#[derive(Clone, Copy, Debug)]
pub struct FolderFile {
    /// The number for [`Folder::read`], below [`FOLDER_FILES_MAX`].
    pub number: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The way from the file's bytes to a body.
    pub content: FileContent,
}

/// Way from the bytes of a file to a body.
#[derive(Clone, Copy, Debug)]
pub enum FileContent {
    /// The bytes are sent unchanged.
    Plain {
        /// The length of the file, in bytes.
        length: u32,
        /// The hash for the ETag, which differs for different content.
        hash: u64,
    },
    /// `%NAME%` is replaced by the device's value of that name.
    ///
    /// Clients must not cache the result.
    Template,
}

/// Returns the number of the file with this body, or `None` if the body is not a file.
pub(crate) fn file_of(body: u16) -> Option<u16> {
    body.checked_sub(FIRST_FILE).filter(|number| *number < FOLDER_FILES_MAX)
}

//! Files of a page, behind all that the application declares.

use super::request::{Outcome, Request};
use core::fmt::Debug;
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Asset, Chunk, Method, PageValues, Reply, RequestHead, Status};

/// The numbers of bodies that are read from files.
const FILES: u16 = 0x8000;
/// Files that can be sent at the same time: their numbers are below this.
pub const FOLDER_FILES_MAX: u16 = 0x4000;

/// The files of a page of one's own: its script, its style, its pictures.
///
/// The server asks for them where nothing else answers, behind the checks of Host and the log-in. No call waits.
pub trait Folder: Debug + Sync {
    /// Finds what is at the path of a request. The path is as it was sent: nothing is decoded.
    fn find(&self, head: &RequestHead<'_>) -> Found;

    /// Writes what comes next of a file at the start of `out`. `position` is 0 at first, then what the call before said.
    /// [`Chunk::BROKEN`] ends the answer and its connection.
    fn read(&self, number: u16, position: u32, values: &dyn PageValues, out: &mut [u8]) -> Chunk {
        let _ = (number, position, values, out);
        Chunk::BROKEN
    }

    /// For the server, and linked where an application has a folder: answers a request.
    #[doc(hidden)]
    fn answer(&self, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
        let (head, frames) = (request.head, request.context.access.frames);
        let error = |status| Outcome::Reply(Reply::error(status, Some(head)));
        match self.find(head) {
            Found::Nothing => error(Status::NotFound),
            Found::Asset(asset) => Outcome::Reply(Reply::asset(asset, head, frames)),
            _ if !matches!(head.method, Method::Get | Method::Head) => error(Status::MethodNotAllowed),
            Found::File(FolderFile { number, content_type, content }) => {
                let number = FILES + number % FOLDER_FILES_MAX;
                Outcome::Reply(match content {
                    FileContent::Plain { length, hash } => {
                        Reply::file(number, content_type, Some((length as usize, hash)), head, frames)
                    }
                    FileContent::Template => Reply::file(number, content_type, None, head, frames),
                })
            }
            Found::Folder => {
                let response = Reply::empty_head(Status::Found, head);
                let line = format_args!("Location: {}{}/\r\n", head.base, head.path);
                match response.write_with(out.spare_mut(), line) {
                    Some(length) => {
                        out.commit(length);
                        Outcome::Written { closes: response.closes() }
                    }
                    None if !out.is_empty() => Outcome::Blocked,
                    None => error(Status::HeadTooLarge),
                }
            }
        }
    }
}

/// Files that are known when the firmware is built, by their paths.
#[derive(Clone, Copy, Debug)]
pub struct Files(pub &'static [(&'static str, Asset)]);

impl Folder for Files {
    fn find(&self, head: &RequestHead<'_>) -> Found {
        let file = self.0.iter().find(|(path, _)| *path == head.path);
        file.map_or(Found::Nothing, |(_, asset)| Found::Asset(asset))
    }
}

/// What a folder has at a path.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// Nothing that may be served.
    Nothing,
    /// An asset that is known when the firmware is built.
    Asset(&'static Asset),
    /// A file.
    File(FolderFile),
    /// A folder with a page of its own, at the same path with a `/` at its end.
    Folder,
}

/// A file that is read while it is sent.
#[derive(Clone, Copy, Debug)]
pub struct FolderFile {
    /// Its number for [`Folder::read`], below [`FOLDER_FILES_MAX`].
    pub number: u16,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// How its bytes become a body.
    pub content: FileContent,
}

/// How the bytes of a file become a body.
#[derive(Clone, Copy, Debug)]
pub enum FileContent {
    /// As they are.
    Plain {
        /// How many bytes there are.
        length: u32,
        /// Another one for another content: its ETag.
        hash: u64,
    },
    /// With `%NAME%` replaced by the device's value of that name. No copy is kept.
    Template,
}

/// The number of a file, if that is the number of its body.
pub(crate) fn file_of(body: u16) -> Option<u16> {
    body.checked_sub(FILES).filter(|number| *number < FOLDER_FILES_MAX)
}

//! Pages and forms of a board, beside the pages of the application.

use super::form::{may_act, whole_content};
use super::parts::whole_parts;
use super::request::{Outcome, Request};
use super::response::redirect;
use core::fmt::{self, Debug, Write};
use core::ops::ControlFlow::{Break, Continue};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Asset, Chunk, Method, Reply, STRICT_POLICY, Status};

/// Number of the page's body, which is generated while it is sent.
pub(crate) const BOARD_PAGE: u16 = u16::MAX - 2;

/// Maximum length of one part of a page, in bytes.
pub const PAGE_PART_MAX: usize = 480;

/// Pages of a board for its set-up, such as the choice of a Wi-Fi network.
///
/// The server checks Host and Origin first. It serves the pages to clients in the device's own network (if
/// [`Access::portal`](crate::Access::portal) is set) and to clients that have logged in; for all others the pages do not exist.
/// A board's page takes precedence over the application's at the same path. Calls must be short and must not wait.
pub trait BoardPages: Debug + Sync {
    /// Returns the page, form or asset at `path`.
    fn find(&self, path: &str) -> Option<BoardPage>;

    /// Processes a form that was sent to `path`, and returns the path of the next page.
    ///
    /// The form is `application/x-www-form-urlencoded` and at most 1,024 bytes long. The client is redirected to the next page.
    fn submit(&self, path: &str, form: &[u8]) -> &'static str;

    /// Writes one part of the page, and returns the number of the next part.
    ///
    /// The first part is 0; `None` ends the page. A part is sent whole or not at all, so a page that changes meanwhile is never
    /// torn within a part. A part longer than [`PAGE_PART_MAX`] ends the page.
    ///
    /// # Errors
    /// Returns the error of `out`, which is full. The server calls again with the same part when there is room.
    fn write_part(&self, part: u16, out: &mut dyn Write) -> Result<Option<u16>, fmt::Error>;

    /// Answers a request for a page from a client that may see it.
    ///
    /// For the server; a provided method, so that it is linked only if a board has pages.
    #[doc(hidden)]
    fn answer(&self, page: BoardPage, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
        let head = request.head;
        match (page, head.method) {
            (BoardPage::Asset(asset), _) => {
                Outcome::Reply(Reply::asset(asset, head, request.context.access.frames))
            }
            (BoardPage::Page, Method::Get | Method::Head) => {
                let page = Reply::streamed(BOARD_PAGE, "text/html; charset=utf-8", head);
                Outcome::Reply(page.with_policy(STRICT_POLICY))
            }
            (BoardPage::Page | BoardPage::Form, _) => {
                if let Break(outcome) = may_act(request, out) {
                    return outcome;
                }
                match whole_content(request, out) {
                    Continue(form) => {
                        redirect(Status::SeeOther, head.base, &self.submit(head.path, form), head, out)
                    }
                    Break(outcome) => outcome,
                }
            }
        }
    }

    /// Fills `out` with parts of the page, from the part at `position` on.
    ///
    /// For the server.
    #[doc(hidden)]
    fn make_page(&self, position: u32, out: &mut [u8]) -> Chunk {
        let chunk = whole_parts(position, out, |part, out| {
            let part = u16::try_from(part).unwrap_or(u16::MAX);
            Ok(self.write_part(part, out)?.map(u32::from))
        });
        // A part that does not fit the maximum length never fits, so the page ends.
        let room = out.len() - chunk.length;
        Chunk { next: chunk.next.filter(|_| room < PAGE_PART_MAX), ..chunk }
    }
}

/// Content of a board at a path.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum BoardPage {
    /// A page that is generated for each request. It takes forms, too.
    Page,
    /// An address that takes forms only.
    Form,
    /// An asset, such as a style sheet.
    Asset(&'static Asset),
}

//! Pages that a board brings along, beside those of the application, and the forms that they send.

use super::form::{may_act, whole_content};
use super::request::{Outcome, Request};
use super::response::redirect;
use core::fmt::{self, Debug, Write};
use core::ops::ControlFlow::{Break, Continue};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Asset, Chunk, Method, Reply, STRICT_POLICY, Status};

/// The number of the page's body, which is made while it is written.
pub(crate) const BOARD_PAGE: u16 = u16::MAX - 2;

/// In so many bytes each part of a page has room.
pub const PAGE_PART_MAX: usize = 480;

/// What is asked of whoever sets a device up, such as which Wi-Fi network it is to join.
///
/// The server answers with them where Host and Origin pass, and only to those in the device's own network (where
/// [`Access::portal`](crate::Access::portal) is set), or who have logged in: to nobody else is there anything. They go before
/// what the application has at the same path. Each call is short, and never waits.
pub trait BoardPages: Debug + Sync {
    /// What there is at `path`.
    fn find(&self, path: &str) -> Option<BoardPage>;

    /// Takes a form (`application/x-www-form-urlencoded`, 1,024 bytes at most) that was sent to `path`, and returns the path of
    /// the page that is to be shown then.
    fn submit(&self, path: &str, form: &[u8]) -> &'static str;

    /// Writes one part of the page, which begins with part 0, and says which comes behind it. A part is written whole or not
    /// at all, so that a page that changes meanwhile is never torn within one. A part longer than [`PAGE_PART_MAX`] ends
    /// the page.
    ///
    /// # Errors
    /// Those of `out`: it is asked for again when there is room.
    fn write_part(&self, part: u16, out: &mut dyn Write) -> Result<Option<u16>, fmt::Error>;

    /// For the server, and linked where a board has pages: answers for a page, to somebody who may have it.
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
                if let Break(decision) = may_act(request, out) {
                    return decision;
                }
                match whole_content(request, out) {
                    Continue(form) => {
                        redirect(Status::SeeOther, head.base, &self.submit(head.path, form), head, out)
                    }
                    Break(decision) => decision,
                }
            }
        }
    }

    /// For the server: fills `out` with the parts of the page from that position on.
    #[doc(hidden)]
    fn make_page(&self, position: u32, out: &mut [u8]) -> Chunk {
        let (mut length, mut part) = (0, u16::try_from(position).unwrap_or(u16::MAX));
        loop {
            let room = out.len() - length;
            let mut part_out = Part { out: &mut out[length..], length: 0 };
            match self.write_part(part, &mut part_out) {
                Ok(Some(next)) => (length, part) = (length + part_out.length, next),
                Ok(None) => return Chunk { length: length + part_out.length, next: None },
                // What does not fit where there is enough room never will.
                Err(fmt::Error) => {
                    let next = (room < PAGE_PART_MAX).then_some(u32::from(part));
                    return Chunk { length, next };
                }
            }
        }
    }
}

/// What a board has at a path.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum BoardPage {
    /// The page, which is made for who asks. It takes forms, too.
    Page,
    /// It takes forms only.
    Form,
    /// An asset, such as a page's style.
    Asset(&'static Asset),
}

/// Room for a part.
struct Part<'o> {
    out: &'o mut [u8],
    length: usize,
}

impl Write for Part<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.out.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

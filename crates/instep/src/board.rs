//! Pages that a board brings along, beside those of the application.

use crate::client::AnswersForBoard;
use core::fmt::{self, Debug, Write};
use instep_proto::http::Asset;

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

    /// What clients need to be answered with it, which is not linked where there is none.
    #[doc(hidden)]
    fn answers(&self) -> &'static AnswersForBoard {
        AnswersForBoard::FROM_PARTS
    }
}

/// What a board has at a path.
#[derive(Clone, Copy, Debug)]
pub enum BoardPage {
    /// The page, which is made for who asks. It takes forms, too.
    Page,
    /// It takes forms only.
    Form,
    /// An asset, such as a page's style.
    Asset(&'static Asset),
}

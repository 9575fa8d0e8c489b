//! The board's own pages, and the forms that they send.

use super::entry::may_act;
use super::requests::{Decision, Request, lead};
use super::thing::BOARD_PAGE;
use super::{Client, World};
use crate::board::{BoardPage, BoardPages, PAGE_PART_MAX};
use core::fmt::{self, Write};
use core::ops::ControlFlow::{Break, Continue};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Made, Method, Reply, STRICT_POLICY, Status};

/// How clients are answered for a board's pages: not linked where a board has none.
#[derive(Debug)]
pub struct AnswersForBoard {
    pub(super) answer:
        fn(&Client, &dyn BoardPages, BoardPage, &Request<'_>, &World<'_>, &mut Outgoing<'_>) -> Decision,
    /// Fills memory with the parts of the board's page from that position on.
    pub(super) make: fn(&dyn BoardPages, position: u32, &mut [u8]) -> Made,
}

impl AnswersForBoard {
    pub(crate) const FROM_PARTS: &Self = &Self { answer: Client::answer_for_board, make: make_page };
}

impl Client {
    /// Answers for a page of the board, to somebody who may have it.
    fn answer_for_board(
        &self,
        board: &dyn BoardPages,
        page: BoardPage,
        request: &Request<'_>,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> Decision {
        let head = request.head;
        match (page, head.method) {
            (BoardPage::Asset(asset), _) => Decision::Reply(Reply::asset(asset, head, world.access.frames)),
            (BoardPage::Page, Method::Get | Method::Head) => {
                let page = Reply::made(BOARD_PAGE, "text/html; charset=utf-8", head);
                Decision::Reply(page.with_policy(STRICT_POLICY))
            }
            (BoardPage::Page | BoardPage::Form, _) => {
                if let Break(decision) = may_act(request, world, out) {
                    return decision;
                }
                match self.whole_form(request, out) {
                    Continue(form) => {
                        lead(Status::SeeOther, head.base, board.submit(head.path, form), head, out)
                    }
                    Break(decision) => decision,
                }
            }
        }
    }
}

impl World<'_> {
    /// What is at `path` of the board's.
    pub(super) fn find_board_page(&self, path: &str) -> Option<(&dyn BoardPages, BoardPage)> {
        let board = self.board?;
        Some((board, board.find(path)?))
    }

    /// Fills `out` with the parts of the board's page from `position` on.
    pub(super) fn make_board_page(&self, position: u32, out: &mut [u8]) -> Made {
        match self.board {
            Some(board) => (board.answers().make)(board, position, out),
            None => Made { length: 0, next: None },
        }
    }
}

fn make_page(board: &dyn BoardPages, position: u32, out: &mut [u8]) -> Made {
    let (mut length, mut part) = (0, u16::try_from(position).unwrap_or(u16::MAX));
    loop {
        let room = out.len() - length;
        let mut part_out = Part { out: &mut out[length..], length: 0 };
        match board.write_part(part, &mut part_out) {
            Ok(Some(next)) => (length, part) = (length + part_out.length, next),
            Ok(None) => return Made { length: length + part_out.length, next: None },
            // What does not fit where there is enough room never will.
            Err(fmt::Error) => {
                let next = (room < PAGE_PART_MAX).then_some(u32::from(part));
                return Made { length, next };
            }
        }
    }
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

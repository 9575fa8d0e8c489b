//! Bodies that are generated while they are sent.

use super::context::ConnectionContext;
use crate::service::{BOARD_PAGE, Bodies, file_of};
use crate::time::Instant;
use instep_proto::http::{Chunk, PageValues};

/// Generator of bodies, with the values of page templates.
pub(super) struct PageBodies<'w> {
    pub(super) context: &'w ConnectionContext<'w>,
    pub(super) now: Instant,
    /// The device's port of the connection.
    pub(super) port: u16,
}

impl PageValues for PageBodies<'_> {
    fn page_value(&self, name: &str, each: &mut dyn FnMut(&str)) -> bool {
        self.context.device.page_value(name, each)
    }

    fn generate(&self, number: u16, position: u32, out: &mut [u8]) -> Chunk {
        let Self { context, now, port } = *self;
        if let (Some(file), Some(folder)) = (file_of(number), context.app.folder) {
            return folder.read(file, position, self, out);
        }
        match (number, context.board, context.app.service) {
            (BOARD_PAGE, Some(board), _) => board.make_page(position, out),
            (_, _, Some(service)) if number != BOARD_PAGE => {
                let asks_password = context.log_in().is_some();
                (service.make)(&Bodies { context, now, port, asks_password }, number, position, out)
            }
            _ => Chunk { length: 0, next: None },
        }
    }
}

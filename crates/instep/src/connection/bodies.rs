//! Bodies that are made while they are written.

use super::context::ConnectionContext;
use crate::service::{BOARD_PAGE, Bodies, file_of};
use crate::time::Instant;
use instep_proto::http::{Chunk, PageValues};

/// Writes bodies while they are sent.
pub(super) struct PageBodies<'w> {
    pub(super) world: &'w ConnectionContext<'w>,
    pub(super) now: Instant,
    /// The port at which the client came in.
    pub(super) port: u16,
}

impl PageValues for PageBodies<'_> {
    fn page_value(&self, name: &str, each: &mut dyn FnMut(&str)) -> bool {
        self.world.device.page_value(name, each)
    }

    fn generate(&self, number: u16, position: u32, out: &mut [u8]) -> Chunk {
        let Self { world, now, port } = *self;
        if let (Some(file), Some(folder)) = (file_of(number), world.app.folder) {
            return folder.read(file, position, self, out);
        }
        match (number, world.board, world.app.service) {
            (BOARD_PAGE, Some(board), _) => board.make_page(position, out),
            (_, _, Some(service)) if number != BOARD_PAGE => {
                let asks_password = world.log_in().is_some();
                (service.make)(&Bodies { context: world, now, port, asks_password }, number, position, out)
            }
            _ => Chunk { length: 0, next: None },
        }
    }
}

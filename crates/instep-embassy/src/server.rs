//! The server: what the drivers of all network interfaces share.

use instep::board::BoardPages;
use instep::{Access, App, Device, LogIn};

/// A server on a microcontroller: what all its drivers share. A driver that is to differ gets a copy: that of the device's
/// own network has an [`Access`] with a portal.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// The application: its pages and endpoints.
    pub app: &'static App,
    /// Who may come in.
    pub access: &'static Access,
    /// Asks for the password, if there is one.
    pub log_in: Option<&'static LogIn>,
    /// The board's own pages, if it has any ([`Server::with_board`]).
    pub board: Option<&'static dyn BoardPages>,
    /// The device, for the application.
    pub device: &'static Device,
}

impl Server {
    /// The same server, with pages that the board brings along.
    pub fn with_board(self, board: &'static dyn BoardPages) -> Self {
        Self { board: Some(board), ..self }
    }
}

//! Server, shared by the drivers of all network interfaces.

use instep::board::BoardPages;
use instep::{Access, App, Device, LogIn};

/// Server on a microcontroller, shared by its drivers.
///
/// A driver may get a modified copy. The driver of the device's own network gets an [`Access`] with a portal.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Application, with its pages and endpoints.
    pub app: &'static App,
    /// Rules for Host and Origin.
    pub access: &'static Access,
    /// Log-in, if the server has one.
    pub log_in: Option<&'static LogIn>,
    /// Pages of the board, if any ([`Server::with_board`]).
    pub board: Option<&'static dyn BoardPages>,
    /// Route `/firmware`, if any ([`Server::with_update`]).
    #[cfg(feature = "update")]
    pub update: Option<&'static dyn instep::update::FirmwareRoute>,
    /// Index of the broker's client among the followers of the device.
    #[cfg(feature = "mqtt")]
    pub broker: usize,
    /// Device, for the application.
    pub device: &'static Device,
}

impl Server {
    /// Adds the pages of the board.
    pub fn with_board(self, board: &'static dyn BoardPages) -> Self {
        Self { board: Some(board), ..self }
    }

    /// Answers `/firmware` with an [`Upload`](instep::update::Upload), or that there are no updates.
    ///
    /// The drivers report the requests that they serve to the upload's [`Witness`](instep::update::Witness). Call this before the
    /// application runs, because it tells the device whether the image is on trial ([`Device::confirm_when`]).
    #[cfg(feature = "update")]
    pub fn with_update(self, route: &'static dyn instep::update::FirmwareRoute) -> Self {
        if route.witness().is_some_and(instep::update::Witness::is_watching) {
            self.device.begin_trial();
        }
        Self { update: Some(route), ..self }
    }
}

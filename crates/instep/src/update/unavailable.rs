//! The route of a device that cannot be updated over HTTP.

use super::obstacle::Obstacle;
use super::refusal::{refuse, refuse_unauthenticated};
use super::route::{FIRMWARE, FirmwareRoute};
use crate::app::App;
use crate::login::LogIn;
use crate::service::{Outcome, Request};
use instep_proto::delivery::Outgoing;
use instep_proto::http::Method;

/// Route that answers 404 with this sentence.
///
/// It is for devices that cannot be updated over HTTP. It gives way to anything that the application has at the path, and to an
/// application's folder.
#[derive(Clone, Copy, Debug)]
pub struct Unavailable(pub &'static str);

impl FirmwareRoute for Unavailable {
    fn answer(
        &self,
        app: &App,
        log_in: Option<&LogIn>,
        request: &Request<'_>,
        out: &mut Outgoing<'_>,
    ) -> Option<Outcome> {
        let path = request.head.path;
        let is_declared =
            app.find_page(path).is_some() || app.find_endpoint(path).is_some() || app.folder.is_some();
        if path != FIRMWARE || is_declared || request.head.method == Method::Options {
            return None;
        }
        if let Some(outcome) = refuse_unauthenticated(log_in, request, out) {
            return Some(outcome);
        }
        Some(refuse(Obstacle::NoSlot.status(), Obstacle::NoSlot.code(), self.0, request, out))
    }
}

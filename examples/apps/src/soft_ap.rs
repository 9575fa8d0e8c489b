//! A page, paths with a wildcard, and an echo for text and bytes.
//!
//! It is for a device with its own Wi-Fi network, which the board opens.

use instep::{App, Asset};
use instep_panel::INSTEP_JS;

/// The application's declaration. The endpoint answers each message itself.
pub const APP: App = App::new("soft-ap", "Sends back what it is sent; on a board, with a Wi-Fi of its own")
    .page("/", Asset::template(include_str!("../pages/soft-ap.html")))
    .page("/instep.js", INSTEP_JS)
    .rest_of_path("/any/*")
    .echo("/ws");

/// Runs the application, which has nothing to do.
pub async fn run() {
    core::future::pending::<()>().await;
}

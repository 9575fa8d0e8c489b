//! What a device that is its own Wi-Fi network serves: a page, paths with a wildcard, and an echo for text
//! and bytes. The network itself is the board's.

use instep::{App, Asset};
use instep_panel::INSTEP_JS;

/// What it serves. The endpoint answers each message by itself, without the application.
pub const APP: App = App::new("soft-ap", "Sends back what it is sent; on a board, with a Wi-Fi of its own")
    .page("/", Asset::template(include_str!("../pages/soft-ap.html")))
    .page("/instep.js", INSTEP_JS)
    .rest_of_path("/any/*")
    .echo("/ws");

/// What it does: nothing beside that.
pub async fn run() {
    core::future::pending::<()>().await;
}

//! Sends back what it is sent: for conformance tests and benches.

use instep::App;

/// What it serves: no page, and two endpoints that answer each message by themselves.
pub const APP: App = App::new("echo", "Sends back what it is sent").echo("/ws").echo("/");

/// What it does: nothing beside that.
pub async fn run() {
    core::future::pending::<()>().await;
}

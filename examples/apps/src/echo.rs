//! An echo of every message, for conformance tests and benchmarks.

use instep::App;

/// The application's declaration. Two endpoints answer each message themselves.
pub const APP: App = App::new("echo", "Sends back what it is sent").echo("/ws").echo("/");

/// Runs the application, which has nothing to do.
pub async fn run() {
    core::future::pending::<()>().await;
}

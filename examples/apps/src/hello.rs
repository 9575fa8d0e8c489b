//! The smallest device: a page that says hello.

use instep::{App, Asset};

/// The application's declaration: one page.
pub const APP: App =
    App::new("hello", "A page that says hello").page("/", Asset::html(include_str!("../pages/hello.html")));

/// Runs the application, which has nothing to do.
pub async fn run() {
    core::future::pending::<()>().await;
}

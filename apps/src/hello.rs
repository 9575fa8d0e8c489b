//! The smallest device: a page that says hello.

use instep::{App, Asset};

/// What it serves: one page.
pub const APP: App =
    App::new("hello", "A page that says hello").page("/", Asset::html(include_str!("../pages/hello.html")));

/// What it does: nothing.
pub async fn run() {
    core::future::pending::<()>().await;
}

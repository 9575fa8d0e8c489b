//! The user's own page from `INSTEP_PAGE`, which replaces the application's.

use instep::App;

/// Returns the application, with the user's own page if the build has one.
pub const fn with_page(app: App) -> App {
    #[cfg(has_page)]
    let app = app.with_page("/", include!(concat!(env!("OUT_DIR"), "/page.rs")));
    #[cfg(has_folder)]
    let app = app.with_folder(&FILES);
    app
}

#[cfg(has_folder)]
static FILES: instep::folder::Files = instep::folder::Files(include!(concat!(env!("OUT_DIR"), "/pages.rs")));

//! The declaration of a binary's application, and the user's own page from `INSTEP_PAGE`, which replaces the application's.

use instep::App;

/// Returns the declaration of this binary's application, with the user's own page if the build has one.
///
/// An update compares the names of applications, so each binary has an application of its own, which has the binary's name.
#[macro_export]
macro_rules! app {
    ($app:expr) => {
        $crate::app_of_binary($app, env!("CARGO_BIN_NAME"))
    };
}

/// Returns the declaration for [`app!`].
///
/// # Panics
/// If the application has another name than the binary. In a constant this is an error of the compiler.
#[doc(hidden)]
pub const fn app_of_binary(app: App, binary: &str) -> App {
    assert!(
        is_same(app.name(), binary),
        "an application must have the name of its binary, because an update tells applications apart by their names"
    );
    #[cfg(has_page)]
    let app = app.with_page("/", include!(concat!(env!("OUT_DIR"), "/page.rs")));
    #[cfg(has_folder)]
    let app = app.with_folder(&FILES);
    app
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[cfg(has_folder)]
static FILES: instep::folder::Files = instep::folder::Files(include!(concat!(env!("OUT_DIR"), "/pages.rs")));

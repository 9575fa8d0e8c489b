//! The pages in a real Chromium, driven from Rust.
//!
//! `cargo xtask browser` builds instep and runs the tests in `tests/`; each needs the feature
//! `browser`. They find the programs `chromedriver` and Chromium by themselves; the environment
//! variables `CHROMEDRIVER` and `CHROMIUM` name others, and `INSTEP_BIN` the server under test.
//!
//! Everything here blocks, so a test reads from top to bottom.

#![forbid(unsafe_code)]

#[cfg(feature = "browser")]
mod axe;
#[cfg(feature = "browser")]
mod browser;
#[cfg(feature = "browser")]
mod driver;
mod package;
#[cfg(feature = "browser")]
mod proxy;

#[cfg(feature = "browser")]
pub use browser::{Browser, Setup, Tab};
#[cfg(feature = "browser")]
pub use proxy::{Proxy, Upgrade};

/// Returns the file of a page in the style of the tutorials.
pub fn tutorial_page(app: &str) -> String {
    package::folder()
        .join("pages")
        .join(format!("{app}.html"))
        .into_os_string()
        .into_string()
        .expect("the path is not UTF-8")
}

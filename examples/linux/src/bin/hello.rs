//! The smallest program: a page.
//!
//! `cargo run -p linux-examples --bin hello`, then open <http://127.0.0.1:8080/>.

use instep::{App, Asset};
use std::future::pending;
use std::process::ExitCode;

const APP: App = App::new("hello", "A page that says hello").page("/", Asset::html("<h1>Hello</h1>"));

fn main() -> ExitCode {
    instep_linux::main(&APP, |_, _, _| pending())
}

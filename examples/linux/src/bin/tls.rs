//! A device with https:// and wss://, and a redirect to it.
//!
//! `cargo run -p linux-examples --bin tls`, then open <https://127.0.0.1:8443/>. The certificate is generated at the first
//! start; the log says how browsers come to trust it.

use instep::{App, Asset};
use instep_linux::Program;
use std::future::pending;
use std::process::ExitCode;

const APP: App = App::new("tls", "A page over TLS").page("/", Asset::html("<h1>Nobody listens in</h1>"));

const DEFAULTS: &str = r#"
addr = ["127.0.0.1:8080", "https://127.0.0.1:8443"]
tls_self_signed = true
https_redirect = true
"#;

fn main() -> ExitCode {
    Program::new(&APP).with_defaults(DEFAULTS).run(|_, _, _, _| pending())
}

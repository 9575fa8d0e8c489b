//! A project that `instep new` made: its page, served by the program and by the
//! firmware in QEMU. `cargo xtask project` makes it.

use browser_tests::Browser;
use std::env::var;
use std::path::Path;
use test_support::{SOON, Server, http, wait_until};

fn required(variable: &str) -> String {
    var(variable).unwrap_or_else(|_| panic!("{variable} is not set; run `cargo xtask project`"))
}

/// Switches the pump on in the page, and waits until the device says so.
#[track_caller]
fn page_switches_pump(server: &Server) {
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.wait_until(
        "document.body.dataset.state === 'live' && document.getElementById('control-pump') !== null",
        SOON,
    );
    browser.click("control-pump");
    let request = "GET /properties/pump HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let pump = || http(server.addr(), request).text().to_owned();
    wait_until(SOON, || pump() == "true", || format!("the pump is {}", pump()));
    browser.screenshot("own-project");
}

#[test]
fn page_of_program_switches_pump() {
    let program = required("OWN_PROJECT");
    page_switches_pump(&Server::with(&[]).binary(program).without_command().start());
}

#[test]
fn page_of_firmware_in_qemu_switches_pump() {
    // Cargo becomes the runner, and the runner becomes QEMU.
    let words = required("OWN_PROJECT_QEMU");
    let mut words: Vec<_> = words.split('\n').collect();
    words.push("--");
    let mut server = Server::with(&words).binary(required("OWN_PROJECT_CARGO")).without_command();
    for variable in required("OWN_PROJECT_VARIABLES").split('\n') {
        let (name, value) = variable.split_once('=').expect("a variable has no value");
        server = server.variable(name, value);
    }
    page_switches_pump(&server.folder(Path::new(&required("OWN_PROJECT_FOLDER"))).start());
}

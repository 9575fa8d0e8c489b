//! Pages of other sites that show the device in a frame
//! could trick a reader into pressing its buttons.

use std::path::Path;

use browser_tests::Browser;
use test_support::{SOON, Server, target};

/// Opens a page of `http://outer.test` with the device in a frame.
fn open_around(device: &Server) -> (Server, Browser) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("frame-{}.html", device.addr().port()));
    let frame = format!("<iframe src='http://{}/' onload='window.loaded = true'></iframe>", device.addr());
    std::fs::write(&file, frame).expect("cannot write the file");
    let file = file.to_str().expect("the path is not UTF-8");
    let outer = Server::start(&["--app", "hello", "--allow-host", "outer.test", "--page", file]);
    let browser = Browser::with().resolve("outer.test", outer.addr()).open("http://outer.test/");
    browser.wait_until("window.loaded", SOON);
    (outer, browser)
}

#[test]
fn framing_is_denied_unless_allowed() {
    let device = Server::start(&["--app", "led-plain"]);
    let (_outer, browser) = open_around(&device);
    let console = browser.console();
    assert!(console.iter().any(|entry| entry.contains("frame-ancestors")), "{console:?}");
    assert!(
        !device.lines().iter().any(|line| line.contains("Connected")),
        "the script of the framed page ran"
    );

    let device = Server::start(&["--app", "led-plain", "--allow-frame", "http://outer.test"]);
    let (_outer, browser) = open_around(&device);
    device.expect_line(&format!("[1] Connected from {}", target().here));
    assert!(!browser.console().iter().any(|entry| entry.contains("frame-ancestors")));
}

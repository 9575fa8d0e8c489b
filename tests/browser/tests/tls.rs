//! Pages over `https`, with `wss` behind them.

use browser_tests::{Browser, tutorial_page};
use test_support::{Folder, SOON, Server};

const LIVE: &str = "document.getElementById('panel').classList.contains('live')";

/// Server with a certificate of its own, and the folder of the certificate.
struct Device {
    server: Server,
    _folder: Folder,
}

impl Device {
    fn start(name: &str, args: &[&str]) -> Device {
        let folder = Folder::new(&format!("browser-tls-{name}"));
        let (certificate, key) = (folder.file("certificate.pem"), folder.file("key.pem"));
        let tls = ["--addr", "https://127.0.0.1:0", "--tls-self-signed"];
        let files = ["--tls-cert", &certificate, "--tls-key", &key];
        Device { server: Server::start(&[args, &tls, &files].concat()), _folder: folder }
    }
}

#[test]
fn two_browsers_in_step_over_wss_and_after_restart() {
    let mut device = Device::start("step", &["--app", "led-json"]);
    let url = format!("https://{}/", device.server.addr());
    let browsers = [(); 2].map(|()| Browser::with().trust_certificates().open(&url));
    for browser in &browsers {
        browser.wait_until(LIVE, SOON);
        browser.wait_for_text("ledStatus", "LED OFF");
        assert_eq!(browser.eval("isSecureContext"), true);
    }
    browsers[0].click("toggle");
    for browser in &browsers {
        browser.wait_for_text("ledStatus", "LED ON");
    }
    browsers[1].screenshot("led-json-https");

    device.server.kill();
    browsers[0].wait_until(&format!("!{LIVE}"), SOON);
    // The certificate was kept, so there is no new warning.
    device.server.restart();
    for browser in &browsers {
        browser.wait_until(LIVE, 2 * SOON);
        browser.wait_for_text("ledStatus", "LED OFF");
    }
}

/// The rule of docs/guide/tls.md for pages of
/// tutorials: `ws://` fails on an `https` page.
#[test]
fn ws_url_of_tutorial_fails_on_https_page() {
    let page = tutorial_page("led-plain");
    let device =
        Device::start("tutorial", &["--app", "led-plain", "--allow-host", "lamp.test", "--page", &page]);
    let browser = Browser::with()
        .trust_certificates()
        .resolve("lamp.test", device.server.addr())
        .open("https://lamp.test/");
    // The console is read, so that the entry does not count as an error.
    let console = browser.console();
    assert!(console.iter().any(|line| line.contains("loaded over HTTPS")), "{console:?}");
    let refused = |url: &str| {
        let script = format!(
            "try {{ new WebSocket('{url}'); return 'open'; }} catch (error) {{ return error.name; }}"
        );
        browser.run(&script)
    };
    assert_eq!(refused("ws://lamp.test/ws"), "SecurityError");
    assert_eq!(refused("wss://lamp.test/ws"), "open");
    device.server.expect_line("[1] Connected from 127.0.0.1");
    device.server.wait_for_line(|line| line.contains("use wss://"), SOON);
}

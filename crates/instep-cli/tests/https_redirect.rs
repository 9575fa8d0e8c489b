//! `--https-redirect`: whoever opens a page without TLS is led to the address with it.

mod served;

use served::{INSTEP, request, serve};
use std::process::{Command, Stdio};
use test_support::{Folder, WebSocket, http};

#[test]
fn a_browser_is_led_on_and_a_program_is_answered() {
    let folder = Folder::new("redirect");
    let server = serve(&[
        "--app",
        "led-plain",
        "--addr",
        "127.0.0.1:0",
        "--addr",
        "https://127.0.0.1:0",
        "--https-redirect",
        "--tls-self-signed",
        "--tls-cert",
        &folder.file("certificate"),
        "--tls-key",
        &folder.file("key"),
    ]);
    let [plain, secure] = server.addrs() else { panic!("two addresses: {:?}", server.addrs()) };
    let browser = http(*plain, request("/a?b", &["Accept: text/html"]));
    let location = format!("https://localhost:{}/a?b", secure.port());
    assert_eq!((browser.status, browser.header("Location")), (302, Some(&*location)));
    assert_eq!(http(*plain, request("/", &["Accept: */*"])).status, 200);
    assert!(WebSocket::try_connect(*plain, "/ws", &[]).is_ok());
}

#[test]
fn without_an_address_to_lead_to_it_does_not_start() {
    let args = ["serve", "--addr", "127.0.0.1:0", "--https-redirect"];
    let output = Command::new(INSTEP).args(args).stdin(Stdio::null()).output().expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("add --addr https://127.0.0.1:8443 --tls-self-signed"), "{error}");
}

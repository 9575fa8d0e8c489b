//! `--https-redirect`, which redirects pages to the address with TLS.

mod served;

use served::{INSTEP, request, serve};
use std::process::{Command, Stdio};
use test_support::{Folder, WebSocket, http};

#[test]
fn browser_is_redirected_and_program_is_answered() {
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
    let [plain, secure] = server.addrs() else { panic!("not two addresses: {:?}", server.addrs()) };
    let browser = http(*plain, request("/a?b", &["Accept: text/html"]));
    let location = format!("https://localhost:{}/a?b", secure.port());
    assert_eq!((browser.status, browser.header("Location")), (302, Some(&*location)));
    assert_eq!(http(*plain, request("/", &["Accept: */*"])).status, 200);
    assert!(WebSocket::try_connect(*plain, "/ws", &[]).is_ok());
}

#[test]
fn redirect_without_tls_address_is_an_error() {
    let args = ["serve", "--addr", "127.0.0.1:0", "--https-redirect"];
    let output =
        Command::new(INSTEP).args(args).stdin(Stdio::null()).output().expect("cannot run the command");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("add --addr https://127.0.0.1:8443 --tls-self-signed"), "{error}");
}

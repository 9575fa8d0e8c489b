//! A page below a path, as behind a proxy that does not strip the path.

use browser_tests::Browser;
use test_support::{SOON, Server};

const LIVE: &str = "document.getElementById('panel').classList.contains('live')";

/// From now on the page records the URLs of its sockets.
const REMEMBER: &str = "window.sockets = []; const Plain = WebSocket;
    window.WebSocket = class extends Plain {
        constructor(url) { super(url); window.sockets.push(new URL(url).pathname); }
    };";

#[test]
fn script_and_socket_use_base_path() {
    let mut server = Server::start(&["--app", "led-json", "--base-path", "/device"]);
    let page = Browser::open(&format!("http://{}/device/", server.addr()));
    page.wait_until(LIVE, SOON);
    page.click("toggle");
    page.wait_for_text("ledStatus", "LED ON");
    let loaded = "performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname)";
    page.wait_until(&format!("{loaded}.includes('/device/instep.js')"), SOON);
    assert_eq!(page.eval(&format!("{loaded}.every((path) => path.startsWith('/device/'))")), true);

    // The page's own socket, which is opened again, and one without a path.
    page.run(REMEMBER);
    server.restart();
    page.wait_until("window.sockets.length > 0", 2 * SOON);
    page.run("import('./instep.js').then((script) => script.connect());");
    page.wait_until("window.sockets.length > 1", SOON);
    assert_eq!(page.eval("window.sockets.every((path) => path === '/device/ws')"), true);
}

//! Pages that offer a subprotocol, as the example of arduinoWebSockets does.
//!
//! A browser closes a WebSocket if the response selects none of them.

use std::path::Path;

use browser_tests::Browser;
use test_support::{SOON, Server};

const PAGE: &str = "<!doctype html><meta charset=utf-8><title>Sub</title><p id='state'>nothing</p><script>
    const offered = JSON.parse(decodeURIComponent(location.search.slice(1)));
    const socket = new WebSocket('ws://' + location.host + '/ws', offered);
    const state = document.getElementById('state');
    socket.onopen = () => { state.textContent = 'open ' + JSON.stringify(socket.protocol); };
    socket.onerror = () => { state.textContent = 'error'; };
</script>";

#[test]
fn page_offering_subprotocols_connects() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("subprotocols.html");
    std::fs::write(&file, PAGE).expect("cannot write the file");
    let file = file.to_str().expect("the path is not UTF-8");
    for app in ["led-json", "workshop", "echo"] {
        let server = Server::start(&["--app", app, "--page", file]);
        for (offered, answered) in
            [(r#"["arduino"]"#, "arduino"), (r#"["bearer","s3cr3t"]"#, "bearer"), ("[]", "")]
        {
            let query = offered.replace('"', "%22");
            let page = Browser::open(&format!("http://{}/?{query}", server.addr()));
            page.wait_until("document.getElementById('state').textContent !== 'nothing'", SOON);
            page.wait_for_text("state", &format!("open \"{answered}\""));
        }
        assert!(!server.lines().concat().contains("s3cr3t"));
    }
}

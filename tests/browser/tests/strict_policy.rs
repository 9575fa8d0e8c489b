//! The strict content security policy in a real browser.

use std::path::Path;

use browser_tests::Browser;
use instep_proto::http::STRICT_POLICY;
use test_support::{SOON, Server};

#[test]
fn strict_policy_allows_own_script_and_socket_only() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("strict.html");
    let page = format!(
        "<meta http-equiv='Content-Security-Policy' content=\"{STRICT_POLICY}\">
        <script>window.within = true;</script><p id='text' style='color: red' onclick='window.within = true'>Text</p>
        <script type='module' src='./instep.js'></script>"
    );
    std::fs::write(&file, page).expect("cannot write the file");
    let file = file.to_str().expect("the path is not UTF-8");
    let server = Server::start(&["--app", "led-json", "--page", file]);
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.click("text");
    assert_eq!(browser.eval("window.within === undefined"), true);
    assert_eq!(browser.eval("getComputedStyle(document.getElementById('text')).color"), "rgb(0, 0, 0)");

    browser.run("import('./instep.js').then((script) => { window.thing = script.connect(); });");
    browser.wait_until("window.thing?.state === 'live'", SOON);
    let refused = browser.console();
    assert!(refused.iter().any(|entry| entry.contains("Content Security Policy")), "{refused:?}");
    assert!(!refused.iter().any(|entry| entry.contains("instep.js' violates")), "{refused:?}");
}

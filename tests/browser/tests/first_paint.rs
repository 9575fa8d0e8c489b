//! A page is usable with its first response, and respects reduced motion.

use std::path::Path;

use browser_tests::Browser;
use serde_json::json;
use test_support::{SOON, Server};

/// Resources that block the first paint. A script of type `module` does not.
const WAITED_FOR: &str = "performance.getEntriesByType('resource')
    .filter((entry) => entry.renderBlockingStatus === 'blocking').map((entry) => entry.name).join()";
const LOADED: &str = "document.readyState === 'complete'";

#[test]
fn pages_render_without_second_request() {
    for app in ["workshop", "hello", "toggle", "led-plain", "led-json", "led-words", "led-state", "soft-ap"] {
        let server = Server::start(&["--app", app]);
        let page = Browser::open(&format!("http://{}/", server.addr()));
        page.wait_until(LOADED, SOON);
        assert_eq!(page.eval(WAITED_FOR), "", "{app}");
        assert_ne!(page.eval("document.body.innerText.trim()"), "", "{app}");
    }
    // A page that is blocked is detected.
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("waits.html");
    std::fs::write(&file, "<!DOCTYPE html><title>Waits</title><script src='./instep.js?x'></script>")
        .expect("cannot write the file");
    let file = file.to_str().expect("the path is not UTF-8");
    let server = Server::start(&["--app", "led-json", "--page", file]);
    let url = format!("http://{}/", server.addr());
    let page = Browser::open("about:blank");
    page.goto(&url);
    page.wait_until(LOADED, SOON);
    assert_eq!(page.eval(WAITED_FOR), format!("{url}instep.js?x"));
    // The script is a module, so as another script it causes errors, which are read here.
    assert!(!page.console().is_empty());
}

#[test]
fn old_browser_gets_notice_that_it_is_too_old() {
    let panel = include_str!("../../../crates/instep-panel/assets/panel.html");
    let lamp = include_str!("../../../examples/apps/pages/led-json.html");
    let notice = "document.body.innerText.includes('This browser is too old for this page.')";
    for (app, page) in [("workshop", panel), ("led-json", lamp)] {
        let server = Server::start(&["--app", app]);
        let browser = Browser::open(&format!("http://{}/", server.addr()));
        browser.wait_until(LOADED, SOON);
        assert_eq!(browser.eval(notice), false, "{app}: a current browser is called too old");
        // An old browser ignores unknown features.
        let mut old = page.to_owned();
        for (new, unknown) in
            [("(aspect-ratio: 1)", "(there-is-none: 1)"), ("type=\"module\"", "type=\"none\"")]
        {
            assert_eq!(old.matches(new).count(), 1, "{app}: {new}");
            old = old.replace(new, unknown);
        }
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("old-{app}.html"));
        std::fs::write(&file, old).expect("cannot write the file");
        let file = file.to_str().expect("the path is not UTF-8");
        let server = Server::start(&["--app", app, "--page", file]);
        browser.goto(&format!("http://{}/", server.addr()));
        browser.wait_until(notice, SOON);
        browser.screenshot(&format!("{app}-in-an-old-browser"));
    }
}

#[test]
fn nothing_moves_with_reduced_motion() {
    // Includes pseudo-elements, which `*` does not match.
    let moving = "[...document.querySelectorAll('*')].flatMap((element) =>
        [null, '::before', '::after'].filter((part) => {
          const style = getComputedStyle(element, part);
          const moves = style.transitionDuration.split(', ').some((time) => parseFloat(time) > 0);
          return (part === null || style.content !== 'none') && (moves || style.animationName !== 'none');
        }).map((part) => `${element.tagName} ${element.className} ${part ?? ''}`)).join('; ')";
    for (app, live) in [
        ("workshop", "document.body.dataset.state === 'live' && document.querySelector('.toggle') !== null"),
        ("led-json", "document.getElementById('panel').classList.contains('live')"),
    ] {
        let server = Server::start(&["--app", app]);
        let page = Browser::open(&format!("http://{}/", server.addr()));
        page.wait_until(live, SOON);
        let prefer = |wish: &str| {
            let wish = json!({ "features": [{ "name": "prefers-reduced-motion", "value": wish }] });
            page.devtools("Emulation.setEmulatedMedia", &wish);
        };
        prefer("no-preference");
        assert_ne!(page.eval(moving), "", "{app}: nothing moves without reduced motion either");
        prefer("reduce");
        assert_eq!(page.eval(moving), "", "{app}");
    }
}

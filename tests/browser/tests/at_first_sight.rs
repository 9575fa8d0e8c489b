//! A page is there with its first answer, and keeps still for whom motion is too much.

use std::path::Path;

use browser_tests::Browser;
use serde_json::json;
use test_support::{SOON, Server};

/// What the browser had to fetch before it could show anything. A script of type `module` keeps it from nothing.
const WAITED_FOR: &str = "performance.getEntriesByType('resource')
    .filter((entry) => entry.renderBlockingStatus === 'blocking').map((entry) => entry.name).join()";
const LOADED: &str = "document.readyState === 'complete'";

#[test]
fn no_page_waits_for_a_second_answer() {
    for app in ["workshop", "hello", "toggle", "led-plain", "led-json", "led-words", "led-state", "soft-ap"] {
        let server = Server::start(&["--app", app]);
        let page = Browser::open(&format!("http://{}/", server.addr()));
        page.wait_until(LOADED, SOON);
        assert_eq!(page.eval(WAITED_FOR), "", "{app}");
        assert_ne!(page.eval("document.body.innerText.trim()"), "", "{app}");
    }
    // One that does wait is told from them.
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("waits.html");
    std::fs::write(&file, "<!DOCTYPE html><title>Waits</title><script src='./instep.js?x'></script>")
        .expect("a file");
    let file = file.to_str().expect("a path in UTF-8");
    let server = Server::start(&["--app", "led-json", "--page", file]);
    let url = format!("http://{}/", server.addr());
    let page = Browser::open("about:blank");
    page.goto(&url);
    page.wait_until(LOADED, SOON);
    assert_eq!(page.eval(WAITED_FOR), format!("{url}instep.js?x"));
    // It is a module: as another script it has errors, and they are read here.
    assert!(!page.console().is_empty());
}

#[test]
fn a_browser_that_is_too_old_for_the_script_is_told_so() {
    let panel = include_str!("../../../crates/instep-panel/assets/panel.html");
    let lamp = include_str!("../../../apps/pages/led-json.html");
    let told = "document.body.innerText.includes('This browser is too old for this page.')";
    for (app, page) in [("workshop", panel), ("led-json", lamp)] {
        let server = Server::start(&["--app", app]);
        let browser = Browser::open(&format!("http://{}/", server.addr()));
        browser.wait_until(LOADED, SOON);
        assert_eq!(browser.eval(told), false, "{app}: this one is not");
        // What it does not know, an old one passes over.
        let mut old = page.to_owned();
        for (new, unknown) in
            [("(aspect-ratio: 1)", "(there-is-none: 1)"), ("type=\"module\"", "type=\"none\"")]
        {
            assert_eq!(old.matches(new).count(), 1, "{app}: {new}");
            old = old.replace(new, unknown);
        }
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("old-{app}.html"));
        std::fs::write(&file, old).expect("a file");
        let file = file.to_str().expect("a path in UTF-8");
        let server = Server::start(&["--app", app, "--page", file]);
        browser.goto(&format!("http://{}/", server.addr()));
        browser.wait_until(told, SOON);
        browser.screenshot(&format!("{app}-in-an-old-browser"));
    }
}

#[test]
fn nothing_moves_for_whom_motion_is_too_much() {
    // With what stands before and behind an element, which `*` does not mean.
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
        assert_ne!(page.eval(moving), "", "{app}: else there is nothing to keep still");
        prefer("reduce");
        assert_eq!(page.eval(moving), "", "{app}");
    }
}

//! The chart on the panel: its line, its gaps, and its read-out.

#[path = "../../../crates/instep-tokio/tests/in_process/mod.rs"]
mod in_process;

use browser_tests::Browser;
use in_process::serve;
use instep::{App, Device, Limits};
use instep_panel::PANEL;
use instep_tokio::SocketLimits;
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use test_support::{SOON, Server, target};

instep::thing! {
    /// A tank whose sensor fails on demand.
    pub Tank: "Tank", commands Command {
        level: sensor { title: "Level", unit: "l", precision: 1, history: 120 every 1_000 },
    }
}

static APP: App = App::new("tank", "for tests").thing(&Tank::THING).pages(&PANEL);

/// Number of pieces of the line.
const PIECES: &str =
    "(document.querySelector('#card-level .line')?.getAttribute('d') ?? '').split('M').length - 1";
/// Number of points of the line.
const POINTS: &str =
    "(document.querySelector('#card-level .line')?.getAttribute('d') ?? '').split(/[ML]/).length - 1";
const READ: &str = "document.querySelector('#card-level figcaption output').textContent";

/// Publishes `level` four times a second; `None` means that the sensor has failed.
fn measure(device: &'static Device, level: &Mutex<Option<f64>>, ended: &AtomicBool) {
    let tank = Tank::new(device);
    while !ended.load(Ordering::Relaxed) {
        tank.level(level.lock().expect("another thread panicked").unwrap_or(f64::NAN));
        thread::sleep(Duration::from_millis(250));
    }
}

/// Runs `test` while the tank is measured.
fn with_tank(test: impl FnOnce(&Browser, &str, &dyn Fn(Option<f64>))) {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let (level, ended) = (Mutex::new(Some(20.5)), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| measure(server.device(), &level, &ended));
        // Ends the thread even if the test fails.
        let _end = End(&ended);
        let url = format!("http://{}/", server.addr);
        let browser = Browser::open(&url);
        test(&browser, &url, &|to| *level.lock().expect("another thread panicked") = to);
    });
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn chart_has_gap_while_sensor_is_unavailable() {
    with_tank(|browser, url, set| {
        browser.wait_until(&format!("{POINTS} >= 3"), SOON);
        // One, unless this machine was busy for seconds.
        let pieces = browser.eval(PIECES);
        set(None);
        browser.wait_for_text("value-level", "Unavailable");
        // A period in which it said nothing.
        thread::sleep(Duration::from_millis(2_100));
        set(Some(23.5));
        browser.wait_until(&format!("{PIECES} > {pieces} && {POINTS} >= 5"), SOON);
        browser.wait_until("/^23\\.5\\b/.test(document.getElementById('value-level').textContent)", SOON);
        // Another page shows the earlier values.
        browser.goto(url);
        browser.wait_until(&format!("{PIECES} >= 2 && {POINTS} >= 5"), SOON);
        // The gap is read out as such.
        browser.run("document.querySelector('#chart-level').focus()");
        let mut read = Vec::new();
        for _ in 0..12 {
            browser.press("\u{e012}"); // left
            browser.wait_until(&format!("{READ} !== ''"), SOON);
            read.push(browser.eval(READ).as_str().unwrap_or_default().to_owned());
            if read.last().is_some_and(|text| text.ends_with("Unavailable")) {
                break;
            }
        }
        assert!(read.last().is_some_and(|text| text.ends_with("Unavailable")), "{read:?}");
        browser.screenshot("panel-gap");
    });
}

#[test]
fn chart_is_read_out_by_pointer_and_keyboard() {
    with_tank(|browser, _, set| {
        browser.wait_until(&format!("{POINTS} >= 3"), SOON);
        set(Some(25.25));
        browser.wait_until(&format!("{POINTS} >= 5"), SOON);
        assert_eq!(browser.eval(READ), "", "a value is read out without a request");

        let at = |part: f64| {
            let spot = browser.eval(&format!(
                "(() => {{ document.getElementById('chart-level').scrollIntoView();
                 const {{ left, top, width, height }} = document.getElementById('chart-level').getBoundingClientRect();
                 return [left + width * {part}, top + height / 2]; }})()"
            ));
            browser.devtools(
                "Input.dispatchMouseEvent",
                &json!({ "type": "mouseMoved", "x": spot[0], "y": spot[1] }),
            );
        };
        at(0.01);
        browser.wait_until(&format!("/\\d\\d:\\d\\d:\\d\\d.*20\\.5/.test({READ})"), SOON);
        at(0.99);
        browser.wait_until(&format!("/\\d\\d:\\d\\d:\\d\\d.*25\\.3/.test({READ})"), SOON);
        browser.wait_until("document.querySelector('#card-level .dot').getAttribute('d') !== ''", SOON);
        browser.screenshot("panel-pointer");
        browser.devtools("Input.dispatchMouseEvent", &json!({ "type": "mouseMoved", "x": 1, "y": 1 }));
        browser.wait_until(&format!("{READ} === ''"), SOON);

        // The same by keyboard and by screen reader.
        let said = "document.getElementById('chart-level').getAttribute('aria-valuetext')";
        browser.run("document.getElementById('chart-level').focus()");
        browser.press("\u{e011}"); // Home
        browser.wait_until(&format!("{said}.includes('20.5') && {READ} === {said}"), SOON);
        browser.press("\u{e014}"); // right
        browser
            .wait_until("document.getElementById('chart-level').getAttribute('aria-valuenow') === '2'", SOON);
        browser.press("\u{e010}"); // End
        browser.wait_until(&format!("{said}.includes('25.3') && {READ} === {said}"), SOON);
        browser.press("\u{e00c}"); // Escape
        browser.wait_until(&format!("{READ} === ''"), SOON);
    });
}

#[test]
fn chart_has_gap_after_device_was_away() {
    let line = "(document.querySelector('#card-temperature .line')?.getAttribute('d') ?? '')";
    let server = Server::start(&["--app", "workshop"]);
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    browser.wait_until(&format!("{line}.split('L').length >= 3"), 2 * SOON);
    let pieces = browser.eval(&format!("{line}.split('M').length"));
    server.freeze();
    // Longer than three of its seconds, and not so long that the page takes it for dead.
    thread::sleep(Duration::from_secs(6));
    server.thaw();
    browser.wait_until(&format!("{line}.split('M').length > {pieces}"), 2 * SOON);
    if target().port.is_none() {
        // The device's own history has the gap, too. (QEMU's clock stands still meanwhile.)
        browser.goto(&format!("http://{}/", server.addr()));
        browser.wait_until(&format!("{line}.split('M').length >= 3"), SOON);
    }
}

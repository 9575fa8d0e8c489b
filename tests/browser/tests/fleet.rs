//! Pages of three devices at two gateways behind nginx.
//!
//! Without mosquitto or nginx, the test is skipped.

use browser_tests::{Browser, Tab};
use std::time::Duration;
use test_support::mosquitto::Mosquitto;
use test_support::{Balancer, SOON, Server, http, wait_until};

/// Maximum retry interval of a page or a device, and time for the attempt.
const BACK: Duration = Duration::from_secs(20);

const LIVE: &str =
    "document.body.dataset.state === 'live' && document.getElementById('control-led') !== null";
const LOST: &str = "document.body.dataset.state !== 'live'";
const TOGGLE: &str = "document.getElementById('control-led').click()";

fn is(on: bool) -> String {
    format!("{LIVE} && document.getElementById('control-led').ariaChecked === '{on}'")
}

fn device(broker: &Mosquitto, id: &str) -> Server {
    let device = Server::start(&["--app", "workshop", "--mqtt", &broker.url(), "--mqtt-id", id]);
    device.wait_for_line(|line| line.starts_with("Connected to the broker"), SOON);
    device
}

fn gateway(broker: &Mosquitto) -> Server {
    let gateway = Server::with(&["--mqtt", &broker.url(), "--trust-proxy=127.0.0.1"]).command("gateway");
    let gateway = gateway.start();
    gateway.wait_for_line(|line| line == "The broker tells of 3 devices", 3 * SOON);
    gateway
}

/// Returns the number of WebSockets that a gateway has accepted.
fn sockets(gateway: &Server) -> usize {
    gateway.lines().iter().filter(|line| line.contains("] Connected from")).count()
}

#[test]
fn pages_of_a_killed_gateway_go_on_at_the_other_in_step() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut devices = ["lamp-1", "lamp-2", "lamp-3"].map(|id| device(&broker, id));
    let mut gateways = [gateway(&broker), gateway(&broker)];
    let Some(balancer) = Balancer::nginx(gateways.each_ref().map(Server::addr)) else { return };
    let url = |path: &str| format!("http://{}{path}", balancer.addr());

    let browser = Browser::open(&url("/"));
    browser.wait_for_text("count", "3 of 3 devices online");
    let list = browser.tab();
    // Windows, because hidden tabs let timers wait. Each has its gateway.
    let mut pages: Vec<(Tab, usize)> = Vec::new();
    while pages.len() < 2 || pages.iter().all(|(_, at)| *at == pages[0].1) {
        assert!(pages.len() < 6, "all pages are at one gateway");
        let before = gateways.each_ref().map(sockets);
        let page = browser.new_window();
        browser.goto(&url("/lamp-1/"));
        browser.wait_until(&is(false), SOON);
        let at = || (0..2).find(|at| sockets(&gateways[*at]) > before[*at]);
        wait_until(SOON, || at().is_some(), || "the page is in no log");
        pages.push((page, at().expect("a gateway has it")));
    }
    let look_at = |(page, _): &(Tab, usize)| browser.look_at(page);
    let all_show = |on: bool, within: Duration| {
        for page in &pages {
            look_at(page);
            browser.wait_until(&is(on), within);
        }
    };
    look_at(&pages[0]);
    browser.run(TOGGLE);
    all_show(true, SOON);

    devices[1].kill();
    browser.look_at(&list);
    browser.wait_for_text("count", "2 of 3 devices online");
    devices[1].restart();
    browser.wait_until("document.getElementById('count').textContent === '3 of 3 devices online'", BACK);

    let killed = pages[0].1;
    for page in &pages {
        look_at(page);
        browser.run(&format!(
            "window.lost = false; new MutationObserver(() => window.lost ||= {LOST}).observe(document.body, {{ attributes: true }})"
        ));
    }
    gateways[killed].kill();
    all_show(true, BACK);
    look_at(&pages[0]);
    browser.wait_until("window.lost", SOON);
    browser.wait_until(LIVE, BACK);
    for page in &pages {
        look_at(page);
        assert_eq!(browser.eval("window.lost"), page.1 == killed);
    }
    browser.run(TOGGLE);
    all_show(false, SOON);
    let answer = http(
        devices[0].addr(),
        "GET /properties/led HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(answer.text(), "false");
}

//! The panel of a device behind a gateway, which hears of the device from this test in place of a broker.

use browser_tests::Browser;
use instep::{Access, App, Limits};
use instep_gateway::{Fleet, FleetLimits, Gateway, GatewayLimits};
use instep_mqtt::{DeviceId, Heard};
use instep_tokio::{Server, SocketLimits};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use test_support::SOON;

const THING: &str = r#"{"label":"thing","value":{"wire":1,"hash":"0123456789abcdef","start":"00c0ffee"}}"#;
const TD: &str = r#"{"title":"Lamp","properties":{"led":{"title":"LED","instep:kind":"switch","instep:order":0}},"events":{"said":{"title":"Said","instep:kind":"event","instep:order":1},"more":{"title":"More","instep:kind":"event","instep:order":2}}}"#;

static ROOT: App = App::new("gateway", "All devices");
static ACCESS: Access = Access::new("");

fn id() -> DeviceId {
    DeviceId::new("lamp").expect("an id")
}

/// Serves a device of the id `lamp`, until the test ends.
fn serve() -> (SocketAddr, Arc<Fleet>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
    let addr = listener.local_addr().expect("no address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("no runtime");
    let entered = runtime.enter();
    let fleet = Fleet::new(FleetLimits::default());
    drop(entered);
    fleet.hear(Heard::Opened);
    fleet.hear(Heard::Thing { id: id(), frame: THING.as_bytes() });
    fleet.hear(Heard::Description { id: id(), text: TD.as_bytes() });
    value(&fleet, true);
    state(&fleet, true);
    let server = Server::new(&ROOT, &ACCESS, Limits::LINUX, SocketLimits::default(), 1);
    let limits = GatewayLimits::default();
    let gateway = Gateway::new(fleet.clone(), &instep_panel::PANEL, limits, Limits::LINUX, server.shards());
    let gateway: &'static Gateway = Box::leak(Box::new(gateway));
    let server = server.with_devices(gateway);
    std::thread::spawn(move || {
        runtime.block_on(server.serve(vec![listener], gateway.run())).expect("the server failed");
    });
    (addr, fleet)
}

fn value(fleet: &Fleet, on: bool) {
    let frame = format!("{{\"label\":\"led\",\"value\":{on}}}");
    fleet.hear(Heard::Value { id: id(), name: "led", frame: frame.as_bytes() });
}

fn state(fleet: &Fleet, online: bool) {
    fleet.hear(Heard::State { id: id(), online });
}

fn event(fleet: &Fleet, name: &str, seq: u32) {
    let frame = format!("{{\"label\":\"{name}\",\"value\":\"{name} {seq}\",\"seq\":{seq}}}");
    fleet.hear(Heard::Event { id: id(), name, frame: frame.as_bytes() });
}

const LIVE: &str =
    "document.body.dataset.state === 'live' && document.getElementById('control-led') !== null";
const ON: &str = "document.getElementById('control-led').ariaChecked === 'true'";
const DISABLED: &str =
    "document.getElementById('control-led').disabled && document.body.classList.contains('stale')";

#[test]
fn offline_device_is_shown_with_its_last_values_and_comes_back() {
    let (addr, fleet) = serve();
    let browser = Browser::open(&format!("http://{addr}/lamp/"));
    browser.wait_until(LIVE, SOON);
    assert_eq!(browser.eval(ON), true);
    // Twice, because a page that came back once must be able to again.
    for on in [false, true] {
        state(&fleet, false);
        browser.wait_until(DISABLED, SOON);
        assert!(
            browser.text("state").starts_with("The device is offline since "),
            "{}",
            browser.text("state")
        );
        assert_eq!((browser.text("retry"), browser.eval(ON)), (String::new(), (!on).into()));
        browser.screenshot("panel-offline");
        value(&fleet, on);
        state(&fleet, true);
        browser.wait_until(LIVE, SOON);
        browser.wait_until(&format!("{ON} === {on} && !({DISABLED})"), SOON);
    }
}

#[test]
fn page_that_opens_while_the_device_is_offline_shows_what_it_sent_last() {
    let (addr, fleet) = serve();
    state(&fleet, false);
    let browser = Browser::open(&format!("http://{addr}/lamp/"));
    browser.wait_until("document.getElementById('control-led') !== null", SOON);
    browser.wait_until(DISABLED, SOON);
    assert_eq!((browser.eval(ON), browser.text("title").as_str()), (true.into(), "Lamp"));
    state(&fleet, true);
    browser.wait_until(LIVE, SOON);
}

/// A broker that is a cluster keeps the order of events of one name only.
#[test]
fn events_of_several_names_may_change_their_order() {
    let (addr, fleet) = serve();
    let browser = Browser::open(&format!("http://{addr}/lamp/"));
    browser.wait_until(LIVE, SOON);
    for (name, seq) in [("said", 1), ("more", 3), ("said", 2), ("more", 3), ("said", 4)] {
        event(&fleet, name, seq);
    }
    let lines = |card: &str| {
        format!(
            "[...document.querySelectorAll('#card-{card} li span')].map((span) => span.textContent).join()"
        )
    };
    browser.wait_until(&format!("{} === 'said 1,said 2,said 4'", lines("said")), SOON);
    assert_eq!(browser.eval(&lines("more")), "more 3");
}

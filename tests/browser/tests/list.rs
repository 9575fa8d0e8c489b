//! The list of a gateway's devices: live, searched, grouped, in pages, and accessible.

use browser_tests::Browser;
use instep::{Access, Limits};
use instep_gateway::{Admittance, Fleet, FleetLimits, List};
use instep_mqtt::{DeviceId, Heard};
use instep_tokio::{Server, SocketLimits};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use test_support::SOON;
use tokio::sync::oneshot;

static ACCESS: Access = Access::new("gateway");

/// Number of items on the page.
const ITEMS: &str = "document.querySelectorAll('#list li').length";

/// Gateway with the list alone, which is stopped when dropped.
struct Gateway {
    fleet: Arc<Fleet>,
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
}

impl Gateway {
    fn start(admittance: Admittance) -> Self {
        let fleet = Fleet::new(FleetLimits::default().with_devices(1000));
        fleet.hear(Heard::Opened);
        let list = List::new(&fleet, admittance);
        let limits = List::limits(Limits::LINUX);
        let server = Server::new(list.app(), &ACCESS, limits, SocketLimits::default(), 2);
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("no runtime");
        std::thread::spawn(move || {
            let mut inbox = server.inbox().expect("the inbox was taken");
            runtime().block_on(list.run(server.device(), &mut inbox))
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
        let addr = listener.local_addr().expect("no address");
        let (stop, stopped) = oneshot::channel();
        std::thread::spawn(move || {
            let stopped = async {
                let _ = stopped.await;
            };
            runtime().block_on(server.serve(vec![listener], stopped))
        });
        Self { fleet, addr, stop: Some(stop) }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// Lets the fleet hear of a device.
    fn announce(&self, id: &str, title: &str, version: &str) {
        let id = DeviceId::new(id).expect("the id is valid");
        let frame = br#"{"label":"thing","value":{"wire":1,"hash":"0123456789abcdef","start":"00000001"}}"#;
        self.fleet.hear(Heard::Thing { id, frame });
        let text = format!(r#"{{"title":"{title}","version":{{"instance":"{version}"}}}}"#);
        self.fleet.hear(Heard::Description { id, text: text.as_bytes() });
        self.state(id.as_str(), true);
    }

    fn remove(&self, id: &str) {
        self.fleet.hear(Heard::Thing { id: DeviceId::new(id).expect("the id is valid"), frame: b"" });
    }

    fn state(&self, id: &str, online: bool) {
        self.fleet.hear(Heard::State { id: DeviceId::new(id).expect("the id is valid"), online });
    }

    /// Announces three devices, one of which is offline.
    fn announce_house(&self) {
        self.announce("lamp-0a1b2c", "Lamp in the hall", "0.3.1");
        self.announce("weather-3d4e5f", "Weather station", "");
        self.announce("garden-667788", "Garden", "1.0.0-rc.1");
        self.state("garden-667788", false);
    }

    /// Announces 500 devices of five kinds, each seventh of which is offline.
    fn announce_company(&self) {
        for number in 0..500 {
            let kind =
                ["Lamp", "Pump", "Valve", "Weather station", "Door with a rather long name, third floor"];
            let kind = kind[number % 5];
            let id = format!("{}-{number:06x}", kind.split(' ').next().unwrap_or_default().to_lowercase());
            self.announce(&id, kind, ["1.0.0", "1.1.0"][number % 2]);
            if number % 7 == 0 {
                self.state(&id, false);
            }
        }
    }

    fn stop(&mut self) {
        drop(self.stop.take());
    }
}

/// Opens the list, and waits until it shows so many devices.
#[track_caller]
fn open(setup: browser_tests::Setup, gateway: &Gateway, items: usize) -> Browser {
    let browser = setup.open(&gateway.url());
    browser.wait_until(&format!("{ITEMS} === {items}"), SOON);
    browser
}

#[track_caller]
fn fits(browser: &Browser, name: &str) {
    assert_eq!(
        browser.eval("document.documentElement.scrollWidth <= innerWidth"),
        true,
        "{name} scrolls sideways"
    );
}

#[test]
fn list_passes_axe_light_and_dark_wide_and_narrow() {
    let (mut house, company) = (Gateway::start(Admittance::Local), Gateway::start(Admittance::Password));
    house.announce_house();
    company.announce_company();
    for width in [360, 1280] {
        for dark in [false, true] {
            for (count, gateway, items) in [("3", &house, 3), ("500", &company, 50)] {
                let setup = Browser::with().width(width);
                let browser = open(if dark { setup.dark() } else { setup }, gateway, items);
                let name = format!("list-{count}-{width}-{}", if dark { "dark" } else { "light" });
                if items == 50 {
                    browser.run("group.value = 'name'; group.dispatchEvent(new Event('change'))");
                }
                assert_eq!(browser.findings(), [""; 0], "{name}");
                browser.screenshot(&name);
                fits(&browser, &name);
            }
        }
    }
    let browser = open(Browser::with().dark(), &house, 3);
    house.fleet.close();
    browser.wait_until("document.body.classList.contains('stale')", SOON);
    assert_eq!(
        browser.text("state"),
        "The gateway has no connection to the broker, so the states of the devices are not known."
    );
    assert_eq!(browser.findings(), [""; 0], "without a broker");
    house.stop();
    browser.wait_until("document.body.dataset.state !== 'live' && document.getElementById('state').textContent.includes('This list is from')", SOON);
    assert_eq!(browser.findings(), [""; 0], "out of step");
    browser.screenshot("list-stale");
}

#[test]
fn list_follows_devices_and_gateway() {
    let gateway = Gateway::start(Admittance::Open);
    let page = Browser::open(&gateway.url());
    page.wait_for_text("none", "The broker has told of no device yet.");
    assert_eq!(page.text("access"), "Open to everyone on this network");
    gateway.announce_house();
    page.wait_until(&format!("{ITEMS} === 3"), SOON);
    let titles = "[...document.querySelectorAll('#list a')].map((a) => a.textContent).join()";
    assert_eq!(page.eval(titles), "Garden,Lamp in the hall,Weather station");
    assert_eq!(page.eval("document.querySelector('#list a').getAttribute('href')"), "garden-667788/");
    page.wait_for_text("count", "2 of 3 devices online");
    let text = |of: &str| format!("document.querySelector('#list li .{of}').textContent");
    assert_eq!(
        (page.eval(&text("pill")), page.eval(&text("version"))),
        ("Offline".into(), "Version 1.0.0-rc.1".into())
    );

    // The focus stays where it is while the list changes.
    page.run("document.querySelector('#list a').focus()");
    gateway.state("garden-667788", true);
    page.wait_until(&format!("{} === 'Online'", text("pill")), SOON);
    gateway.announce("alarm-1", "Alarm", "1");
    page.wait_until(&format!("{ITEMS} === 4"), SOON);
    assert_eq!(page.eval("document.activeElement.textContent"), "Garden");
    gateway.remove("garden-667788");
    page.wait_until(&format!("{ITEMS} === 3"), SOON);

    // Devices that change their places at once are all there.
    gateway.remove("lamp-0a1b2c");
    gateway.remove("weather-3d4e5f");
    gateway.announce("lamp-0a1b2c", "Lamp in the hall", "0.3.2");
    gateway.announce("cellar-1", "Cellar", "1");
    page.wait_until(&format!("{titles} === 'Alarm,Cellar,Lamp in the hall'"), SOON);

    // A title is never markup.
    gateway.announce("hostile", "<img src=x onerror=window.hurt=1>", "<script>window.hurt=2</script>");
    page.wait_until(&format!("{ITEMS} === 4"), SOON);
    assert_eq!(page.text("count"), "4 of 4 devices online");
    assert_eq!(page.eval("window.hurt ?? document.querySelectorAll('#list img, #list script').length"), 0);
}

#[test]
fn many_devices_are_searched_grouped_and_turned() {
    let gateway = Gateway::start(Admittance::Local);
    gateway.announce_company();
    let page = open(Browser::with(), &gateway, 50);
    page.wait_for_text("range", "1 to 50 of 500");
    assert_eq!(page.eval("back.disabled"), true);
    page.click("next");
    page.wait_for_text("range", "51 to 100 of 500");
    page.type_into("search", "pump 1.1");
    page.wait_for_text("range", "1 to 50 of 50");
    assert_eq!(page.eval("document.getElementById('pages').hidden"), true);
    page.run("search.value = ''; show.value = 'offline'; group.value = 'name'; show.onchange()");
    page.wait_for_text("range", "1 to 50 of 72");
    let headings = "[...document.querySelectorAll('h2')].map((h2) => h2.textContent).join()";
    assert_eq!(page.eval(headings), "Door with a rather long name, third floor 14,Lamp 15,Pump 14,Valve 15");
    page.click("next");
    page.wait_for_text("range", "51 to 72 of 72");
    // The way back from a device leads to the same place.
    let asked = page.eval("location.href");
    page.goto("about:blank");
    page.goto(asked.as_str().expect("no address"));
    page.wait_for_text("range", "51 to 72 of 72");
    assert_eq!(page.eval("show.value + group.value"), "offlinename");
    page.run("search.value = 'nobody'; search.oninput()");
    page.wait_for_text("none", "No device matches.");
}

#[test]
fn list_speaks_the_reader_s_language() {
    let gateway = Gateway::start(Admittance::Local);
    gateway.announce_house();
    let page = open(Browser::with().language("de-DE"), &gateway, 3);
    assert_eq!((page.text("title"), page.text("count")), ("Geräte".into(), "2 von 3 Geräten online".into()));
    assert_eq!(page.eval("document.documentElement.lang"), "de");
}

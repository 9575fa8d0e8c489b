//! The panel of a device that rejects this page:
//! it shows the reason, and the remedy.

use browser_tests::Browser;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use test_support::{SOON, Server, WebSocket, target};

const PASSWORD: &str = "open sesame";
const LIVE: &str =
    "document.body.dataset.state === 'live' && document.getElementById('control-led') !== null";

#[test]
fn ended_session_asks_for_log_in_and_leads_back() {
    let server = Server::with(&["--app", "workshop"]).variable("INSTEP_PASSWORD", PASSWORD).start();
    let home = format!("http://{}/", server.addr());
    let browser = Browser::open(&home);
    browser.type_into("password", PASSWORD);
    browser.click("log-in");
    browser.wait_until("location.pathname === '/'", SOON);
    browser.wait_until(LIVE, SOON);
    assert_eq!(
        browser.eval("document.getElementById('in').hidden"),
        true,
        "the log-in is offered without need"
    );
    assert_eq!(browser.eval("document.getElementById('out').hidden"), false);
    assert_eq!(browser.text("access"), "", "the page says that the device is open to everyone");

    let panel = browser.tab();
    browser.new_tab();
    browser.goto(&format!("{home}login"));
    browser.click("log-out");
    browser.wait_until("document.getElementById('password') !== null", SOON);
    browser.show(&panel);
    browser.wait_until(
        "document.getElementById('state').textContent.startsWith('The device asks for its password.')",
        SOON,
    );
    browser.wait_until("document.body.classList.contains('stale')", SOON);
    assert_eq!(browser.eval("document.getElementById('control-led').disabled"), true);
    browser.screenshot("panel-sign-in");
    browser.click("in");
    browser.wait_until("document.getElementById('password') !== null", SOON);
    browser.type_into("password", PASSWORD);
    browser.click("log-in");
    browser.wait_until("location.pathname === '/'", SOON);
    browser.wait_until(LIVE, SOON);
    browser.click("control-led");
    server.expect_line("LED ON");
}

/// Proxy that replaces Host by the device's own address, as a careless reverse
/// proxy does, so that the page's origin is foreign.
struct CarelessProxy {
    addr: SocketAddr,
    device: Arc<Mutex<SocketAddr>>,
}

impl CarelessProxy {
    fn start(device: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
        let addr = listener.local_addr().expect("no address");
        let device = Arc::new(Mutex::new(device));
        let leads_to = Arc::clone(&device);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let device = *leads_to.lock().expect("another thread panicked");
                // The page shows the effect of a broken connection.
                thread::spawn(move || pass_on(stream, addr, device));
            }
        });
        Self { addr, device }
    }
}

/// Forwards one request, and then everything.
fn pass_on(mut page: TcpStream, own: SocketAddr, device: SocketAddr) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut bytes = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match page.read(&mut bytes)? {
            0 => return Ok(()),
            count => head.extend_from_slice(&bytes[..count]),
        }
    }
    let head = String::from_utf8_lossy(&head)
        .replace(&format!("Host: {own}"), &format!("Host: {device}"))
        .replace("Connection: keep-alive", "Connection: close");
    let mut device = TcpStream::connect(device)?;
    device.write_all(head.as_bytes())?;
    let (mut from_page, mut to_device) = (page.try_clone()?, device.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_page, &mut to_device);
        to_device.shutdown(Shutdown::Write)
    });
    std::io::copy(&mut device, &mut page)?;
    page.shutdown(Shutdown::Write)
}

#[test]
fn panel_shows_working_option_that_allows_its_origin() {
    let device = Server::start(&["--app", "workshop"]);
    let proxy = CarelessProxy::start(device.addr());
    let origin = format!("http://{}", proxy.addr);
    let browser = Browser::open(&format!("{origin}/"));
    browser.wait_until(
        &format!(
            "(() => {{ const text = document.getElementById('state').textContent;
             return text.includes('does not allow pages from {origin}.') && text.includes('Its log shows how'); }})()"
        ),
        SOON,
    );
    assert_ne!(browser.eval("document.body.dataset.state"), "live");
    browser.screenshot("panel-refused-origin");
    let advice = format!("{}{origin}", target().allow_origin);
    device.wait_for_line(|line| line.ends_with(&advice), SOON);
    if target().port.is_some() {
        return; // a device has this option at build time
    }
    // The operator follows the advice, and the page connects by itself.
    let allowing = Server::start(&["--app", "workshop", "--allow-origin", &origin]);
    *proxy.device.lock().expect("another thread panicked") = allowing.addr();
    browser.wait_until(LIVE, 3 * SOON);
    browser.click("control-led");
    allowing.expect_line("LED ON");
}

#[test]
fn page_of_full_device_retries_after_given_time() {
    let (clients, options): (_, &[_]) =
        if target().port.is_none() { (1, &["--limit", "clients=1"]) } else { (target().clients, &[]) };
    let server = Server::start(&[&["--app", "workshop"], options].concat());
    let peers: Vec<_> = (0..clients).map(|_| WebSocket::connect(server.addr(), "/ws")).collect();
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    // By default the script would retry after 1 s at most; the device says 5.
    browser.run(
        "import('./instep.js').then(({ connect }) => {
           const thing = connect();
           thing.onstate = () => {
             if (thing.reason !== 'full') return;
             window.wait = thing.retryIn;
             thing.onstate = null;
             thing.close();
           };
         });",
    );
    browser.wait_until("window.wait !== undefined", SOON);
    let wait = browser.eval("window.wait").as_f64().expect("not a time");
    assert!((4_000.0..=10_000.0).contains(&wait), "{wait} ms");
    // The reader sees the reason.
    browser
        .wait_until("/^Next attempt in \\d+ s\\.$/.test(document.getElementById('retry').textContent)", SOON);
    drop(peers);
    browser.wait_until(LIVE, 3 * SOON);
}

//! The panel of a device that lets this page in no more, or not yet: it says why, and what to do.

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
fn a_session_that_ends_asks_the_reader_to_sign_in_and_leads_back() {
    let server = Server::with(&["--app", "workshop"]).variable("INSTEP_PASSWORD", PASSWORD).start();
    let home = format!("http://{}/", server.addr());
    let browser = Browser::open(&home);
    browser.type_into("password", PASSWORD);
    browser.click("log-in");
    browser.wait_until("location.pathname === '/'", SOON);
    browser.wait_until(LIVE, SOON);
    assert_eq!(browser.eval("document.getElementById('in').hidden"), true, "there is no need to");
    assert_eq!(browser.eval("document.getElementById('out').hidden"), false);
    assert_eq!(browser.text("access"), "", "it is not open to everyone");

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

/// Somebody between page and device who names the device to it by the device's own address, as a careless reverse proxy does:
/// so the page's origin is a stranger's.
struct Between {
    addr: SocketAddr,
    device: Arc<Mutex<SocketAddr>>,
}

impl Between {
    fn start(device: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let device = Arc::new(Mutex::new(device));
        let leads_to = Arc::clone(&device);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let device = *leads_to.lock().expect("no thread panicked");
                // What becomes of a connection that breaks, the page tells.
                thread::spawn(move || pass_on(stream, addr, device));
            }
        });
        Self { addr, device }
    }
}

/// Passes on one request, and then everything.
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
fn a_page_from_elsewhere_is_told_what_lets_it_in_and_that_does() {
    let device = Server::start(&["--app", "workshop"]);
    let between = Between::start(device.addr());
    let origin = format!("http://{}", between.addr);
    let browser = Browser::open(&format!("{origin}/"));
    browser.wait_until(
        &format!(
            "(() => {{ const text = document.getElementById('state').textContent;
             return text.includes('lets no page from {origin} in') && text.includes('Its log says how'); }})()"
        ),
        SOON,
    );
    assert_ne!(browser.eval("document.body.dataset.state"), "live");
    browser.screenshot("panel-refused-origin");
    let advice = format!("{}{origin}", target().allow_origin);
    device.wait_for_line(|line| line.ends_with(&advice), SOON);
    if target().port.is_some() {
        return; // a device is told when it is built
    }
    // Somebody does as it says, and the page comes in by itself.
    let allowing = Server::start(&["--app", "workshop", "--allow-origin", &origin]);
    *between.device.lock().expect("no thread panicked") = allowing.addr();
    browser.wait_until(LIVE, 3 * SOON);
    browser.click("control-led");
    allowing.expect_line("LED ON");
}

#[test]
fn whoever_finds_the_device_full_returns_when_it_says() {
    let (clients, options): (_, &[_]) =
        if target().port.is_none() { (1, &["--limit", "clients=1"]) } else { (target().clients, &[]) };
    let server = Server::start(&[&["--app", "workshop"], options].concat());
    let peers: Vec<_> = (0..clients).map(|_| WebSocket::connect(server.addr(), "/ws")).collect();
    let browser = Browser::open(&format!("http://{}/", server.addr()));
    // By itself the script would try again after 1 s at most; the device says 5.
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
    let wait = browser.eval("window.wait").as_f64().expect("a time");
    assert!((4_000.0..=10_000.0).contains(&wait), "{wait} ms");
    // And the reader is told.
    browser
        .wait_until("/^Next attempt in \\d+ s\\.$/.test(document.getElementById('retry').textContent)", SOON);
    drop(peers);
    browser.wait_until(LIVE, 3 * SOON);
}

//! Pages of a board: access to them, and the handling of their forms.

mod guarded;
mod link;

use core::fmt::Write;
use guarded::*;
use instep::board::{BoardPage, BoardPages};
use instep::login::{LogInMemory, Password};
use instep::{Access, Asset, Limits, LogIn};
use link::Simulation;
use std::sync::Mutex;

static OWN_NETWORK: Access = link::ACCESS.with_portal("http://192.168.4.1/network");

#[derive(Debug, Default)]
struct Pages(Mutex<Vec<String>>);

static STYLE: Asset = Asset::new("text/css", b"main{}");

impl BoardPages for Pages {
    fn find(&self, path: &str) -> Option<BoardPage> {
        Some(match path {
            "/network" => BoardPage::Page,
            "/network/scan" => BoardPage::Form,
            "/network.css" => BoardPage::Asset(&STYLE),
            _ => return None,
        })
    }

    fn submit(&self, path: &str, form: &[u8]) -> &'static str {
        self.0.lock().unwrap().push(format!("{path} {}", String::from_utf8_lossy(form)));
        "/network"
    }

    fn write_part(&self, part: u16, out: &mut dyn Write) -> Result<Option<u16>, std::fmt::Error> {
        write!(out, "<p>{part}</p>{}", ".".repeat(400))?;
        Ok(Some(part + 1).filter(|next| *next < 4))
    }
}

fn with_pages(mut simulation: Simulation, access: &'static Access) -> (Simulation, &'static Pages) {
    let pages: &'static Pages = Box::leak(Box::default());
    simulation.access = access;
    simulation.board = Some(pages);
    (simulation, pages)
}

#[test]
fn board_page_in_own_network_needs_no_log_in() {
    let (mut simulation, pages) = with_pages(guarded(), &OWN_NETWORK);
    let page = get(&mut simulation, "/network", "");
    assert_eq!((page.status, page.header("Transfer-Encoding")), (200, Some("chunked")));
    assert!(
        page.header("Content-Security-Policy").unwrap().starts_with("default-src 'none'; script-src 'self'")
    );
    assert_eq!(page.header("Cache-Control"), Some("no-store"));
    for part in ["<p>3</p>", "<p>2</p>", "<p>1</p>", "<p>0</p>"] {
        assert_eq!(page.body.matches(part).count(), 1);
    }
    assert!(page.body.ends_with("0\r\n\r\n"));
    assert_eq!(get(&mut simulation, "/network.css", "").body, "main{}");
    assert_eq!(get(&mut simulation, "/", "").status, 401, "the application's pages need a log-in");

    let sent = post(&mut simulation, "/network", "Origin: http://lamp\r\n", "network=a&password=b");
    assert_eq!((sent.status, sent.header("Location")), (303, Some("/network")));
    assert_eq!(post(&mut simulation, "/network/scan", "", "").status, 303);
    assert_eq!(*pages.0.lock().unwrap(), ["/network network=a&password=b", "/network/scan "]);
    let scan = get(&mut simulation, "/network/scan", "");
    assert_eq!((scan.status, scan.header("Allow")), (405, Some("GET, HEAD, POST")));
    assert_eq!(request(&mut simulation, "PUT", "/network", "", "").status, 405);
    assert_eq!(post(&mut simulation, "/network.css", "", "").status, 405);
}

#[test]
fn board_page_in_other_network_needs_log_in() {
    let (mut simulation, pages) = with_pages(guarded(), &link::ACCESS);
    assert_eq!(get(&mut simulation, "/network", "").status, 401);
    assert_eq!(get(&mut simulation, "/network", NAVIGATION).header("Location"), Some("/login?next=/network"));
    assert_eq!(post(&mut simulation, "/network", "", "network=a").status, 401);
    let session = log_in(&mut simulation, "");
    assert_eq!(get(&mut simulation, "/network", &session).status, 200);
    assert_eq!(post(&mut simulation, "/network", &session, "network=a").status, 303);
    assert_eq!(pages.0.lock().unwrap().len(), 1);

    // Without a password no session can exist.
    let (mut simulation, pages) = with_pages(Simulation::new(Limits::DEVICE), &link::ACCESS);
    assert_eq!(get(&mut simulation, "/network", "").status, 404);
    assert_eq!(post(&mut simulation, "/network", "", "network=a").status, 404);
    assert!(pages.0.lock().unwrap().is_empty());
}

#[test]
fn board_form_from_other_origin_or_host_is_rejected() {
    let (mut simulation, pages) = with_pages(Simulation::new(Limits::DEVICE), &OWN_NETWORK);
    for headers in [
        "Origin: http://evil.test\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
    ] {
        assert_eq!(post(&mut simulation, "/network", headers, "network=a").status, 403, "{headers}");
    }
    let rebound = "POST /network HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 9\r\n\r\nnetwork=a";
    assert_eq!(exchange(&mut simulation, rebound).status, 302);
    assert!(pages.0.lock().unwrap().is_empty());
}

#[test]
fn board_form_is_taken_whole_up_to_its_limit() {
    let (mut simulation, pages) = with_pages(Simulation::new(Limits::LINUX), &OWN_NETWORK);
    assert_eq!(post(&mut simulation, "/network", "", &"a".repeat(1025)).status, 413);
    assert_eq!(post(&mut simulation, "/network", "", &"a".repeat(1024)).status, 303);
    // In two pieces, and with `Expect: 100-continue`.
    let mut peer = simulation.client();
    peer.send(
        &mut simulation,
        form("/network", "Expect: 100-continue\r\n", "ab").strip_suffix("b").unwrap().as_bytes(),
    );
    assert_eq!(peer.take(), b"HTTP/1.1 100 Continue\r\n\r\n");
    let answer = exchange_with(&mut simulation, &mut peer, "b");
    assert_eq!(answer.status, 303);
    let sent = pages.0.lock().unwrap();
    assert_eq!((sent.len(), &sent[1][..]), (2, "/network ab"));
}

#[test]
fn password_set_on_board_page_is_required_at_once() {
    let (mut simulation, _) = with_pages(Simulation::new(Limits::DEVICE), &OWN_NETWORK);
    let memory = LogInMemory {
        sessions: link::leak(4, instep::login::Session::default()),
        failures: link::leak(4, instep::login::FailedLogin::default()),
        checks: vec![instep::login::PasswordCheck::default()].leak(),
    };
    let log_in: &'static LogIn = Box::leak(Box::new(LogIn::without_password(memory, random)));
    simulation.log_in = Some(log_in);
    assert!(!log_in.is_on());
    assert_eq!(get(&mut simulation, "/", "").status, 200);
    assert_eq!(get(&mut simulation, "/login", "").status, 404);
    let mut open = handshake(&mut simulation, "/ws", "").unwrap();
    log_in.change_password(Password::new(PASSWORD.as_bytes(), [1; 16], 10).unwrap(), simulation.device);
    assert!(log_in.is_on());
    open.turn(&mut simulation);
    assert!(open.take().ends_with(CLOSED), "a socket opened without a password is not closed with 1008");
    assert_eq!(get(&mut simulation, "/", "").status, 401);
    let session = guarded::log_in(&mut simulation, "");
    assert_eq!(get(&mut simulation, "/", &session).status, 200);
}

/// Board page whose second part is longer than a part may be.
#[derive(Debug)]
struct TooLong;

impl BoardPages for TooLong {
    fn find(&self, path: &str) -> Option<BoardPage> {
        (path == "/network").then_some(BoardPage::Page)
    }

    fn submit(&self, _: &str, _: &[u8]) -> &'static str {
        "/network"
    }

    fn write_part(&self, part: u16, out: &mut dyn Write) -> Result<Option<u16>, std::fmt::Error> {
        out.write_str(&"x".repeat(if part == 0 { 1 } else { 5000 }))?;
        Ok(Some(1))
    }
}

#[test]
fn board_page_with_too_long_part_ends_early() {
    let (mut simulation, _) = with_pages(Simulation::new(Limits::DEVICE), &OWN_NETWORK);
    simulation.board = Some(&TooLong);
    let old = exchange(&mut simulation, "GET /network HTTP/1.0\r\nHost: lamp\r\n\r\n");
    assert_eq!((old.status, &old.body[..]), (200, "x"));
    let head = request(&mut simulation, "HEAD", "/network", "", "");
    assert_eq!((head.status, &head.body[..]), (200, ""));
}

//! Firmware updates over HTTP: requests that are refused, before any content is taken and later.

mod flash;
mod guarded;
mod link;

use flash::*;
use guarded::{NAVIGATION, exchange_from, exchange_with, get, guard, guarded, log_in};
use instep::access::Origins;
use instep::update::{FirmwareRoute, ImageState, Permission, SECTOR, Unavailable, Upload};
use instep::{Access, App, Asset, Limits};
use link::{PEER, Simulation};

const LENGTH: usize = SECTOR + 100;
const EXPECT: &str = "Expect: 100-continue\r\n";

static PANEL: Access = link::ACCESS.with_origins(Origins::of(&["https://panel.example"]));
static OWN_NETWORK: Access = link::ACCESS.with_portal("http://192.168.4.1/network");

/// Returns the status and the code of the response to the head of a PUT, of which no content came.
///
/// Both with a length and with chunks, and whether the client waits for `100 Continue` or not.
fn refusal(simulation: &mut Simulation, flash: &mut Flash, headers: &str) -> (u16, String) {
    let mut all = Vec::new();
    for framing in [&format!("Content-Length: {LENGTH}\r\n"), "Transfer-Encoding: chunked\r\n"] {
        let head = format!("PUT /firmware HTTP/1.1\r\nHost: lamp\r\n{headers}{framing}{EXPECT}\r\n");
        let answer = exchange_from(simulation, PEER, &head);
        assert!(!answer.all.contains("100 Continue"), "{}", answer.all);
        assert_eq!(answer.header("Connection"), Some("close"), "the client would send its content");
        let code = answer.body.split('"').nth(3).unwrap_or_default().to_owned();
        if answer.body.starts_with('{') {
            assert!(answer.body.starts_with("{\"code\":\"") && answer.body.contains("\"message\":\""));
        }
        all.push((answer.status, code));
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(flash.step(), None, "the flash side knows of a refused upload");
    all.remove(0)
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn upload_without_credential_is_refused() {
    let (mut simulation, mut flash, _) = updatable();
    assert_eq!(refusal(&mut simulation, &mut flash, "").0, 401);
    assert_eq!(refusal(&mut simulation, &mut flash, NAVIGATION).0, 401);
    let wrong = "Authorization: Basic dXNlcjpvcGVuCg==\r\n";
    assert_eq!(refusal(&mut simulation, &mut flash, wrong).0, 401);
    assert_eq!(refusal(&mut simulation, &mut flash, "Cookie: instep_80=0\r\n").0, 401);
}

#[test]
fn upload_to_device_without_password_is_refused() {
    let (mut simulation, mut flash, _) = updatable_by(Simulation::new(Limits::DEVICE), Permission::LoggedIn);
    assert_eq!(refusal(&mut simulation, &mut flash, ""), is(403, "no-password"));
    assert_eq!(refusal(&mut simulation, &mut flash, &tool()), is(403, "no-password"));
    let status = get(&mut simulation, "/firmware", "");
    assert_eq!(status.status, 200);
    assert!(status.body.contains("\"refusal\":\"no-password\"}"), "{}", status.body);
}

#[test]
fn upload_from_page_of_other_origin_is_refused() {
    let (mut simulation, mut flash, _) = updatable();
    simulation.access = &PANEL;
    let session = log_in(&mut simulation, "");
    for credential in [session.clone(), tool()] {
        let allowed = format!("{credential}Origin: https://panel.example\r\n");
        assert_eq!(refusal(&mut simulation, &mut flash, &allowed), is(403, "other-origin"));
        let unknown = format!("{credential}Origin: http://evil.test\r\n");
        assert_eq!(refusal(&mut simulation, &mut flash, &unknown), is(403, ""));
        let other_port = format!("{credential}Origin: http://lamp:81\r\n");
        assert_eq!(refusal(&mut simulation, &mut flash, &other_port), is(403, ""));
        let cross_site = format!("{credential}Sec-Fetch-Site: cross-site\r\n");
        assert_eq!(refusal(&mut simulation, &mut flash, &cross_site), is(403, ""));
    }
    let (mut simulation, mut flash, _) = open_with(&link::APP, &PANEL);
    let allowed = "Origin: https://panel.example\r\n";
    assert_eq!(refusal(&mut simulation, &mut flash, allowed), is(403, "other-origin"));
    // The other site may read the status.
    assert_eq!(get(&mut simulation, "/firmware", allowed).status, 200);
}

#[test]
fn upload_in_own_network_needs_credential() {
    let (mut simulation, mut flash, _) = updatable();
    simulation.access = &OWN_NETWORK;
    assert_eq!(refusal(&mut simulation, &mut flash, ""), is(403, "own-network"));
    let expired = "Cookie: instep_80=00000000000000000000000000000000\r\n";
    assert_eq!(refusal(&mut simulation, &mut flash, expired), is(403, "own-network"));
    for credential in [log_in(&mut simulation, ""), tool()] {
        let mut peer = peer(&simulation);
        feed(&mut simulation, &mut peer, &mut flash, put(LENGTH, &credential).as_bytes());
        assert!(flash.step().unwrap().starts_with("begin"));
        peer.client.abandon(&mut simulation.context());
        flash.step();
    }
    let (mut simulation, mut flash, _) = open_with(&link::APP, &OWN_NETWORK);
    assert_eq!(refusal(&mut simulation, &mut flash, ""), is(403, "own-network"));
    assert_eq!(refusal(&mut simulation, &mut flash, &tool()), is(403, "own-network"));
}

#[test]
fn upload_that_cannot_begin_now_is_refused() {
    let (mut simulation, mut flash, upload) = open_to_everyone();
    upload.set_status(STATUS.with_state(ImageState::Trial));
    assert_eq!(refusal(&mut simulation, &mut flash, ""), is(409, "on-trial"));
    upload.set_status(STATUS.with_capacity(None));
    assert_eq!(refusal(&mut simulation, &mut flash, ""), is(404, "no-slot"));
    assert_eq!(get(&mut simulation, "/firmware", "").status, 404);
    // A device that may have a second slot, but cannot read it.
    upload.set_status(STATUS.with_capacity(None).with_flash_failed(true));
    assert_eq!(refusal(&mut simulation, &mut flash, ""), is(503, "flash-failed"));
    assert_eq!(get(&mut simulation, "/firmware", "").status, 503);
    upload.set_status(STATUS);

    // No task writes flash.
    let unready: &'static Upload = Box::leak(Box::new(Upload::new(Permission::Everyone)));
    unready.set_status(STATUS);
    simulation.update = Some(unready);
    assert_eq!(refusal(&mut simulation, &mut flash, ""), is(503, "not-ready"));
}

#[test]
fn second_upload_is_refused_until_first_ends() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut first = peer(&simulation);
    first.send(&mut simulation, put(LENGTH, "").as_bytes());
    flash.step();
    assert_eq!(refusal(&mut simulation, &mut flash, ""), is(409, "busy"));
    first.send(&mut simulation, &image(LENGTH)[..SECTOR]);
    flash.step();
    assert_eq!(refusal_code(&mut simulation), "busy");
    // The flash side still has the sector of a connection that broke.
    first.client.abandon(&mut simulation.context());
    assert_eq!(refusal_code(&mut simulation), "busy");
    assert_eq!(flash.step(), Some("abandoned"));
    let mut second = peer(&simulation);
    feed(&mut simulation, &mut second, &mut flash, &[put(LENGTH, "").into_bytes(), image(LENGTH)].concat());
    assert_eq!((answer(&mut second).0, &flash.image), (200, &image(LENGTH)));
}

fn refusal_code(simulation: &mut Simulation) -> String {
    let answer = exchange_from(simulation, PEER, &put(LENGTH, EXPECT));
    answer.body.split('"').nth(3).unwrap_or_default().to_owned()
}

#[test]
fn image_longer_than_slot_is_413() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    for length in ["20481", "4294967296", "18446744073709551615"] {
        let head =
            format!("PUT /firmware HTTP/1.1\r\nHost: lamp\r\nContent-Length: {length}\r\n{EXPECT}\r\n");
        let answer = exchange_from(&mut simulation, PEER, &head);
        assert_eq!(answer.status, 413, "{length}");
        assert!(answer.body.starts_with("{\"code\":\"too-long\","), "{}", answer.body);
    }
    assert_eq!(flash.step(), None);
    // A chunk that announces too much is refused before it is taken.
    let capacity = CAPACITY as usize;
    for (image, chunk, taken) in [(image(capacity + 1), 1000, 5), (image(capacity + 1), capacity + 1, 0)] {
        let (mut simulation, mut flash, _) = open_to_everyone();
        let mut peer = peer(&simulation);
        let request = put_chunks(&image, chunk, "");
        feed(&mut simulation, &mut peer, &mut flash, &request);
        let (status, body) = answer(&mut peer);
        assert!(status == 413 && body.starts_with("{\"code\":\"too-long\","), "{chunk}: {status} {body}");
        flash.write_all();
        let sectors = flash.events.iter().filter(|event| event.starts_with("sector")).count();
        assert!(sectors <= taken && !flash.events.contains(&"end".into()), "{:?}", flash.events);
    }
    let request = put_chunks(&image(capacity), 1000, "");
    let mut exact = peer(&simulation);
    feed(&mut simulation, &mut exact, &mut flash, &request);
    assert_eq!(answer(&mut exact).0, 200);
}

#[test]
fn empty_image_is_400() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let without = "PUT /firmware HTTP/1.1\r\nHost: lamp\r\n\r\n".to_owned();
    for request in [put(0, ""), without] {
        let answer = exchange_from(&mut simulation, PEER, &request);
        assert_eq!(answer.status, 400);
        assert!(answer.body.starts_with("{\"code\":\"empty\","), "{}", answer.body);
    }
    assert_eq!(flash.step(), None);
    let mut chunked = peer(&simulation);
    chunked.send(&mut simulation, &put_chunks(&[], 1, ""));
    assert_eq!(answer(&mut chunked).0, 400);
    flash.write_all();
    assert!(!flash.events.contains(&"end".into()));
}

#[test]
fn malformed_chunks_end_upload() {
    for (bad, status, code) in [
        ("3\r\nabcd", 400, "malformed"),
        ("g\r\n", 400, "malformed"),
        (&format!("1;{}\r\n", "x".repeat(3000)), 431, "long-chunks"),
    ] {
        let (mut simulation, mut flash, _) = open_to_everyone();
        let mut peer = peer(&simulation);
        let head = "PUT /firmware HTTP/1.1\r\nHost: lamp\r\nTransfer-Encoding: chunked\r\n\r\n";
        let good = format!("1000\r\n{}\r\n", "a".repeat(SECTOR));
        feed(&mut simulation, &mut peer, &mut flash, format!("{head}{good}{bad}").as_bytes());
        let (found, body) = answer(&mut peer);
        assert_eq!(found, status, "{body}");
        assert!(body.starts_with(&format!("{{\"code\":\"{code}\",")), "{body}");
        flash.write_all();
        assert!(!flash.events.contains(&"end".into()), "{:?}", flash.events);
    }
}

#[test]
fn content_after_early_refusal_is_discarded_for_a_while() {
    let (mut simulation, mut flash, upload) = open_to_everyone();
    upload.set_status(STATUS.with_state(ImageState::Trial));
    let mut peer = peer(&simulation);
    let (request, next) = (put(LENGTH, ""), "GET /any/1 HTTP/1.1\r\nHost: lamp\r\n\r\n");
    let bytes = [request.as_bytes(), &image(LENGTH), next.as_bytes()].concat();
    let (turn, left) = feed(&mut simulation, &mut peer, &mut flash, &bytes);
    let text = String::from_utf8(peer.take()).unwrap();
    assert!(text.starts_with("HTTP/1.1 409 ") && text.ends_with("\r\n\r\n1"), "{text}");
    assert!(!turn.shut_down && left == 0);

    let mut slow = flash::peer(&simulation);
    slow.send(&mut simulation, request.as_bytes());
    simulation.now += Limits::DEVICE.idle_time;
    assert!(slow.send(&mut simulation, b"x").shut_down);
}

#[test]
fn upload_is_not_evicted_and_closes_with_server() {
    use instep::driver::{CloseCode, EvictionPriority};
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, put(LENGTH, "").as_bytes());
    flash.step();
    assert_eq!(peer.client.eviction_priority(), EvictionPriority::InUse);
    peer.client.close(CloseCode::GOING_AWAY, &mut simulation.context());
    assert!(peer.turn(&mut simulation).closed);
    assert_eq!(flash.step(), Some("abandoned"));
}

#[test]
fn device_without_updates_says_so() {
    static ROUTE: Unavailable = Unavailable("this is a program: update it as it was installed");
    let sentence = "{\"code\":\"no-slot\",\"message\":\"this is a program: update it as it was installed\"}";
    let mut simulation = Simulation::new(Limits::LINUX);
    simulation.update = Some(&ROUTE as &dyn FirmwareRoute);
    for method in ["GET", "PUT"] {
        let answer = guarded::request(&mut simulation, method, "/firmware", "", "abc");
        assert_eq!((answer.status, answer.body.as_str()), (404, sentence), "{method}");
    }
    assert_eq!(guarded::request(&mut simulation, "OPTIONS", "/firmware", "", "").status, 404);
    let mut with_password = guarded();
    with_password.update = Some(&ROUTE);
    assert_eq!(get(&mut with_password, "/firmware", "").status, 401);
    assert_eq!(get(&mut with_password, "/firmware", &tool()).body, sentence);

    // An application's own page comes first.
    static OWN: App = App::new("own", "has a page there").page("/firmware", Asset::html("mine"));
    let mut own = guard(Simulation::with_app(&OWN, Limits::LINUX));
    own.update = Some(&ROUTE);
    assert_eq!(get(&mut own, "/firmware", &tool()).body, "mine");
    // Without any route there is nothing.
    let mut nothing = Simulation::new(Limits::DEVICE);
    let mut peer = peer(&nothing);
    let answer = exchange_with(&mut nothing, &mut peer, "GET /firmware HTTP/1.1\r\nHost: lamp\r\n\r\n");
    assert_eq!((answer.status, answer.body.as_str()), (404, "There is nothing at this address."));
}

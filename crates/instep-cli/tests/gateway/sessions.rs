//! Sessions that hold at all gateways with one key.

use crate::house::{BACK, device, gateway};
use crate::served::request;
use serde_json::Value;
use std::net::SocketAddr;
use test_support::mosquitto::Mosquitto;
use test_support::{Folder, Response, SOON, Server, WebSocket, http, wait_until};

pub const PASSWORD: &str = "sesame";

/// Gateways with one key.
struct Keyed<'b> {
    broker: &'b Mosquitto,
    key: String,
    _folder: Folder,
}

impl<'b> Keyed<'b> {
    fn new(broker: &'b Mosquitto, test: &str) -> Self {
        let folder = Folder::new(test);
        let key = folder.write("key", "5a".repeat(32));
        Self { broker, key, _folder: folder }
    }

    fn start(&self, password: &str) -> Server {
        let gateway = gateway(&self.broker.url()).arg("--session-key-file").arg(&self.key);
        let gateway = gateway.variable("INSTEP_PASSWORD", password).start();
        gateway.wait_for_line(|line| line.starts_with("The broker tells of"), 3 * SOON);
        gateway
    }
}

pub fn get(addr: SocketAddr, path: &str, cookie: &str) -> Response {
    http(addr, request(path, &[&format!("Cookie: {cookie}")]))
}

fn post(addr: SocketAddr, path: &str, cookie: &str, form: &str) -> Response {
    let length = form.len();
    http(
        addr,
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nContent-Length: {length}\r\n\r\n{form}"
        ),
    )
}

#[track_caller]
pub fn log_in(addr: SocketAddr, password: &str) -> String {
    let answer = post(addr, "/login?next=/lamp-1/", "", &format!("password={password}"));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/lamp-1/")));
    let cookie = answer.header("set-cookie").expect("no session");
    assert!(cookie.contains("; Path=/;"), "{cookie}");
    cookie.split(';').next().expect("no cookie").into()
}

#[track_caller]
pub fn socket(addr: SocketAddr, path: &str, cookie: &str) -> WebSocket {
    WebSocket::try_connect(addr, path, &[("Cookie", cookie)]).expect("the upgrade was refused")
}

#[test]
fn log_out_at_one_gateway_closes_sockets_at_all_and_is_known_to_later_ones() {
    let Some(broker) = Mosquitto::start() else { return };
    let _lamp = device(&broker, "lamp-1");
    let keyed = Keyed::new(&broker, "gateway_log_out");
    let gateways = [keyed.start(PASSWORD), keyed.start(PASSWORD)];
    let addrs = gateways.each_ref().map(Server::addr);
    let (cookie, another) = (log_in(addrs[0], PASSWORD), log_in(addrs[1], PASSWORD));
    for addr in addrs {
        wait_until(3 * SOON, || get(addr, "/lamp-1/", &cookie).status == 200, || "no device");
    }
    // Of the device, and of the list.
    let mut sockets = addrs.map(|addr| ["/lamp-1/ws", "/ws"].map(|path| socket(addr, path, &cookie)));
    let mut other = socket(addrs[0], "/lamp-1/ws", &another);
    assert_eq!(post(addrs[1], "/lamp-1/logout", &cookie, "").status, 303);
    for socket in sockets.as_flattened_mut() {
        let mut frame = socket.read_frame(SOON);
        while frame.opcode != 8 {
            frame = socket.read_frame(SOON);
        }
        assert_eq!(frame.close_code(), 1008);
    }
    for addr in addrs {
        assert_eq!((get(addr, "/", &cookie).status, get(addr, "/", &another).status), (401, 200));
    }
    let late = keyed.start(PASSWORD);
    assert_eq!((get(late.addr(), "/", &cookie).status, get(late.addr(), "/", &another).status), (401, 200));
    other.send_text(r#"{"label":"led","value":true,"id":7}"#);
    other.read_text_until(|frame| frame == r#"{"label":"ok","id":7}"#);
    // A gateway that is started with a new password ends the sessions of all others.
    let new = keyed.start("new");
    wait_until(SOON, || get(addrs[0], "/", &another).status == 401, || "the session holds");
    assert_eq!(get(new.addr(), "/", &log_in(new.addr(), "new")).status, 200);
    gateways[0]
        .wait_for_line(|line| line.starts_with("Another server was started with another password"), SOON);
}

#[test]
fn log_out_while_the_broker_is_away_is_told_when_it_is_back() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let lamp = device(&broker, "lamp-1");
    let (gateways, cookie, addrs);
    {
        let keyed = Keyed::new(&broker, "gateway_broker_away");
        gateways = [keyed.start(PASSWORD), keyed.start(PASSWORD)];
        addrs = gateways.each_ref().map(Server::addr);
        cookie = log_in(addrs[0], PASSWORD);
    }
    broker.kill();
    assert_eq!(post(addrs[0], "/logout", &cookie, "").status, 303);
    assert_eq!((get(addrs[0], "/", &cookie).status, get(addrs[1], "/", &cookie).status), (401, 200));
    broker.restart();
    wait_until(BACK, || get(addrs[1], "/", &cookie).status == 401, || "the log-out is not told");
    drop(lamp);
}

#[test]
fn foreign_messages_between_gateways_change_nothing() {
    let Some(broker) = Mosquitto::start() else { return };
    let keyed = Keyed::new(&broker, "gateway_foreign");
    let gateway = keyed.start(PASSWORD);
    let cookie = log_in(gateway.addr(), PASSWORD);
    let (_, value) = cookie.split_once('=').expect("no value");
    let mut client = broker.client();
    client.publish(&format!("instep/gateway/logout/{}", &value[..32]), &value[32..], true);
    client.publish("instep/gateway/password", "0".repeat(112), true);
    gateway.wait_for_line(|line| line.starts_with("Ignored the message"), SOON);
    assert_eq!(get(gateway.addr(), "/", &cookie).status, 200);
}

#[test]
fn list_and_directory_are_behind_the_log_in() {
    let Some(broker) = Mosquitto::start() else { return };
    let _lamp = device(&broker, "lamp-1");
    let keyed = Keyed::new(&broker, "gateway_list");
    let gateway = keyed.start(PASSWORD);
    let addr = gateway.addr();
    for path in ["/", "/things", "/things/lamp-1", "/list.js"] {
        assert_eq!(get(addr, path, "").status, 401, "{path}");
    }
    let cookie = log_in(addr, PASSWORD);
    let things: Value = serde_json::from_str(get(addr, "/things", &cookie).text()).expect("not JSON");
    assert_eq!(things[0]["base"], "http://localhost/lamp-1/.well-known/", "{things}");
    let own: Value =
        serde_json::from_str(get(addr, "/lamp-1/.well-known/wot", &cookie).text()).expect("not JSON");
    assert_eq!((&things[0]["title"], &things[0]["properties"]), (&own["title"], &own["properties"]));
    let mut list = socket(addr, "/ws", &cookie);
    list.read_text_until(|frame| {
        frame.contains(r#""id":"lamp-1","title":"Workshop""#) && frame.contains(r#""online":true"#)
    });
    list.read_text_until(|frame| frame.contains(r#""broker":true"#) && frame.contains(r#""guarded":true"#));
}

//! Devices and gateways of these tests.

use crate::served::{request, with};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use test_support::mosquitto::{Client, Mosquitto};
use test_support::{Builder, Response, SOON, Server, WebSocket, http, wait_until};

/// Time in which a gateway or device is back after its broker is: the waiting times before its first retries, and some more.
pub const BACK: Duration = Duration::from_secs(20);

/// Returns a gateway at the broker of this URL.
pub fn gateway(url: &str) -> Builder {
    with(&["--mqtt", url]).command("gateway")
}

/// Starts a gateway, and waits until it shows this device online.
#[track_caller]
pub fn start(broker: &Mosquitto, id: &str) -> Server {
    let gateway = gateway(&broker.url()).start();
    wait_for_device(gateway.addr(), id);
    gateway
}

/// Waits until a gateway shows this device.
#[track_caller]
pub fn wait_for_device(gateway: SocketAddr, id: &str) {
    let path = format!("/{id}/.well-known/wot");
    wait_until(3 * SOON, || get(gateway, &path).status == 200, || format!("the gateway does not show {id}"));
}

/// Starts the application `workshop` as a device of this id.
pub fn device(broker: &Mosquitto, id: &str) -> Server {
    let device = with(&["--app", "workshop", "--mqtt", &broker.url(), "--mqtt-id", id]).start();
    device.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
    device
}

/// Publishes a device that never answers, and returns the client that stands for it and gets its commands.
pub fn silent_device(broker: &Mosquitto, id: &str) -> Client {
    let mut client = broker.client();
    let thing = r#"{"label":"thing","value":{"wire":1,"hash":"0123456789abcdef","start":"00000001"}}"#;
    let description = r#"{"@context":["https://www.w3.org/2022/wot/td/v1.1",{"instep":"urn:instep:"}],"title":"Silent","description":"","links":[],"properties":{"led":{"title":"Light","instep:kind":"switch","instep:order":0,"type":"boolean","observable":true,"forms":[{"href":"../properties/led","op":["readproperty","writeproperty"],"contentType":"application/json"}]}}}"#;
    client.publish(&format!("instep/{id}/thing"), thing, true);
    client.publish(&format!("instep/{id}/led"), led(false), true);
    client.publish(&format!("instep/{id}/thing/td"), description, true);
    client.publish(&format!("instep/{id}"), "online", true);
    client.subscribe(&format!("instep/{id}/+/set"));
    client
}

pub fn led(on: bool) -> String {
    format!(r#"{{"label":"led","value":{on}}}"#)
}

/// Returns the answer to a GET.
#[track_caller]
pub fn get(addr: SocketAddr, path: &str) -> Response {
    http(addr, request(path, &[]))
}

/// Returns the answer to a PUT of a JSON value.
#[track_caller]
pub fn put(addr: SocketAddr, path: &str, value: &str) -> Response {
    let length = value.len();
    http(
        addr,
        format!(
            "PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{value}"
        ),
    )
}

/// Reads a page's frames up to the last one, and returns them.
#[track_caller]
pub fn read_to(page: &mut WebSocket, is_last: impl Fn(&str) -> bool) -> Vec<String> {
    let end = Instant::now() + SOON;
    let mut seen = vec![page.read_text()];
    while seen.last().is_some_and(|frame| !is_last(frame)) {
        assert!(Instant::now() < end, "the last frame does not come: {seen:?}");
        seen.push(page.read_text());
    }
    seen
}

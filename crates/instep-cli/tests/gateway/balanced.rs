//! Two gateways behind a load balancer, with the configurations of docs/guide/reverse-proxy.
//!
//! A load balancer that this machine does not have is skipped.

use crate::house::{device, gateway, led};
use crate::sessions::{PASSWORD, get, log_in, socket};
use std::net::SocketAddr;
use test_support::mosquitto::Mosquitto;
use test_support::{Balancer, Folder, SOON, Server, wait_until};

#[test]
fn viewers_of_a_killed_gateway_go_on_at_the_other_behind_nginx() {
    viewers_go_on(Balancer::nginx);
}

#[test]
fn viewers_of_a_killed_gateway_go_on_at_the_other_behind_haproxy() {
    viewers_go_on(Balancer::haproxy);
}

/// Viewers of a gateway that is killed go on at the other one, with their session, and end with the device's values.
fn viewers_go_on(balancer: fn([SocketAddr; 2]) -> Option<Balancer>) {
    let Some(broker) = Mosquitto::start() else { return };
    let _lamp = device(&broker, "lamp-1");
    let folder = Folder::new("gateway_balanced");
    let key = folder.write("key", "5a".repeat(32));
    let start = || {
        let gateway = gateway(&broker.url()).arg("--session-key-file").arg(&key);
        // HAProxy's checks name this host.
        let gateway = gateway.arg("--trust-proxy=127.0.0.1").arg("--allow-host=devices.example.com");
        gateway.variable("INSTEP_PASSWORD", PASSWORD).start()
    };
    let mut gateways = [start(), start()];
    let Some(balancer) = balancer(gateways.each_ref().map(Server::addr)) else { return };
    let addr = balancer.addr();
    let cookie = log_in(addr, PASSWORD);
    for gateway in &gateways {
        let is_shown = || get(gateway.addr(), "/lamp-1/", &cookie).status == 200;
        wait_until(3 * SOON, is_shown, || "the device is not shown");
    }
    let opened =
        |gateway: &Server| gateway.lines().iter().filter(|line| line.contains("] Connected from")).count();
    // Each page, and whether it is one of the first gateway.
    let mut pages = Vec::new();
    for number in 0..6 {
        let before = opened(&gateways[0]);
        let mut page = socket(addr, "/lamp-1/ws", &cookie);
        page.read_text_until(|frame| frame == led(false));
        // A line of the log may come a little later than the page.
        let is_logged = || gateways.iter().map(opened).sum::<usize>() > number;
        wait_until(SOON, is_logged, || "a page is not in a log");
        pages.push((page, opened(&gateways[0]) > before));
    }
    let of_first = pages.iter().filter(|(_, is_first)| *is_first).count();
    assert!((1..6).contains(&of_first), "they are not balanced: {of_first} of 6");
    gateways[0].kill();
    for (page, _) in pages.iter_mut().filter(|(_, is_first)| *is_first) {
        *page = socket(addr, "/lamp-1/ws", &cookie);
        page.read_text_until(|frame| frame == led(false));
    }
    pages[0].0.send_text(r#"{"label":"led","value":true,"id":1}"#);
    for (page, _) in &mut pages {
        page.read_text_until(|frame| frame == led(true));
    }
}

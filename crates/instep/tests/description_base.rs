//! `base` of the Thing Description, the address at which the client found the
//! device. On the simulated link.

mod guarded;
mod link;
mod workshop;

use guarded::{Answer, exchange_from, exchange_with};
use instep::Access;
use link::Simulation;
use std::net::{IpAddr, Ipv4Addr};

const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 80));
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 81));
const PATH: &str = "/.well-known/wot";

static BEHIND: Access = link::ACCESS
    .with_hosts(&["home.example"])
    .with_proxies(&[instep::access::IpNetwork::host(PROXY)])
    .with_base_path("/device");

fn simulation() -> Simulation {
    let mut simulation = workshop::simulation();
    simulation.access = &BEHIND;
    simulation
}

fn text(path: &str, host: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n")
}

/// Returns the value of `base`, which is empty if the description has none.
fn base(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.all);
    assert_eq!(answer.header("Content-Length"), Some(answer.body.len().to_string().as_str()));
    let begin = r#"{"@context":["https://www.w3.org/2022/wot/td/v1.1",{"instep":"urn:instep:"}],"#;
    let rest = answer.body.strip_prefix(begin).expect("the description begins differently");
    assert!(rest.contains(r#""title":"A bench","#) && rest.ends_with("}}"), "{rest}");
    rest.strip_prefix("\"base\":\"")
        .map_or("", |rest| rest.split_once("\",\"title\"").expect("`base` has no end").0)
}

#[test]
fn base_is_address_used_by_client() {
    let mut simulation = simulation();
    for (path, host, expected) in [
        (PATH, "lamp", "http://lamp/.well-known/"),
        (PATH, "LAMP.local:8080", "http://LAMP.local:8080/.well-known/"),
        (PATH, "192.168.0.7", "http://192.168.0.7/.well-known/"),
        (PATH, "[fe80::1]:81", "http://[fe80::1]:81/.well-known/"),
        ("/device/.well-known/wot", "home.example", "http://home.example/device/.well-known/"),
    ] {
        assert_eq!(base(&exchange_from(&mut simulation, ELSEWHERE, &text(path, host, ""))), expected);
    }
    let mut peer = simulation.client_of(link::connection().encrypted(true));
    assert_eq!(
        base(&exchange_with(&mut simulation, &mut peer, &text(PATH, "lamp:8443", ""))),
        "https://lamp:8443/.well-known/"
    );
    let mut old = simulation.client();
    let without = format!("GET {PATH} HTTP/1.0\r\n\r\n");
    assert_eq!(base(&exchange_with(&mut simulation, &mut old, &without)), "");
    let rebound = exchange_from(&mut simulation, ELSEWHERE, &text(PATH, "evil.test", ""));
    assert!(rebound.status == 421 && !rebound.all.contains("evil"), "{}", rebound.all);
}

#[test]
fn base_follows_headers_of_trusted_proxy_only() {
    let mut simulation = simulation();
    let https = "X-Forwarded-Proto: https\r\n";
    for (from, path, headers, expected) in [
        (PROXY, PATH, https, "https://lamp/.well-known/"),
        (PROXY, PATH, "X-Forwarded-Proto: http\r\n", "http://lamp/.well-known/"),
        (PROXY, PATH, "X-Forwarded-Prefix: /home/lamp\r\n", "http://lamp/home/lamp/.well-known/"),
        (
            PROXY,
            PATH,
            "X-Forwarded-Prefix: /home/\r\nX-Forwarded-Proto: HTTPS\r\n",
            "https://lamp/home/.well-known/",
        ),
        // The client's own headers stand before those that the proxy adds.
        (
            PROXY,
            PATH,
            "X-Forwarded-Prefix: /evil\r\nX-Forwarded-Prefix: /home\r\n",
            "http://lamp/home/.well-known/",
        ),
        (PROXY, PATH, "X-Forwarded-Prefix: /evil, /home\r\n", "http://lamp/home/.well-known/"),
        // The proxy left its prefix in the path.
        (
            PROXY,
            "/device/.well-known/wot",
            "X-Forwarded-Prefix: /device\r\n",
            "http://lamp/device/.well-known/",
        ),
        (
            ELSEWHERE,
            PATH,
            "X-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /home\r\n",
            "http://lamp/.well-known/",
        ),
        (PROXY, PATH, "X-Forwarded-Host: evil.test\r\n", "http://lamp/.well-known/"),
        (PROXY, PATH, "X-Forwarded-Prefix: /\r\n", "http://lamp/.well-known/"),
    ] {
        let answer = exchange_from(&mut simulation, from, &text(path, "lamp", headers));
        assert_eq!(base(&answer), expected, "{headers}");
    }
    let longest = format!("/{}", "x".repeat(127));
    for (prefix, passes) in [(longest.clone(), true), (format!("{longest}x"), false)] {
        let headers = format!("X-Forwarded-Prefix: {prefix}\r\n");
        let answer = exchange_from(&mut simulation, PROXY, &text(PATH, "lamp", &headers));
        assert_eq!(base(&answer).contains("xxx"), passes);
    }
    for wrong in [
        "home",
        "//evil.test",
        "/a//b",
        "/a/../b",
        "/./a",
        "/a b",
        "/a%2fb",
        "/a\"b",
        "/a<b",
        "/a\\b",
        "/a?b",
        "/a#b",
        "/a;b",
        "http://evil.test/",
        "/é",
    ] {
        let headers = format!("X-Forwarded-Prefix: {wrong}\r\n");
        let answer = exchange_from(&mut simulation, PROXY, &text(PATH, "lamp", &headers));
        assert_eq!(base(&answer), "http://lamp/.well-known/", "{wrong}");
    }
}

#[test]
fn cached_description_is_valid_for_one_base() {
    let mut simulation = simulation();
    let prefix = "X-Forwarded-Prefix: /home\r\n";
    let first = exchange_from(&mut simulation, PROXY, &text(PATH, "lamp", prefix));
    let etag = first.header("ETag").expect("no ETag").to_string();
    let copy = |headers: &str| format!("If-None-Match: {etag}\r\n{headers}");
    for (host, headers, status) in [
        ("lamp", prefix, 304),
        ("lamp", "", 200),
        ("lamp.local", prefix, 200),
        ("lamp", "X-Forwarded-Prefix: /home\r\nX-Forwarded-Proto: https\r\n", 200),
    ] {
        let answer = exchange_from(&mut simulation, PROXY, &text(PATH, host, &copy(headers)));
        assert_eq!(answer.status, status, "{host} {headers}");
        assert!(status == 200 || answer.body.is_empty());
    }
    let head = exchange_from(&mut simulation, PROXY, &text(PATH, "lamp", prefix).replace("GET", "HEAD"));
    assert_eq!((head.header("ETag"), head.body.as_str()), (Some(etag.as_str()), ""));
    assert_eq!(head.header("Content-Length"), first.header("Content-Length"));
}

#[test]
fn description_survives_pipelining_and_any_window() {
    let mut simulation = simulation();
    let whole = exchange_from(&mut simulation, ELSEWHERE, &text(PATH, "lamp", "")).all;
    for window in [1, 100, 1000] {
        let mut peer = simulation.client();
        peer.window = 0;
        let pipelined =
            text("/properties/led", "lamp", "") + &text(PATH, "lamp", "") + &text(PATH, "lamp", "");
        peer.send(&mut simulation, pipelined.as_bytes());
        let mut before = usize::MAX;
        while peer.received.len() != before {
            before = peer.received.len();
            peer.window = window;
            peer.turn(&mut simulation);
        }
        let all = String::from_utf8(peer.take()).expect("not UTF-8");
        assert!(all.ends_with(&whole.repeat(2)), "{window}: {all}");
    }
}

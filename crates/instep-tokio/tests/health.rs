//! `/healthz`, for a monitor.

mod in_process;

use in_process::serve;
use instep::{App, Asset, Limits};
use instep_tokio::SocketLimits;
use std::net::SocketAddr;
use test_support::{Http, Response, WebSocket, http};

static BARE: App = App::new("bare", "for tests").endpoint("/ws");
static GREEDY: App = App::new("greedy", "for tests").page("/*", Asset::html("<p>All</p>")).endpoint("/*");
static OWN: App = App::new("own", "for tests").page("/healthz", Asset::html("<p>Fine</p>"));
static OWN_ENDPOINT: App = App::new("own-endpoint", "for tests").endpoint("/healthz");

#[track_caller]
fn ask(addr: SocketAddr, method: &str, headers: &str) -> Response {
    http(addr, format!("{method} /healthz HTTP/1.1\r\n{headers}\r\n\r\n"))
}

#[test]
fn healthz_answers_ok_to_allowed_hosts() {
    let server = serve(&BARE, Limits::LINUX, SocketLimits::default());
    let answer = ask(server.addr, "GET", "Host: localhost");
    assert_eq!((answer.status, answer.text()), (200, "ok"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"), "the answer may be cached");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let head = ask(server.addr, "HEAD", "Host: localhost");
    assert_eq!((head.status, head.text()), (200, ""));
    assert_eq!(head.headers_without_date(), answer.headers_without_date());

    assert_eq!(ask(server.addr, "GET", "Host: evil.test").status, 421);
    assert_eq!(ask(server.addr, "GET", "Host: a\r\nSec-Fetch-Site: cross-site").status, 421);
    assert_eq!(ask(server.addr, "GET", "Host: localhost\r\nSec-Fetch-Site: cross-site").status, 403);
    let post = ask(server.addr, "POST", "Host: localhost");
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
    let longer = http(server.addr, "GET /healthz/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(longer.status, 404);

    // There is no broker.
    let details = http(server.addr, "GET /healthz?verbose HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!((details.status, details.text()), (200, "ok\n"));

    // The connection goes on, and a pipelined request is answered in order.
    let mut connection = Http::connect(server.addr);
    connection.send("GET /healthz?now HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3));
    for _ in 0..3 {
        assert_eq!(connection.read().text(), "ok");
    }
}

#[test]
fn healthz_of_application_is_not_overridden() {
    let server = serve(&OWN, Limits::LINUX, SocketLimits::default());
    assert_eq!(ask(server.addr, "GET", "Host: localhost").text(), "<p>Fine</p>");
    let server = serve(&OWN_ENDPOINT, Limits::LINUX, SocketLimits::default());
    assert_eq!(ask(server.addr, "GET", "Host: localhost").status, 426);
    drop(WebSocket::connect(server.addr, "/healthz"));

    // A page for every path does not include this one, but an endpoint for every path does.
    let server = serve(&GREEDY, Limits::LINUX, SocketLimits::default());
    assert_eq!(ask(server.addr, "GET", "Host: localhost").text(), "ok");
    assert_eq!(http(server.addr, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").text(), "<p>All</p>");
    drop(WebSocket::connect(server.addr, "/healthz"));
}

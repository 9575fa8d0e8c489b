//! `/firmware` of a program on Linux, which cannot be updated over HTTP.

mod in_process;

use in_process::serve;
use instep::{App, Asset, Limits};
use instep_tokio::SocketLimits;
use test_support::http;

static APP: App = App::new("app", "for tests").page("/", Asset::html("<p>App</p>"));
static GREEDY: App = App::new("greedy", "for tests").page("/*", Asset::html("<p>All</p>"));

#[test]
fn firmware_of_program_on_linux_is_404_with_a_sentence() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let sentence = "{\"code\":\"no-slot\",\"message\":\"this device is a program on Linux: update it in the way in which it was installed\"}";
    let get = http(server.addr, "GET /firmware HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!((get.status, get.text()), (404, sentence));
    assert_eq!(get.header("content-type"), Some("application/json"));
    let image = "x".repeat(100_000);
    let put = format!(
        "PUT /firmware HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{image}",
        image.len()
    );
    let put = http(server.addr, put);
    assert_eq!((put.status, put.text()), (404, sentence));

    // A page of the application comes first.
    let server = serve(&GREEDY, Limits::LINUX, SocketLimits::default());
    let get = http(server.addr, "GET /firmware HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!((get.status, get.text()), (200, "<p>All</p>"));
}

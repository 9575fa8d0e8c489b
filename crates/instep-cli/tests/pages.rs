//! Pages and scripts over a real socket: framing, cached copies and compression.

mod served;

use served::{get, request, serve, unzipped};
use test_support::{Http, http, target};

const SCRIPT: &[u8] = instep_panel::INSTEP_JS.body();
const HELLO: &str = include_str!("../../../examples/apps/pages/hello.html");

#[test]
fn page_cannot_be_framed_and_its_scripts_run() {
    for app in ["hello", "led-plain", "led-json"] {
        let server = serve(&["--app", app]);
        let page = get(server.addr(), "/");
        assert_eq!(page.header("content-security-policy"), Some("frame-ancestors 'self'"), "{app}");
        assert_eq!(page.header("x-frame-options"), Some("SAMEORIGIN"));
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("server"), None);
    }
}

#[test]
fn unchanged_copy_is_not_sent_again() {
    let server = serve(&["--app", "hello"]);
    let page = get(server.addr(), "/");
    assert_eq!(page.text(), HELLO);
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let etag = page.header("etag").expect("no ETag").to_owned();
    let mut connection = Http::connect(server.addr());
    for list in [etag.clone(), format!("\"other\", W/{etag}"), "*".into()] {
        connection.send(request("/", &[&format!("If-None-Match: {list}")]));
        let response = connection.read();
        assert_eq!((response.status, response.header("etag")), (304, Some(&*etag)), "{list}");
    }
    connection.send(request("/", &["If-None-Match: \"other\""]));
    assert_eq!(connection.read().text(), HELLO);
}

#[test]
fn script_is_compressed_if_accepted() {
    let server = serve(&["--app", "led-json"]);
    let vary = target().uncompressed.then_some("Accept-Encoding");
    let takes = ["Accept-Encoding: br, gzip"];
    let response = http(server.addr(), request("/instep.js", &takes));
    assert_eq!((&unzipped(&response)[..], response.header("vary")), (SCRIPT, vary));
    assert!(response.body.len() < SCRIPT.len() / 2);
    let etag = format!("If-None-Match: {}", response.header("etag").expect("no ETag"));
    assert_eq!(http(server.addr(), request("/instep.js", &[takes[0], &etag])).status, 304);
    for takes_none in
        [&[][..], &["Accept-Encoding: identity"], &["Accept-Encoding: gzip;q=0, *"], &["Accept-Encoding: "]]
    {
        let response = http(server.addr(), request("/instep.js", takes_none));
        assert!(response.header("content-type").is_some_and(|kind| kind.starts_with("text/javascript")));
        assert_eq!(response.header("vary"), vary);
        if !target().uncompressed {
            assert_eq!(unzipped(&response), SCRIPT, "another body than the compressed one");
            continue;
        }
        assert_eq!(
            (&response.body[..], response.header("content-encoding")),
            (SCRIPT, None),
            "{takes_none:?}"
        );
        let copy = http(server.addr(), request("/instep.js", &[takes_none, &[&etag]].concat()));
        assert_eq!(copy.status, 200, "two bodies share an ETag");
    }
}

#[test]
fn curl_prints_page_of_thing() {
    let server = serve(&["--app", "workshop"]);
    for (path, begins) in [("/", "<!doctype html>"), ("/panel.js", "/**"), ("/instep.js", "/**")] {
        // The request of `curl`.
        let response = http(server.addr(), request(path, &["User-Agent: curl/8.5.0", "Accept: */*"]));
        if !target().uncompressed {
            assert!(String::from_utf8(unzipped(&response)).is_ok());
            continue;
        }
        let text = response.text();
        assert!(text.len() > 1000 && text.to_ascii_lowercase().starts_with(begins), "{path}: {text:.80}");
    }
}

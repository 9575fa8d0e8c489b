//! The boundary between two responses.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use test_support::{Http, SOON, http};

/// Sends these bytes to each client that has sent something, and closes.
fn answering(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
    let addr = listener.local_addr().expect("no address");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("cannot connect");
        let _ = stream.read(&mut [0; 1024]);
        // One byte at a time, because no response may depend on how it is split.
        for byte in bytes {
            stream.write_all(&[*byte]).expect("cannot send");
        }
    });
    addr
}

#[test]
fn pipelined_responses_are_read_one_by_one() {
    let all =
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Note: a: b\r\n\r\noneHTTP/1.1 304 Not Modified\r\n\r\n\
        HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nth\r\n3;x=y\r\nree\r\n0\r\n\r\n\
        HTTP/1.0 200 OK\r\n\r\nto the end";
    let mut connection = Http::connect(answering(all));
    connection.send("GET / HTTP/1.1\r\n\r\n");
    let one = connection.read();
    assert_eq!((one.status, one.text(), one.header("x-note")), (200, "one", Some("a: b")));
    assert_eq!(connection.read().status, 304);
    assert_eq!(connection.read().text(), "three");
    assert_eq!(connection.read().text(), "to the end");
    connection.expect_end(SOON);
}

#[test]
fn response_to_head_has_no_body() {
    let addr = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
    let response = http(addr, "HEAD / HTTP/1.1\r\n\r\n");
    assert_eq!((response.header("content-length"), response.text()), (Some("3"), ""));
}

#[test]
#[should_panic(expected = "is repeated")]
fn repeated_header_fails_the_test() {
    let addr = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\none");
    http(addr, "GET / HTTP/1.1\r\n\r\n");
}

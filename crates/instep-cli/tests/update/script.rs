//! A device that follows a script, because the states of a real one last too short a time for a test.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// End of a PUT.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Put {
    /// The connection breaks once the whole image has come.
    Breaks,
    /// Status 503 with this body.
    Unavailable(&'static str),
    /// This status line of a proxy, with a page.
    ByProxy(&'static str),
}

/// What a device says after the upload: its status, or nothing while it restarts.
pub(crate) type Step = Option<String>;

/// Step in which a proxy finds no device.
pub(crate) const NO_DEVICE: &str = "404 page not found";

/// A device with an open port, which ends when it is dropped.
pub(crate) struct Script {
    pub(crate) addr: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Script {
    /// Starts a device that says `before` until the image has come, and then one step after the other. The last one lasts.
    pub(crate) fn start(before: String, put: Put, after: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
        let addr = listener.local_addr().expect("the socket has no address");
        let ends = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let ends = Arc::clone(&ends);
            move || serve(&listener, before, put, after, &ends)
        });
        Self { addr, ends, thread: Some(thread) }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // It wakes the thread.
        let _ = TcpStream::connect(self.addr);
        let ended = self.thread.take().map_or(Ok(()), JoinHandle::join);
        if !thread::panicking() {
            ended.expect("the device panicked");
        }
    }
}

/// Answers one connection after the other.
fn serve(listener: &TcpListener, before: String, put: Put, after: Vec<Step>, ends: &AtomicBool) {
    let mut now = Some(before);
    let mut after = after.into_iter();
    let mut is_sent = false;
    loop {
        let (mut stream, _) = listener.accept().expect("cannot accept");
        if ends.load(Ordering::Relaxed) {
            return;
        }
        let head = read_head(&mut stream);
        if head.starts_with("PUT ") {
            let (_, length) = head.split_once("content-length: ").expect("the image has no length");
            let length = length.lines().next().and_then(|digits| digits.parse().ok()).expect("no length");
            let mut image = vec![0; length];
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").expect("cannot answer");
            stream.read_exact(&mut image).expect("the image is cut");
            match put {
                Put::Breaks => {}
                Put::Unavailable(body) => answer(&mut stream, "503 Service Unavailable", body),
                Put::ByProxy(status) => answer(&mut stream, status, "<h1>Bad</h1>"),
            }
            is_sent = true;
            continue;
        }
        if is_sent && let Some(next) = after.next() {
            now = next;
        }
        match &now {
            Some(status) if status == NO_DEVICE => answer(&mut stream, "404 Not Found", status),
            Some(status) => answer(&mut stream, "200 OK", status),
            None => {}
        }
    }
}

fn answer(stream: &mut TcpStream, status: &str, body: &str) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).expect("cannot answer");
}

/// Reads the head of a request, in lower case but for the method.
fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).expect("cannot read") == 0 {
            break;
        }
        head.extend(byte);
    }
    let head = String::from_utf8(head).expect("the head is not UTF-8");
    let (method, rest) = head.split_once(' ').unwrap_or_default();
    format!("{method} {}", rest.to_lowercase())
}

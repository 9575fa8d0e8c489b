//! A phone on the link.

use crate::Link;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Address, Stack};
use embassy_time::{Duration, with_timeout};

/// Time limit for each operation.
const SOON: Duration = Duration::from_secs(30);

impl Link {
    /// Adds a station that requests an address, and waits for it.
    ///
    /// # Panics
    /// If it gets no address.
    pub async fn join(&self) -> Stack<'static> {
        let (phone, _) = self.station_with(Config::dhcpv4(Default::default()));
        with_timeout(SOON, phone.wait_config_up()).await.expect("no address from DHCP");
        phone
    }
}

/// Sends a request; returns the status and the whole answer.
///
/// The request has to ask for the connection to be closed.
///
/// # Panics
/// If the answer is not complete.
pub async fn ask(phone: Stack<'static>, to: Ipv4Address, request: &str) -> (u16, String) {
    let buffer = || vec![0; 4096].leak();
    let mut socket = TcpSocket::new(phone, buffer(), buffer());
    with_timeout(SOON, socket.connect((to, 80)))
        .await
        .expect("connecting timed out")
        .expect("cannot connect");
    let mut rest = request.as_bytes();
    while !rest.is_empty() {
        rest = &rest[socket.write(rest).await.expect("cannot send")..];
    }
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let read = with_timeout(SOON, socket.read(&mut buffer)).await;
        match read.expect("the answer timed out").expect("the connection was reset") {
            0 => break,
            length => answer.extend_from_slice(&buffer[..length]),
        }
    }
    // A page may be compressed, but its head is text.
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer[9..12].parse().expect("no status"), answer)
}

/// Returns the status of a GET and its whole answer.
pub async fn get(phone: Stack<'static>, to: Ipv4Address, path: &str) -> (u16, String) {
    // HTTP/1.0, so that the body is not in chunks and the connection closes behind it.
    ask(phone, to, &format!("GET {path} HTTP/1.0\r\nHost: {to}\r\nAccept: text/html\r\n\r\n")).await
}

/// Submits a form of a page of the device, and returns the status.
pub async fn post(phone: Stack<'static>, to: Ipv4Address, path: &str, form: &str) -> u16 {
    let length = form.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {to}\r\nOrigin: http://{to}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    ask(phone, to, &(head + form)).await.0
}

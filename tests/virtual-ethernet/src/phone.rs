//! What a phone does on a link.

use crate::Link;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Address, Stack};
use embassy_time::{Duration, with_timeout};

/// How long anything may take.
const SOON: Duration = Duration::from_secs(30);

impl Link {
    /// A station that has asked for an address, and got one.
    ///
    /// # Panics
    /// If nobody gives it any.
    pub async fn join(&self) -> Stack<'static> {
        let (phone, _) = self.station_with(Config::dhcpv4(Default::default()));
        with_timeout(SOON, phone.wait_config_up()).await.expect("an address");
        phone
    }
}

/// The status of the answer to a request, and all of the answer. It has to ask for the connection to be closed.
///
/// # Panics
/// If there is no whole answer.
pub async fn ask(phone: Stack<'static>, to: Ipv4Address, request: &str) -> (u16, String) {
    let buffer = || vec![0; 4096].leak();
    let mut socket = TcpSocket::new(phone, buffer(), buffer());
    with_timeout(SOON, socket.connect((to, 80))).await.expect("soon").expect("a connection");
    let mut rest = request.as_bytes();
    while !rest.is_empty() {
        rest = &rest[socket.write(rest).await.expect("a connection")..];
    }
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let read = with_timeout(SOON, socket.read(&mut buffer)).await;
        match read.expect("an answer").expect("no reset") {
            0 => break,
            length => answer.extend_from_slice(&buffer[..length]),
        }
    }
    // A page may be compressed; its head is not.
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer[9..12].parse().expect("a status"), answer)
}

/// The answer to GET.
pub async fn get(phone: Stack<'static>, to: Ipv4Address, path: &str) -> (u16, String) {
    // HTTP/1.0: the body is as it is, and the connection closes behind it.
    ask(phone, to, &format!("GET {path} HTTP/1.0\r\nHost: {to}\r\nAccept: text/html\r\n\r\n")).await
}

/// The status of the answer to a form that a page of the device sends.
pub async fn post(phone: Stack<'static>, to: Ipv4Address, path: &str, form: &str) -> u16 {
    let length = form.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {to}\r\nOrigin: http://{to}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    ask(phone, to, &(head + form)).await.0
}

//! A small HTTP/1.1 client, which sends bytes
//! unchanged and reads exactly one response at a time.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::SOON;
use crate::stream::{End, Stream};

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names and values in the order of arrival; names as written.
    pub headers: Vec<(String, String)>,
    /// The body, without chunk framing.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the value of a header, whose name is case-insensitive.
    ///
    /// Panics if the header is repeated.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "the header {name} is repeated: {:?}", self.headers);
        value
    }

    /// Returns all headers but `Date`, which may differ between two responses.
    pub fn headers_without_date(&self) -> Vec<&(String, String)> {
        self.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("Date")).collect()
    }

    /// Returns the body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is not UTF-8")
    }

    #[track_caller]
    fn parse_head(head: &str) -> Response {
        let mut lines = head.trim_end_matches("\r\n").split("\r\n");
        let line = lines.next().unwrap_or_default();
        let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
        let status = status.and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("not a status line: {line:?}"));
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("not a header: {line:?}"));
            (name.to_owned(), value.trim().to_owned())
        });
        Response { status, headers: headers.collect(), body: Vec::new() }
    }
}

/// Sends one request unchanged, and reads one response.
#[track_caller]
pub fn http(addr: SocketAddr, request: impl AsRef<[u8]>) -> Response {
    let mut connection = Http::connect(addr);
    connection.send(request.as_ref());
    if request.as_ref().starts_with(b"HEAD ") { connection.read_head() } else { connection.read() }
}

/// HTTP connection for keep-alive, pipelining and partial requests.
#[derive(Debug)]
pub struct Http {
    stream: Stream,
}

impl From<Stream> for Http {
    fn from(stream: Stream) -> Http {
        Http { stream }
    }
}

impl Http {
    /// Connects, and sends nothing yet.
    #[track_caller]
    pub fn connect(addr: SocketAddr) -> Http {
        Http { stream: Stream::connect(addr) }
    }

    /// Takes over a connected stream.
    pub fn over(tcp: TcpStream) -> Http {
        Http::from(Stream::new(tcp))
    }

    /// Returns the TCP stream, for calls that may fail.
    pub fn tcp(&self) -> &TcpStream {
        self.stream.tcp()
    }

    /// Sends bytes unchanged.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write(bytes.as_ref());
    }

    /// Shuts down the sending side.
    #[track_caller]
    pub fn finish(&mut self) {
        self.stream.tcp().shutdown(std::net::Shutdown::Write).expect("cannot shut down writing");
    }

    /// Reads the next response, and nothing behind it.
    #[track_caller]
    pub fn read(&mut self) -> Response {
        let mut response = self.read_head();
        response.body = self.read_body(&response);
        response
    }

    #[track_caller]
    pub(crate) fn read_body(&mut self, response: &Response) -> Vec<u8> {
        let deadline = Instant::now() + SOON;
        if matches!(response.status, 100..=199 | 204 | 304) {
            Vec::new()
        } else if response.header("transfer-encoding").is_some_and(|te| te.eq_ignore_ascii_case("chunked")) {
            self.read_chunks(deadline)
        } else if let Some(len) = response.header("content-length") {
            let len = len.parse().unwrap_or_else(|_| panic!("not a length: {len:?}"));
            self.fill(|stream| stream.fill_to(len, deadline));
            self.stream.take(len)
        } else {
            self.read_until_closed(deadline)
        }
    }

    /// Reads the head of the next response, for an answer to HEAD or to an upgrade.
    #[track_caller]
    pub fn read_head(&mut self) -> Response {
        let len = self.fill(|stream| stream.fill_until(b"\r\n\r\n", Instant::now() + SOON));
        let head = self.stream.take(len);
        Response::parse_head(std::str::from_utf8(&head).expect("the head is not UTF-8"))
    }

    /// Reads up to the next `end`, and nothing behind it.
    #[track_caller]
    pub fn read_until(&mut self, end: &[u8]) -> Vec<u8> {
        let len = self.fill(|stream| stream.fill_until(end, Instant::now() + SOON));
        self.stream.take(len)
    }

    /// Reads until the server closes.
    #[track_caller]
    pub fn read_to_end(&mut self, within: Duration) -> Vec<u8> {
        self.read_until_closed(Instant::now() + within)
    }

    /// Waits until the server closes, and panics if bytes arrive before.
    #[track_caller]
    pub fn expect_end(&mut self, within: Duration) {
        let end = self.stream.fill(Instant::now() + within);
        let came = String::from_utf8_lossy(self.stream.buffered());
        assert_eq!(end, Err(End::Closed), "expected the end of the connection; in the buffer: {came:?}");
        assert_eq!(came, "", "bytes after the response");
    }

    /// Panics if bytes, or the end of the connection, arrive within that time.
    #[track_caller]
    pub fn expect_silence(&mut self, time: Duration) {
        let came = self.stream.fill(Instant::now() + time);
        let bytes = String::from_utf8_lossy(self.stream.buffered());
        assert_eq!(came, Err(End::Timeout), "expected silence; in the buffer: {bytes:?}");
    }

    pub(crate) fn into_stream(self) -> Stream {
        self.stream
    }

    #[track_caller]
    fn read_chunks(&mut self, deadline: Instant) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let len = self.fill(|stream| stream.fill_until(b"\r\n", deadline));
            let line = String::from_utf8_lossy(&self.stream.take(len)).into_owned();
            let size = usize::from_str_radix(line.trim_end().split(';').next().unwrap_or_default(), 16);
            let size = size.unwrap_or_else(|_| panic!("not a chunk's size: {line:?}"));
            self.fill(|stream| stream.fill_to(size + 2, deadline));
            let chunk = self.stream.take(size + 2);
            assert!(chunk.ends_with(b"\r\n"), "a chunk of {size} bytes does not end with CRLF");
            body.extend(&chunk[..size]);
            if size == 0 {
                return body;
            }
        }
    }

    #[track_caller]
    fn read_until_closed(&mut self, deadline: Instant) -> Vec<u8> {
        loop {
            match self.stream.fill(deadline) {
                Ok(()) => {}
                Err(End::Closed) => return self.stream.take(self.stream.buffered().len()),
                Err(End::Timeout) => panic!("the connection does not end"),
            }
        }
    }

    #[track_caller]
    fn fill<T>(&mut self, read: impl FnOnce(&mut Stream) -> Result<T, End>) -> T {
        read(&mut self.stream).unwrap_or_else(|end| {
            let so_far = String::from_utf8_lossy(self.stream.buffered()).into_owned();
            panic!("no whole response ({end:?}); so far: {so_far:?}")
        })
    }
}

//! The test's side of the simulated link.

use super::caller::Caller;
use super::frames::WebSocket;
use super::handle::{Handle, SharedNet, WAIT_MAX, settle};
use super::page::Page;
use super::response::Response;
use std::fmt::Write as _;
use std::time::Duration;

/// Host of the requests, an address under which every device is known.
const HOST: &str = "192.0.2.1";

/// A simulated link to the device under test, which [`run`](super::run) hands to the test.
///
/// Futures of a link and of its pages can wait at the same time, for example in `embassy_futures::join`.
#[derive(Clone, Debug)]
pub struct Link {
    net: SharedNet,
}

impl Link {
    pub(super) fn new(net: SharedNet) -> Self {
        Self { net }
    }

    /// Opens a WebSocket, as a page does.
    ///
    /// # Panics
    /// If the device does not accept it.
    #[track_caller]
    pub fn open(&self, path: &str) -> impl Future<Output = Page> {
        self.open_at(path, None, Caller::here())
    }

    /// Opens a WebSocket with a subprotocol, or with several in a list with commas.
    ///
    /// [`Page::subprotocol`] is the one that the device chose.
    ///
    /// # Panics
    /// If the device does not accept it.
    #[track_caller]
    pub fn open_with(&self, path: &str, subprotocols: &str) -> impl Future<Output = Page> {
        self.open_at(path, Some(subprotocols), Caller::here())
    }

    /// Opens a WebSocket, and returns the device's response if it does not accept it.
    ///
    /// # Errors
    /// The response, for example 503 if there are too many clients.
    #[track_caller]
    pub fn try_open(&self, path: &str) -> impl Future<Output = Result<Page, Response>> {
        self.handshake(path, None, Caller::here())
    }

    /// Sends a GET request, and waits for the response.
    #[track_caller]
    pub fn get(&self, path: &str) -> impl Future<Output = Response> {
        self.ask("GET", path, &[], "", Caller::here())
    }

    /// Sends a PUT request with JSON, and waits for the response.
    #[track_caller]
    pub fn put(&self, path: &str, json: &str) -> impl Future<Output = Response> {
        self.ask("PUT", path, &[JSON], json, Caller::here())
    }

    /// Sends a POST request with JSON, and waits for the response.
    ///
    /// If `json` is empty, the request has no body.
    #[track_caller]
    pub fn post(&self, path: &str, json: &str) -> impl Future<Output = Response> {
        self.ask("POST", path, if json.is_empty() { &[] } else { &[JSON] }, json, Caller::here())
    }

    /// Sends any request, and waits for the response.
    ///
    /// `fields` are names and values. Host is added unless it is among them, and Content-Length if there is a body.
    #[track_caller]
    pub fn request(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> impl Future<Output = Response> {
        self.ask(method, path, fields, body, Caller::here())
    }

    /// Lets time pass, in virtual ms.
    ///
    /// It returns at once, after everything that the application and the device do in that time.
    pub async fn sleep(&self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    /// Waits until the application and the device wait. No time passes.
    ///
    /// It is needed only after a change that is not sent to the device, such as [`Input::set`](super::Input::set).
    pub async fn settle(&self) {
        settle().await;
    }

    /// Returns the time since the start of the device, in virtual ms.
    pub fn now(&self) -> u64 {
        self.net.borrow().millis()
    }

    async fn open_at(&self, path: &str, subprotocols: Option<&str>, caller: Caller) -> Page {
        match self.handshake(path, subprotocols, caller).await {
            Ok(page) => page,
            Err(response) => {
                panic!("{caller}: the device does not accept a WebSocket at {path}: {response:?}")
            }
        }
    }

    async fn handshake(
        &self,
        path: &str,
        subprotocols: Option<&str>,
        caller: Caller,
    ) -> Result<Page, Response> {
        let mut fields = vec![
            ("Connection", "keep-alive, Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        fields.extend(subprotocols.map(|names| ("Sec-WebSocket-Protocol", names)));
        let drops_alive = self.net.borrow().is_thing();
        let handle = Handle::connect(&self.net, request("GET", path, &fields, ""));
        let response = handle.wait(|connection| {
            let response = connection.take_response(false)?;
            if response.status == 101 {
                connection.upgrade(WebSocket::new(drops_alive));
            }
            Some(response)
        });
        match response.await {
            Some(response) if response.status == 101 => {
                let subprotocol = response.field("sec-websocket-protocol").map(str::to_owned);
                Ok(Page::new(handle, path, subprotocol))
            }
            Some(response) => Err(response),
            None => panic!("{caller}: the device did not answer the handshake at {path} within {WAIT_MAX} s"),
        }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
        caller: Caller,
    ) -> Response {
        let handle = Handle::connect(&self.net, request(method, path, fields, body));
        match handle.wait(|connection| connection.take_response(method == "HEAD")).await {
            Some(response) => response,
            None => panic!(
                "{caller}: the device did not answer {method} {path} within {WAIT_MAX} s; a stream of events has no end, \
                 so a test reads events from a page"
            ),
        }
    }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Returns a request.
fn request(method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut request = format!("{method} {path} HTTP/1.1\r\n");
    let host = (!fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"))).then_some(("Host", HOST));
    for (name, value) in host.iter().chain(fields) {
        // Writing to a string cannot fail.
        let _ = write!(request, "{name}: {value}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(request, "Content-Length: {}\r\n", body.len());
    }
    request.push_str("\r\n");
    request.push_str(body);
    request.into_bytes()
}

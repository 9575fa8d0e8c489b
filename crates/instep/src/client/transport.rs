//! What a client is told of what carries its bytes, where that is more than a socket.

use super::requests::{Decision, tell, write_whole};
use super::{Client, Instant, State, Surroundings, World};
use crate::device::{DropReason, End};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Method, Reply, RequestHead, Status};

impl Client {
    /// Whether its bytes are encrypted on their way, so that a cookie for it is `Secure`.
    pub fn is_secure(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.secure)
    }

    /// Its bytes are encrypted on their way.
    pub fn secure(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            exchange.secure = true;
        }
    }

    /// It does not encrypt although it came where it must: whatever it asks for is answered by 400, which says so.
    pub fn refuse_unencrypted(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            (exchange.secure, exchange.not_secure) = (false, true);
        }
    }

    /// The transport got bytes that are not input yet, such as a part of a record: the peer is alive.
    pub fn heard_from(&mut self, now: Instant) {
        self.heard(now);
    }

    /// The transport has accepted everything, but the socket has taken none of that since then. To be said after
    /// each turn for as long as it is so.
    pub fn blocked_since(&mut self, since: Instant) {
        self.timing.blocked_since(since);
    }

    /// The transport cannot go on, as after a record that was tampered with. What it wrote last is to arrive, so
    /// all further input is thrown away for a while. A turn is due.
    pub fn break_off(
        &mut self,
        why: &dyn core::fmt::Display,
        now: Instant,
        surroundings: &mut Surroundings<'_>,
    ) {
        let (world, _) = World::of(surroundings);
        tell!(info, world, now, "TLS with {} failed: {why}", self.peer());
        let end = End::Dropped(DropReason::SocketError);
        self.pass_to(State::Closed, end, &world);
        self.linger(now);
    }
}

/// Says where the device is, to a browser that looked for it without TLS.
pub(super) fn ask_for_https(head: &RequestHead<'_>, world: &World<'_>, out: &mut Outgoing<'_>) -> Decision {
    // A name that is not ours is not repeated.
    let host = head.host.filter(|_| world.access.check(head).is_ok()).unwrap_or("ADDRESS:PORT");
    let body = ["Only HTTPS is spoken here: open https://", host, "/ instead.\n"];
    let response = Reply::error_head(Status::BadRequest, body.iter().map(|part| part.len()).sum());
    let body = if head.method == Method::Head { &[][..] } else { &body };
    if write_whole(&response, body, out) {
        Decision::Written { closes: true }
    } else {
        Decision::Reply(Reply::error(Status::BadRequest, None))
    }
}

//! Requests, as they come in: heads, and content behind them.

use super::client::{Client, State};
use super::context::ConnectionContext;
use super::http_state::{BodyRemaining, HttpState};
use super::websocket::Taken;
use crate::limits::ROOM_MIN;
use crate::service::{Outcome, Pending, Request};
use crate::time::Instant;
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Chunks, HeadError, Reply, RequestHead};

impl Client {
    /// Takes what is left of a request's content, or the next request.
    pub(super) fn take_request(
        &mut self,
        now: Instant,
        input: &mut [u8],
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> Taken {
        match self.http_mut() {
            Some(HttpState { reply: None, body_remaining: BodyRemaining::Bytes(left @ 1..), .. }) => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= length as u64;
                Taken::Some(length)
            }
            Some(HttpState { reply: None, body_remaining: BodyRemaining::Chunks(_), .. }) => {
                self.pass_chunks(now, input, world)
            }
            Some(HttpState { reply: None, .. }) if out.remaining() >= ROOM_MIN => {
                // Empty lines before a request are to be ignored (RFC 9112 section 2.2).
                let empty = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                if empty > 0 {
                    return Taken::Some(empty);
                }
                let taken = self.keep_chunks(input, world).and_then(|start| {
                    let taken = self.take_head(now, &input[start..], world, out)?;
                    Ok(taken.behind(start))
                });
                taken.unwrap_or_else(|error| {
                    self.refuse_head(error, input, now, world);
                    Taken::Some(input.len())
                })
            }
            _ if input.is_empty() => Taken::Incomplete(0),
            _ => Taken::Blocked(0),
        }
    }

    /// Decodes chunks behind the head that stands first in the input, and moves it, and what was decoded, behind what is left
    /// over: so many bytes are of no use any more.
    fn keep_chunks(&mut self, input: &mut [u8], world: &ConnectionContext<'_>) -> Result<usize, HeadError> {
        let limits = world.device.limits();
        let Some(HttpState { body_remaining: BodyRemaining::Kept { head, chunks }, .. }) = self.http_mut()
        else {
            return Ok(0);
        };
        let from = *head + chunks.length();
        let Some(raw) = input.get_mut(from..) else { return Ok(0) };
        let (used, made) = chunks.decode(raw, Self::content_max(limits) as u64, limits.head)?;
        let start = used - made;
        if start > 0 {
            input.copy_within(..from + made, start);
        }
        Ok(start)
    }

    /// Throws chunks away.
    fn pass_chunks(&mut self, now: Instant, input: &mut [u8], world: &ConnectionContext<'_>) -> Taken {
        let limits = world.device.limits();
        let Some(HttpState { body_remaining: unread, .. }) = self.http_mut() else {
            return Taken::Blocked(0);
        };
        let BodyRemaining::Chunks(chunks) = unread else { return Taken::Blocked(0) };
        match chunks.decode(input, limits.body, limits.head) {
            Ok((used, _)) if chunks.is_done() || used == input.len() => {
                if chunks.is_done() {
                    *unread = BodyRemaining::NOTHING;
                }
                Taken::Some(used)
            }
            // Its request has been answered. A second answer would be taken for that to another one.
            _ => {
                self.tell_refused(HeadError::Chunks, now, world);
                self.state = State::Ending;
                Taken::Some(input.len())
            }
        }
    }

    /// Takes a request, if all of it is there that has to be.
    fn take_head(
        &mut self,
        now: Instant,
        input: &[u8],
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<Taken, HeadError> {
        let limits = world.device.limits();
        if input.is_empty() {
            return Ok(Taken::Incomplete(0));
        }
        let parsed = RequestHead::parse(&input[..input.len().min(limits.head.bytes)], limits.head)?;
        let Some((mut head, length)) = parsed else {
            self.head_begun(now);
            return Ok(Taken::Incomplete(0));
        };
        let unread = self.http().map_or(BodyRemaining::NOTHING, |exchange| exchange.body_remaining);
        let rest = &input[length..];
        let (content, after, unread) = match unread {
            BodyRemaining::Kept { chunks, .. } => {
                head.content_length = chunks.announced();
                let whole = chunks.is_done().then(|| rest.get(..chunks.length())).flatten();
                if whole.is_none() && head.content_length <= Self::content_max(limits) as u64 {
                    self.head_begun(now);
                    return Ok(Taken::Incomplete(0));
                }
                let unread =
                    if whole.is_some() { BodyRemaining::NOTHING } else { BodyRemaining::Chunks(chunks) };
                (whole, length + chunks.length(), unread)
            }
            _ if head.chunked && (!head.expects_continue || self.pending() == Pending::Body) => {
                self.keep_from(length);
                return Ok(Taken::Some(0));
            }
            _ if head.chunked => (None, length, BodyRemaining::Chunks(Chunks::new())),
            _ => {
                let whole = usize::try_from(head.content_length).ok();
                (whole.and_then(|whole| rest.get(..whole)), length, BodyRemaining::Bytes(head.content_length))
            }
        };
        (head.base, head.path) = world.access.split_path(head.path);
        let peer = world.access.client(self.peer(), &head);
        (head.date, head.keep_alive_seconds) = (world.date, limits.keep_alive_seconds());
        let proxied = world.access.is_proxy(self.peer().to_canonical());
        head.secure = self.is_secure() || (proxied && world.access.is_forwarded_from_tls(&head));
        head.extra = world.access.extra_lines(&head);
        if let Some(exchange) = self.http_mut() {
            exchange.extra = head.extra;
        }
        let request = Request {
            now,
            head: &head,
            peer,
            proxied,
            content,
            local_port: self.local_port(),
            pending: self.pending(),
            context: world,
        };
        match self.route(&request, world, out) {
            Outcome::Blocked => return Ok(Taken::Blocked(0)),
            // The chunks that it waits for may be there already.
            Outcome::Pending(Pending::Body) if head.chunked && self.pending() != Pending::Body => {
                let _ = self.wait_for(Pending::Body, now);
                return Ok(Taken::Some(0));
            }
            Outcome::Pending(waits) => return Ok(self.wait_for(waits, now)),
            Outcome::Reply(reply) => self.answer_and_pass(Some(reply), unread),
            Outcome::Written { closes: true } => self.state = State::Ending,
            Outcome::Written { closes: false } => self.answer_and_pass(None, unread),
            Outcome::Open(opening) => self.open(now, &head, &opening, world, out),
            Outcome::Listen(listening) => self.listen(now, &listening, world, out),
        }
        self.head_ended(now);
        Ok(Taken::Some(after))
    }

    /// From now on, chunks behind a head of that length are decoded and kept.
    fn keep_from(&mut self, head: usize) {
        if let Some(exchange) = self.http_mut() {
            exchange.body_remaining = BodyRemaining::Kept { head, chunks: Chunks::new() };
        }
    }

    /// Answers the request, unless that is done, and throws away the content that is not there yet.
    pub(super) fn answer_and_pass(&mut self, reply: Option<Reply>, unread: BodyRemaining) {
        if let Some(exchange) = self.http_mut() {
            exchange.answer(reply, unread);
        }
    }

    /// The request stays in the input, and is decided on again later.
    fn wait_for(&mut self, waits: Pending, now: Instant) -> Taken {
        let Some(exchange) = self.http_mut() else { return Taken::Blocked(0) };
        let before = core::mem::replace(&mut exchange.pending, waits);
        match (before, waits) {
            (_, Pending::Nothing | Pending::Body) => {
                self.head_begun(now);
                Taken::Incomplete(0)
            }
            (Pending::PasswordCheck(_), Pending::PasswordCheck(_)) => Taken::Blocked(0),
            (Pending::Invocation(_), Pending::Invocation(_)) => Taken::Blocked(0),
            (_, Pending::PasswordCheck(_) | Pending::Invocation(_)) => {
                self.timing.begin(now);
                Taken::Blocked(0)
            }
        }
    }
}

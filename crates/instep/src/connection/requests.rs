//! Receiving of requests: heads, and the content after them.

use super::client::{Client, State};
use super::context::ConnectionContext;
use super::http_state::HttpState;
#[cfg(feature = "gateway")]
use super::mounting::enter;
use super::websocket::Taken;
use crate::access::MountPath;
use crate::limits::ROOM_MIN;
use crate::service::{BodyRemaining, Outcome, Pending, Request};
use crate::time::Instant;
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Chunks, HeadError, Reply, RequestHead};

impl Client {
    /// Discards the rest of a request's content, or takes the next request.
    pub(super) fn take_request(
        &mut self,
        now: Instant,
        input: &mut [u8],
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> Taken {
        match self.http_mut() {
            Some(HttpState { reply: None, body_remaining: BodyRemaining::Bytes(left @ 1..), .. }) => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= length as u64;
                Taken::Some(length)
            }
            Some(HttpState { reply: None, body_remaining: BodyRemaining::Chunks(_), .. }) => {
                self.discard_chunks(now, input, context)
            }
            Some(HttpState { reply: None, .. }) if out.remaining() >= ROOM_MIN => {
                // Empty lines before a request are ignored (RFC 9112 section 2.2).
                let empty = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                if empty > 0 {
                    return Taken::Some(empty);
                }
                let taken = self.keep_chunks(input, context).and_then(|start| {
                    let taken = self.take_head(now, &input[start..], context, out)?;
                    Ok(taken.behind(start))
                });
                taken.unwrap_or_else(|error| {
                    self.log_refused_head(error, now, context);
                    self.answer(Reply::refusal(error, input));
                    Taken::Some(input.len())
                })
            }
            _ if input.is_empty() => Taken::Incomplete(0),
            _ => Taken::Blocked(0),
        }
    }

    /// Decodes the chunks after the first head in the input.
    ///
    /// The head and the content are moved back, directly before the bytes that are not decoded yet. Returns how many bytes before
    /// the head are free by that.
    fn keep_chunks(&mut self, input: &mut [u8], context: &ConnectionContext<'_>) -> Result<usize, HeadError> {
        let limits = context.device.limits();
        let Some(HttpState { body_remaining: BodyRemaining::Kept { head, chunks }, .. }) = self.http_mut()
        else {
            return Ok(0);
        };
        let from = *head + chunks.length();
        let Some(raw) = input.get_mut(from..) else { return Ok(0) };
        let (used, decoded) = chunks.decode(raw, Self::content_max(limits) as u64, limits.head)?;
        let start = used - decoded;
        if start > 0 {
            input.copy_within(..from + decoded, start);
        }
        Ok(start)
    }

    /// Discards chunks.
    fn discard_chunks(&mut self, now: Instant, input: &mut [u8], context: &ConnectionContext<'_>) -> Taken {
        let limits = context.device.limits();
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
            // The request has been answered, and the client would take a second response for that to its next request.
            _ => {
                self.log_refused_head(HeadError::Chunks, now, context);
                self.state = State::Ending;
                Taken::Some(input.len())
            }
        }
    }

    /// Takes a request, if all of it has arrived that is needed to answer it.
    fn take_head(
        &mut self,
        now: Instant,
        input: &[u8],
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<Taken, HeadError> {
        let limits = context.device.limits();
        if input.is_empty() {
            return Ok(Taken::Incomplete(0));
        }
        let parsed = RequestHead::parse(&input[..input.len().min(limits.head.bytes)], limits.head)?;
        let Some((mut head, length)) = parsed else {
            self.head_begun(now);
            return Ok(Taken::Incomplete(0));
        };
        let unread = self.http().map_or(BodyRemaining::NOTHING, |http| http.body_remaining);
        let rest = &input[length..];
        let (content, mut after, unread) = match unread {
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
                if let Some(http) = self.http_mut() {
                    http.body_remaining = BodyRemaining::Kept { head: length, chunks: Chunks::default() };
                }
                return Ok(Taken::Some(0));
            }
            _ if head.chunked => (None, length, BodyRemaining::Chunks(Chunks::default())),
            _ => {
                let whole = usize::try_from(head.content_length).ok();
                (whole.and_then(|whole| rest.get(..whole)), length, BodyRemaining::Bytes(head.content_length))
            }
        };
        #[cfg(feature = "gateway")]
        let whole_path = head.path;
        (head.base, head.path) = context.access.split_path(head.path);
        let peer = context.access.client(self.peer(), &head);
        (head.date, head.keep_alive_seconds) = (context.date, limits.keep_alive_seconds());
        let proxied = context.access.is_proxy(self.peer().to_canonical());
        head.secure = self.is_secure() || (proxied && context.access.is_forwarded_from_tls(&head));
        head.extra = context.access.origins.lines(&head);
        if let Some(http) = self.http_mut() {
            http.extra = head.extra;
        }
        let request = Request {
            now,
            head: &head,
            peer,
            proxied,
            content,
            local_port: self.local_port(),
            mount: MountPath::NONE,
            #[cfg(feature = "gateway")]
            absence: None,
            pending: self.pending(),
            context,
        };
        #[cfg(feature = "gateway")]
        let Some((mounted, mount, absence)) = enter(&request, whole_path, context) else {
            return Ok(Taken::Blocked(0));
        };
        #[cfg(feature = "gateway")]
        let request = Request { head: &mounted, mount, absence, ..request };
        match self.route(&request, context, out) {
            Outcome::Blocked => return Ok(Taken::Blocked(0)),
            // The chunks that it waits for may have arrived already.
            Outcome::Pending(Pending::Body) if head.chunked && self.pending() != Pending::Body => {
                let _ = self.wait_for(Pending::Body, now);
                return Ok(Taken::Some(0));
            }
            Outcome::Pending(pending) => return Ok(self.wait_for(pending, now)),
            Outcome::Reply(reply) => self.answer_and_discard(Some(reply), unread),
            Outcome::Written { closes: true } => self.state = State::Ending,
            Outcome::Written { closes: false } => self.answer_and_discard(None, unread),
            Outcome::Open(opening) => self.open(now, &head, &opening, context, out),
            Outcome::Take(piecewise) => {
                if let Some(update) = context.update {
                    update.begin_content(&unread, after - length);
                }
                // The connection closes after the answer, so the state of HTTP is not used again.
                (self.state, after) = (State::Taking(piecewise), length);
            }
            Outcome::Listen(listening) => self.listen(now, &listening, context, out),
        }
        self.head_ended(now);
        Ok(Taken::Some(after))
    }

    /// Sets the reply, and discards the content that has not arrived.
    ///
    /// The reply is `None` if the response is written already.
    pub(super) fn answer_and_discard(&mut self, reply: Option<Reply>, unread: BodyRemaining) {
        if let Some(http) = self.http_mut() {
            http.answer(reply, unread);
        }
    }

    /// Leaves the request in the input, to be handled again later.
    fn wait_for(&mut self, pending: Pending, now: Instant) -> Taken {
        let Some(http) = self.http_mut() else { return Taken::Blocked(0) };
        let before = core::mem::replace(&mut http.pending, pending);
        match (before, pending) {
            (_, Pending::Nothing | Pending::Body) => {
                self.head_begun(now);
                Taken::Incomplete(0)
            }
            (Pending::PasswordCheck(_), Pending::PasswordCheck(_))
            | (Pending::Invocation(_), Pending::Invocation(_)) => Taken::Blocked(0),
            (_, Pending::PasswordCheck(_) | Pending::Invocation(_)) => {
                self.timing.begin(now);
                Taken::Blocked(0)
            }
        }
    }
}

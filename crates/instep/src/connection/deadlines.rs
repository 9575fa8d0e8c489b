//! Deadlines of a connection: keep-alives, pings and timeouts.

use super::client::{Client, State};
use super::context::ConnectionContext;
use super::http_state::HttpState;
use super::websocket::Open;
use crate::device::{DropReason, End, RefusalReason};
use crate::limits::{Limits, ROOM_MIN};
use crate::service::{Events, Pending, log_limited};
use crate::time::Instant;
use instep_proto::delivery::Outgoing;
use instep_proto::frame::{CloseCode, Opcode, SERVER_HEADER_MAX, encode_header};
use instep_proto::http::{Reply, Status};

/// Interval at which a client tries to borrow an inflater, in ms.
const INFLATER_RETRY_MS: u64 = 20;
/// Interval at which a request polls its password check, in ms.
const PASSWORD_POLL_MS: u64 = 20;
/// Interval at which a request tries to queue its password check, in ms.
///
/// It is long, because many requests may do so.
const PASSWORD_QUEUE_RETRY_MS: u64 = 250;
/// Timeout of a password check, in ms.
const PASSWORD_TIMEOUT_MS: u64 = 15_000;
/// Timeout of the application's reply to a request, in ms.
const INVOCATION_TIMEOUT_MS: u64 = 5_000;

impl Client {
    /// Notes that the first byte of a head has arrived.
    pub(super) fn head_begun(&mut self, now: Instant) {
        if let Some(http) = self.http_mut()
            && !core::mem::replace(&mut http.head_begun, true)
        {
            self.timing.begin(now);
        }
    }

    /// Notes that a request's head is complete.
    pub(super) fn head_ended(&mut self, now: Instant) {
        self.timing.begin(now);
        if let Some(http) = &mut self.http_state {
            (http.head_begun, http.served) = (false, true);
        }
    }

    /// Notes that the last byte of a response is written.
    ///
    /// The idle timeout begins, unless the next head has begun.
    pub(super) fn answer_ended(&mut self, now: Instant) {
        if self.http().is_some_and(|http| !http.head_begun) {
            self.timing.begin(now);
        }
    }

    /// Handles all deadlines but those of a request.
    pub(super) fn keep_time(
        &mut self,
        now: Instant,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let limits = context.device.limits();
        if now >= self.timing.stalled.after(limits.write_stall) {
            if let State::Open(Open { slot, .. }) | State::Events(Events { slot, .. }) = &self.state {
                let client = slot.client;
                log::info!(client = client.number; "[{client}] Dropped: it accepted nothing for {} s", limits.write_stall / 1000);
            }
            self.transition(State::Closed, End::Dropped(DropReason::WriteStall), context);
        }
        if let (State::Open(open), Some(compression)) = (&mut self.state, context.compression)
            && (compression.takes().is_overdue)(open, compression, now, limits.write_stall)
        {
            self.end_open(Some(CloseCode::TRY_AGAIN_LATER), context, out);
        }
        if let State::Open(open) = &mut self.state {
            open.send_keepalive(now, context, out);
        }
        if let State::Events(events) = &mut self.state {
            events.comment(now, out);
        }
        match &self.state {
            State::Open(open) if now >= open.expires_at => self.end_session(context, out),
            State::Events(events) if now >= events.expires_at => self.end_session(context, out),
            State::Open(open) if now >= self.ping_deadline(limits) => {
                if self.pings >= limits.pings_missed {
                    let client = open.slot.client;
                    log::info!(client = client.number; "[{client}] Dropped: no answer to {} pings", limits.pings_missed);
                    self.transition(State::Closed, End::Dropped(DropReason::NoPong), context);
                } else {
                    self.pings += 1;
                    // Counted from now, so that the client has the whole interval to answer even if this ping is late.
                    self.timing.since = now;
                    if out.remaining() >= ROOM_MIN {
                        let mut header = [0; SERVER_HEADER_MAX];
                        let length = encode_header(true, Opcode::Ping, 0, &mut header);
                        // Cannot fail, because there is room.
                        let _ = out.push(&header[..length]);
                    }
                }
            }
            State::Lingering(_) if now >= self.timing.since.after(limits.linger_time) => {
                self.state = State::Closed;
            }
            _ => {}
        }
    }

    /// Handles the deadlines of a request.
    ///
    /// Returns whether one of them ended the request.
    ///
    /// It is called after the input of the turn was taken, because that input arrived in time.
    pub(super) fn keep_request_time(
        &mut self,
        now: Instant,
        context: &ConnectionContext<'_>,
        out: &Outgoing<'_>,
    ) -> bool {
        let Some(http) = self.http() else { return false };
        let HttpState { peer, head_begun, served, pending, ref reply, .. } = *http;
        match pending {
            Pending::PasswordCheck(_)
                if reply.is_none() && now >= self.timing.since.after(PASSWORD_TIMEOUT_MS) =>
            {
                context.device.count_refusal(RefusalReason::Full);
                log_limited!(warn, context, now, "Refused {peer}: too many passwords wait to be checked");
                self.answer(Reply::error(Status::ServiceUnavailable, None));
            }
            Pending::Invocation(pending) if now >= self.timing.since.after(INVOCATION_TIMEOUT_MS) => {
                context.device.withdraw(pending.client, pending.left);
                context.device.count_refusal(RefusalReason::Timeout);
                log_limited!(
                    warn,
                    context,
                    now,
                    "Refused a request from {peer}: the application did not answer"
                );
                match context.app.service {
                    Some(service) => self.answer((service.late)()),
                    None => self.state = State::Closed,
                }
            }
            Pending::Nothing | Pending::Body
                if reply.is_none()
                    && out.is_empty()
                    && now >= self.head_deadline(context.device.limits()) =>
            {
                if head_begun {
                    // A client that began a request gets an answer.
                    context.device.count_refusal(RefusalReason::Timeout);
                    self.answer(Reply::error(Status::RequestTimeout, None));
                } else if served {
                    // Lingers, because a request may be on its way.
                    self.linger(now);
                } else {
                    self.state = State::Closed;
                }
            }
            _ => return false,
        }
        true
    }

    /// Returns when the next turn is due.
    pub(super) fn wake_at(&self, now: Instant, limits: &Limits, blocked: bool) -> Instant {
        let stall = if blocked { self.timing.stalled.after(limits.write_stall) } else { Instant::NEVER };
        stall.min(match &self.state {
            State::Http => self.request_wake_at(now, limits, blocked),
            State::Open(Open { awaiting_inflater: true, .. }) => now.after(INFLATER_RETRY_MS),
            State::Open(Open { inflating: Some(inflating), keepalive_at, .. }) => {
                self.ping_deadline(limits).min(inflating.deadline(now, limits.write_stall)).min(*keepalive_at)
            }
            State::Open(open) => self.ping_deadline(limits).min(open.expires_at).min(open.keepalive_at),
            State::Events(events) => events.wake_at(),
            State::Lingering(_) => self.timing.since.after(limits.linger_time),
            State::Ending | State::Closed => Instant::NEVER,
        })
    }

    fn request_wake_at(&self, now: Instant, limits: &Limits, blocked: bool) -> Instant {
        match (self.pending(), self.http().is_some_and(|http| http.reply.is_some())) {
            (Pending::PasswordCheck(ticket), false) => {
                let pause = if ticket.is_some() { PASSWORD_POLL_MS } else { PASSWORD_QUEUE_RETRY_MS };
                now.after(pause).min(self.timing.since.after(PASSWORD_TIMEOUT_MS))
            }
            (Pending::Invocation(_), _) => self.timing.since.after(INVOCATION_TIMEOUT_MS),
            (_, false) if !blocked => self.head_deadline(limits),
            _ => Instant::NEVER,
        }
    }

    fn head_deadline(&self, limits: &Limits) -> Instant {
        let idle = self.http().is_some_and(|http| http.served && !http.head_begun);
        self.timing.since.after(if idle { limits.idle_time } else { limits.head_time })
    }

    fn ping_deadline(&self, limits: &Limits) -> Instant {
        self.timing.since.after(limits.ping_every)
    }
}

//! What time asks of a client: deadlines, pings, and the end of patience.

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

/// How often a client that waits for an inflater looks whether there is one, in milliseconds.
const INFLATER_RETRY_MS: u64 = 20;
/// How often a client looks whether its password has been checked.
const PASSWORD_POLL_MS: u64 = 20;
/// How often it looks whether there is room for its password: there may be very many who do.
const PASSWORD_QUEUE_RETRY_MS: u64 = 250;
/// How long it waits for that.
const PASSWORD_TIMEOUT_MS: u64 = 15_000;
/// How long a request waits for the application.
const INVOCATION_TIMEOUT_MS: u64 = 5_000;

impl Client {
    /// The first byte of a head is there.
    pub(super) fn head_begun(&mut self, now: Instant) {
        if let Some(exchange) = self.http_mut()
            && !core::mem::replace(&mut exchange.head_begun, true)
        {
            self.timing.begin(now);
        }
    }

    /// A head is complete.
    pub(super) fn head_ended(&mut self, now: Instant) {
        self.timing.begin(now);
        if let Some(exchange) = &mut self.http_state {
            (exchange.head_begun, exchange.served) = (false, true);
        }
    }

    /// The last byte of an answer is written: unless the next request has begun, it has its time from now on.
    pub(super) fn answer_ended(&mut self, now: Instant) {
        if self.http().is_some_and(|exchange| !exchange.head_begun) {
            self.timing.begin(now);
        }
    }

    /// Does what is due, but for a request.
    pub(super) fn keep_time(&mut self, now: Instant, world: &ConnectionContext<'_>, out: &mut Outgoing<'_>) {
        let limits = world.device.limits();
        if now >= self.timing.stalled.after(limits.write_stall) {
            if let State::Open(Open { slot: place, .. }) | State::Events(Events { slot: place, .. }) =
                &self.state
            {
                let client = place.client;
                log::info!(client = client.number; "[{client}] Dropped: it accepted nothing for {} s", limits.write_stall / 1000);
            }
            self.transition(State::Closed, End::Dropped(DropReason::WriteStall), world);
        }
        if let (State::Open(open), Some(compression)) = (&mut self.state, world.compression)
            && (compression.takes().is_overdue)(open, compression, now, limits.write_stall)
        {
            self.end_open(Some(CloseCode::TRY_AGAIN_LATER), world, out);
        }
        if let State::Open(open) = &mut self.state {
            open.send_keepalive(now, world, out);
        }
        if let State::Events(events) = &mut self.state {
            events.comment(now, out);
        }
        match &self.state {
            State::Open(open) if now >= open.expires_at => self.end_session(world, out),
            State::Events(events) if now >= events.expires_at => self.end_session(world, out),
            State::Open(open) if now >= self.ping_deadline(limits) => {
                if self.pings >= limits.pings_missed {
                    let client = open.slot.client;
                    log::info!(client = client.number; "[{client}] Dropped: no answer to {} pings", limits.pings_missed);
                    self.transition(State::Closed, End::Dropped(DropReason::NoPong), world);
                } else {
                    self.pings += 1;
                    // However late this ping is, it leaves time to answer.
                    self.timing.since = now;
                    if out.remaining() >= ROOM_MIN {
                        let mut header = [0; SERVER_HEADER_MAX];
                        let length = encode_header(true, Opcode::Ping, 0, &mut header);
                        // There is room.
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

    /// Does what is due for a request, after the input of this turn was taken, because that came in time. Says
    /// whether the request has ended by it.
    pub(super) fn keep_request_time(
        &mut self,
        now: Instant,
        world: &ConnectionContext<'_>,
        out: &Outgoing<'_>,
    ) -> bool {
        let Some(exchange) = self.http() else { return false };
        let HttpState { peer, head_begun, served, pending: waits, ref reply, .. } = *exchange;
        match waits {
            Pending::PasswordCheck(_)
                if reply.is_none() && now >= self.timing.since.after(PASSWORD_TIMEOUT_MS) =>
            {
                world.device.count_refusal(RefusalReason::Full);
                log_limited!(warn, world, now, "Refused {peer}: too many passwords wait to be checked");
                self.answer(Reply::error(Status::ServiceUnavailable, None));
            }
            Pending::Invocation(pending) if now >= self.timing.since.after(INVOCATION_TIMEOUT_MS) => {
                world.device.withdraw(pending.client, pending.left);
                world.device.count_refusal(RefusalReason::Timeout);
                log_limited!(
                    warn,
                    world,
                    now,
                    "Refused a request from {peer}: the application did not answer"
                );
                match world.app.service {
                    Some(service) => self.answer((service.late)()),
                    None => self.state = State::Closed,
                }
            }
            Pending::Nothing | Pending::Body
                if reply.is_none() && out.is_empty() && now >= self.head_deadline(world.device.limits()) =>
            {
                if head_begun {
                    // Who began a request is told.
                    world.device.count_refusal(RefusalReason::Timeout);
                    self.answer(Reply::error(Status::RequestTimeout, None));
                } else if served {
                    // A request may be on its way to us.
                    self.linger(now);
                } else {
                    self.state = State::Closed;
                }
            }
            _ => return false,
        }
        true
    }

    /// When the next turn is due.
    pub(super) fn wake_at(&self, now: Instant, limits: &Limits, blocked: bool) -> Instant {
        let stall = if blocked { self.timing.stalled.after(limits.write_stall) } else { Instant::NEVER };
        stall.min(match &self.state {
            State::Http => self.request_wake_at(now, limits, blocked),
            State::Open(Open { awaiting_inflater: true, .. }) => now.after(INFLATER_RETRY_MS),
            State::Open(Open { inflating: Some(inflating), keepalive_at: alive_at, .. }) => {
                self.ping_deadline(limits).min(inflating.deadline(now, limits.write_stall)).min(*alive_at)
            }
            State::Open(open) => self.ping_deadline(limits).min(open.expires_at).min(open.keepalive_at),
            State::Events(events) => events.wake_at(),
            State::Lingering(_) => self.timing.since.after(limits.linger_time),
            State::Ending | State::Closed => Instant::NEVER,
        })
    }

    fn request_wake_at(&self, now: Instant, limits: &Limits, blocked: bool) -> Instant {
        match (self.pending(), self.http().is_some_and(|exchange| exchange.reply.is_some())) {
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
        let idle = self.http().is_some_and(|exchange| exchange.served && !exchange.head_begun);
        self.timing.since.after(if idle { limits.idle_time } else { limits.head_time })
    }

    fn ping_deadline(&self, limits: &Limits) -> Instant {
        self.timing.since.after(limits.ping_every)
    }
}

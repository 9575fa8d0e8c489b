//! The timers of a client: when each is due, and what is done then.

use super::client::{Client, State};
use super::context::ConnectionContext;
use super::http_state::HttpState;
use super::timers::Timer;
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

    /// Handles what is due of the connection, before the input of this turn is taken.
    pub(super) fn handle_connection_timers(
        &mut self,
        now: Instant,
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        for &timer in self.timers() {
            if !timer.is_of_request() && now >= self.due(timer, now, world.device.limits(), out.is_empty()) {
                self.handle(timer, now, world, out);
            }
        }
    }

    /// Handles what is due of a request, after the input of this turn was taken, because that came in time. Returns whether the
    /// request has ended by it.
    pub(super) fn handle_request_timers(
        &mut self,
        now: Instant,
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> bool {
        for &timer in self.timers() {
            if timer.is_of_request() && now >= self.due(timer, now, world.device.limits(), out.is_empty()) {
                self.handle(timer, now, world, out);
                return true;
            }
        }
        false
    }

    /// Returns when the next turn is due.
    pub(super) fn wake_at(&self, now: Instant, limits: &Limits, blocked: bool) -> Instant {
        let due = self.timers().iter().map(|timer| self.due(*timer, now, limits, !blocked));
        due.fold(Instant::NEVER, Instant::min)
    }

    /// The timers of the client's state, in the order in which they are handled.
    fn timers(&self) -> &'static [Timer] {
        use Timer::*;
        match &self.state {
            State::Http => &[WriteStall, PasswordRetry, PasswordTimeout, Invocation, Head],
            State::Open(_) => &[WriteStall, HalfMessage, InflaterRetry, Keepalive, Session, Ping],
            State::Events(_) => &[WriteStall, Keepalive, Session],
            State::Ending => &[WriteStall],
            State::Lingering(_) => &[WriteStall, Linger],
            State::Closed => &[],
        }
    }

    /// Returns when a timer is due; never if it does not run. `drained`: the socket has taken all output.
    fn due(&self, timer: Timer, now: Instant, limits: &Limits, drained: bool) -> Instant {
        let since = self.timing.since;
        match (timer, &self.state) {
            (Timer::WriteStall, _) => self.timing.stalled.after(limits.write_stall),
            (Timer::HalfMessage, State::Open(Open { inflating: Some(inflating), .. })) => {
                inflating.deadline(now, limits.write_stall)
            }
            (Timer::InflaterRetry, State::Open(Open { awaiting_inflater: true, .. })) => {
                now.after(INFLATER_RETRY_MS)
            }
            (Timer::Keepalive, State::Open(open)) => open.keepalive_at,
            (Timer::Keepalive, State::Events(events)) => events.comment_at,
            (Timer::Session, State::Open(open)) => open.expires_at,
            (Timer::Session, State::Events(events)) => events.expires_at,
            (Timer::Ping, State::Open(_)) => since.after(limits.ping_every),
            (Timer::Linger, State::Lingering(_)) => since.after(limits.linger_time),
            (_, State::Http) => self
                .http()
                .map_or(Instant::NEVER, |exchange| exchange.due(timer, since, now, limits, drained)),
            _ => Instant::NEVER,
        }
    }

    /// Does what a timer that is due is for.
    fn handle(&mut self, timer: Timer, now: Instant, world: &ConnectionContext<'_>, out: &mut Outgoing<'_>) {
        let limits = world.device.limits();
        match (timer, &mut self.state) {
            (Timer::WriteStall, state) => {
                if let State::Open(Open { slot, .. }) | State::Events(Events { slot, .. }) = state {
                    let client = slot.client;
                    log::info!(client = client.number; "[{client}] Dropped: it accepted nothing for {} s", limits.write_stall / 1000);
                }
                self.transition(State::Closed, End::Dropped(DropReason::WriteStall), world);
            }
            (Timer::HalfMessage, State::Open(open)) => {
                if let Some(compression) = world.compression
                    && (compression.takes().is_overdue)(open, compression, now, limits.write_stall)
                {
                    self.end_open(Some(CloseCode::TRY_AGAIN_LATER), world, out);
                }
            }
            (Timer::Keepalive, State::Open(open)) => open.send_keepalive(now, world, out),
            (Timer::Keepalive, State::Events(events)) => events.comment(now, out),
            (Timer::Session, _) => self.end_session(world, out),
            (Timer::Ping, State::Open(open)) if self.pings >= limits.pings_missed => {
                let client = open.slot.client;
                log::info!(client = client.number; "[{client}] Dropped: no answer to {} pings", limits.pings_missed);
                self.transition(State::Closed, End::Dropped(DropReason::NoPong), world);
            }
            (Timer::Ping, _) => {
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
            (Timer::Linger, _) => self.state = State::Closed,
            (Timer::PasswordTimeout, _) => {
                world.device.count_refusal(RefusalReason::Full);
                let peer = self.peer();
                log_limited!(warn, world, now, "Refused {peer}: too many passwords wait to be checked");
                self.answer(Reply::error(Status::ServiceUnavailable, None));
            }
            (Timer::Invocation, _) => {
                if let Pending::Invocation(pending) = self.pending() {
                    world.device.withdraw(pending.client, pending.left);
                }
                world.device.count_refusal(RefusalReason::Timeout);
                let peer = self.peer();
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
            (Timer::Head, _) => match self.http().map(|exchange| (exchange.head_begun, exchange.served)) {
                // A peer that began a request is told.
                Some((true, _)) => {
                    world.device.count_refusal(RefusalReason::Timeout);
                    self.answer(Reply::error(Status::RequestTimeout, None));
                }
                // A request may be on its way to us.
                Some((_, true)) => self.linger(now),
                _ => self.state = State::Closed,
            },
            // For a retry the turn looks by itself; the others run in no other state.
            (Timer::InflaterRetry | Timer::PasswordRetry | Timer::HalfMessage | Timer::Keepalive, _) => {}
        }
    }
}

impl HttpState {
    /// Returns when a timer of the request is due. `since`: when the request, or the wait for it, began.
    fn due(&self, timer: Timer, since: Instant, now: Instant, limits: &Limits, drained: bool) -> Instant {
        match (timer, self.pending) {
            (Timer::PasswordRetry, Pending::PasswordCheck(ticket)) if self.reply.is_none() => {
                now.after(if ticket.is_some() { PASSWORD_POLL_MS } else { PASSWORD_QUEUE_RETRY_MS })
            }
            (Timer::PasswordTimeout, Pending::PasswordCheck(_)) if self.reply.is_none() => {
                since.after(PASSWORD_TIMEOUT_MS)
            }
            (Timer::Invocation, Pending::Invocation(_)) => since.after(INVOCATION_TIMEOUT_MS),
            (Timer::Head, Pending::Nothing | Pending::Body) if self.reply.is_none() && drained => {
                let is_idle = self.served && !self.head_begun;
                since.after(if is_idle { limits.idle_time } else { limits.head_time })
            }
            _ => Instant::NEVER,
        }
    }
}

//! Deadlines of a client's timers, and the actions of expired timers.

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
use log::Level;

/// Interval at which a client tries to borrow an inflater, in ms.
const INFLATER_RETRY_MS: u64 = 20;
/// Interval at which a request polls its password check, in ms.
const PASSWORD_POLL_MS: u64 = 20;
/// Interval at which a request tries to queue its password check, in ms.
///
/// The interval is long, because many requests may wait for a place in the queue.
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
        if let Some(http) = self.memory.http_mut() {
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

    /// Runs the expired timers of the connection, before the turn reads its input.
    pub(super) fn handle_connection_timers(
        &mut self,
        now: Instant,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        // This runs for every message, and rarely finds a timer that is due.
        if now < self.timing.earliest {
            return;
        }
        let (limits, mut last) = (context.device.limits(), None);
        while let Some(timer) = self.first_due(now, limits, out.is_empty(), false, last) {
            self.handle(timer, now, context, out);
            last = Some(timer);
        }
    }

    /// Runs the first expired timer of the request, after the turn has read its input.
    ///
    /// The input comes first, because input of this turn counts as in time. Returns whether a timer ran.
    pub(super) fn handle_request_timers(
        &mut self,
        now: Instant,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> bool {
        // This runs for every message of an open WebSocket, too.
        if !matches!(self.state, State::Http) {
            return false;
        }
        match self.first_due(now, context.device.limits(), out.is_empty(), true, None) {
            Some(timer) => {
                self.handle(timer, now, context, out);
                true
            }
            None => false,
        }
    }

    /// Computes and returns when the next turn is due.
    pub(super) fn set_earliest(&mut self, now: Instant, limits: &Limits, blocked: bool) -> Instant {
        let mut earliest = Instant::NEVER;
        self.each_timer(now, limits, !blocked, &mut |_, due| earliest = earliest.min(due));
        self.timing.earliest = earliest;
        earliest
    }

    /// Returns the first expired timer behind `last`, in the order of [`Timer`].
    ///
    /// `of_request` selects the timers of a request, or the timers of the connection.
    fn first_due(
        &self,
        now: Instant,
        limits: &Limits,
        drained: bool,
        of_request: bool,
        last: Option<Timer>,
    ) -> Option<Timer> {
        let mut first = None;
        self.each_timer(now, limits, drained, &mut |timer, due| {
            if first.is_none() && now >= due && timer.is_of_request() == of_request && Some(timer) > last {
                first = Some(timer);
            }
        });
        first
    }

    /// Visits the timers of the client's state in the order of [`Timer`], each with its deadline.
    ///
    /// `drained` is whether the socket has accepted all output.
    fn each_timer(
        &self,
        now: Instant,
        limits: &Limits,
        drained: bool,
        visit: &mut dyn FnMut(Timer, Instant),
    ) {
        let since = self.timing.since;
        if self.timing.stalled != Instant::NEVER {
            visit(Timer::WriteStall, self.timing.stalled.after(limits.write_stall));
        }
        match &self.state {
            State::Http => {
                if let Some(http) = self.http() {
                    http.each_timer(since, now, limits, drained, visit);
                }
            }
            State::Open(open) => {
                if let Some(inflating) = &open.inflating {
                    visit(Timer::HalfMessage, inflating.deadline(now, limits.write_stall));
                }
                if open.awaiting_inflater {
                    visit(Timer::InflaterRetry, now.after(INFLATER_RETRY_MS));
                }
                visit(Timer::Keepalive, open.keepalive_at);
                visit(Timer::Session, open.expires_at);
                visit(Timer::Ping, since.after(limits.ping_every));
            }
            State::Events(events) => {
                visit(Timer::Keepalive, events.comment_at);
                visit(Timer::Session, events.expires_at);
            }
            State::Taking(piecewise) => visit(Timer::Poll, piecewise.wake_at()),
            State::Lingering(_) => visit(Timer::Linger, since.after(limits.linger_time)),
            State::Ending | State::Closed => {}
        }
    }

    /// Runs the action of an expired timer.
    fn handle(
        &mut self,
        timer: Timer,
        now: Instant,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let limits = context.device.limits();
        match (timer, &mut self.state) {
            (Timer::WriteStall, state) => {
                if let State::Open(Open { slot, .. }) | State::Events(Events { slot, .. }) = state {
                    let client = slot.client;
                    client.log(
                        Level::Info,
                        format_args!("Dropped: it accepted nothing for {} s", limits.write_stall / 1000),
                    );
                }
                self.transition(State::Closed, End::Dropped(DropReason::WriteStall), context);
            }
            (Timer::HalfMessage, State::Open(open)) => {
                if let Some(compression) = context.compression
                    && (compression.takes().is_overdue)(open, compression, now, limits.write_stall)
                {
                    self.end_open(Some(CloseCode::TRY_AGAIN_LATER), context, out);
                }
            }
            (Timer::Keepalive, State::Open(open)) => open.send_keepalive(now, context, out),
            (Timer::Keepalive, State::Events(events)) => events.comment(now, out),
            (Timer::Session, _) => self.end_session(context, out),
            (Timer::Ping, State::Open(open)) if self.pings >= limits.pings_missed => {
                let client = open.slot.client;
                client.log(Level::Info, format_args!("Dropped: no answer to {} pings", limits.pings_missed));
                self.transition(State::Closed, End::Dropped(DropReason::NoPong), context);
            }
            (Timer::Ping, _) => {
                self.pings += 1;
                // The interval restarts now, so the client has all of it to answer, even if this ping is late.
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
                context.device.count_refusal(RefusalReason::Full);
                let peer = self.peer();
                log_limited!(warn, context, now, "Refused {peer}: the password was not checked in time");
                self.answer(Reply::error(Status::ServiceUnavailable, None));
            }
            (Timer::Invocation, _) => {
                if let Pending::Invocation(pending) = self.pending() {
                    context.device.withdraw(pending.client, pending.left);
                }
                context.device.count_refusal(RefusalReason::Timeout);
                let peer = self.peer();
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
            (Timer::Head, _) => match self.http().map(|http| (http.head_begun, http.served)) {
                // A peer that began a request gets 408.
                Some((true, _)) => {
                    context.device.count_refusal(RefusalReason::Timeout);
                    self.answer(Reply::error(Status::RequestTimeout, None));
                }
                // The connection lingers, because the next request may be in flight.
                Some((_, true)) => self.linger(now),
                _ => self.state = State::Closed,
            },
            // A retry timer only causes a turn, which retries by itself. The other timers run only in the states above.
            (Timer::InflaterRetry | Timer::Poll | Timer::HalfMessage | Timer::Keepalive, _) => {}
        }
    }
}

impl HttpState {
    /// Visits the timers of a request, each with its deadline.
    ///
    /// `since` is the time at which the request, or the wait for it, began.
    fn each_timer(
        &self,
        since: Instant,
        now: Instant,
        limits: &Limits,
        drained: bool,
        visit: &mut dyn FnMut(Timer, Instant),
    ) {
        match self.pending {
            Pending::PasswordCheck(ticket) if self.reply.is_none() => {
                let retry = if ticket.is_some() { PASSWORD_POLL_MS } else { PASSWORD_QUEUE_RETRY_MS };
                visit(Timer::Poll, now.after(retry));
                visit(Timer::PasswordTimeout, since.after(PASSWORD_TIMEOUT_MS));
            }
            Pending::Invocation(_) => visit(Timer::Invocation, since.after(INVOCATION_TIMEOUT_MS)),
            Pending::Nothing | Pending::Body if self.reply.is_none() && drained => {
                let is_idle = self.served && !self.head_begun;
                visit(Timer::Head, since.after(if is_idle { limits.idle_time } else { limits.head_time }));
            }
            _ => {}
        }
    }
}

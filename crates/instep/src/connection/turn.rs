//! The turn of a connection, which is the loop body of every driver.

use super::bodies::PageBodies;
use super::client::{Client, State};
use super::context::{ConnectionContext, TurnContext};
use super::websocket::Open;
use crate::device::{DropReason, End};
use crate::time::Instant;
use instep_proto::delivery::{Outgoing, Storage as _};

/// Result of a turn: the next steps of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The number of input bytes that were used.
    ///
    /// The driver presents the rest again, as the turn left it, with the bytes that follow. If the client wants more input, the
    /// rest is no longer than [`Client::tail_max`](super::Client::tail_max).
    pub used: usize,
    /// Whether the client wants more input. If not, the driver stops reading.
    pub wants_read: bool,
    /// Whether the socket did not accept all output. A turn is due when the socket accepts more.
    pub wants_write: bool,
    /// The number of messages that were received whole.
    pub messages: u32,
    /// The time at which the next turn is due at the latest.
    pub wake_at: Instant,
    /// Whether nothing more will be written. The driver shuts down writing and goes on reading.
    pub shut_down: bool,
    /// Whether the connection has ended. The driver closes the socket and drops the client.
    pub closed: bool,
}

impl Client {
    /// Processes `input`, handles deadlines, and writes output.
    ///
    /// `write` returns how many bytes it accepted. All output of a turn is one call of `write`, if the socket accepts it. A turn
    /// uses only as much input as there is room for its effects. Frames are unmasked and chunks decoded in place, so the unused
    /// rest of the input may have changed.
    pub fn turn(
        &mut self,
        now: Instant,
        input: &mut [u8],
        context: &mut TurnContext<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> Turn {
        let (context, scratch) = ConnectionContext::of(context);
        let mut out = match self.unsent_mut() {
            Some(unsent) => {
                let limit = unsent.capacity();
                Outgoing::load(scratch, unsent, limit)
            }
            None => Outgoing::within(scratch, context.room),
        };
        if input.len() > self.seen {
            self.note_alive(now);
        }
        if let State::Open(Open { close: Some(code), .. }) = self.state {
            self.end_open(Some(code), &context, &mut out);
        }
        self.handle_connection_timers(now, &context, &mut out);
        let (mut used, mut blocked, mut wants_read);
        used = 0;
        loop {
            let rest = &mut input[used..];
            let taken = self.receive(now, rest, &context, &mut out);
            (used, wants_read) = (used + taken.used, taken.wants_read);
            if self.handle_request_timers(now, &context, &mut out) {
                continue;
            }
            let mut accepted = 0;
            if let Some(begin) = taken.echo {
                let frame = &rest[begin..taken.used];
                accepted = write(frame);
                // There is room, because no longer piece was taken.
                let _ = out.push(&frame[accepted..]);
            }
            if let State::Open(open) = &mut self.state
                && open.replies
            {
                open.fetch_replies(now, &context, &mut out);
                if open.revoked {
                    self.end_session(&context, &mut out);
                }
            }
            if let State::Events(events) = &mut self.state
                && events.is_revoked(&context)
            {
                self.end_session(&context, &mut out);
            }
            let all = self.flush(now, &context, &mut out, &mut |bytes| {
                let length = write(bytes);
                accepted += length;
                length
            });
            blocked = !all || out.is_blocked();
            self.timing.wrote(now, accepted > 0, blocked);
            // If more input is wanted, all of it is used, so more output space only helps pending replies.
            let has_replies = matches!(&self.state, State::Open(open) if open.replies);
            let progress =
                if wants_read { has_replies && accepted > 0 } else { accepted > 0 || taken.used > 0 };
            if blocked || !progress || matches!(self.state, State::Closed) {
                break;
            }
        }
        if let Some(unsent) = self.unsent_mut() {
            out.persist(unsent);
        }
        if self.input_ended && wants_read && !blocked {
            self.transition(State::Closed, End::Dropped(DropReason::NoCloseFrame), &context);
        }
        if !wants_read {
            // While the client is not read from, its silence means nothing.
            self.note_alive(now);
        }
        self.seen = input.len() - used;
        Turn {
            used,
            wants_read: wants_read && !self.input_ended,
            wants_write: blocked,
            messages: context.messages.get(),
            wake_at: self.set_earliest(now, context.device.limits(), blocked),
            shut_down: matches!(self.state, State::Lingering(_)),
            closed: matches!(self.state, State::Closed),
        }
    }

    /// Writes all pending output. Returns whether the socket accepted all of it.
    fn flush(
        &mut self,
        now: Instant,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        if self.http().is_some_and(|http| http.reply.is_some()) {
            return self.flush_reply(now, context, out, write);
        }
        match &mut self.state {
            State::Open(open) => open.flush(now, context, out, write),
            State::Events(events) => match context.app.service {
                Some(service) => (service.flush_events)(events, context, out, write),
                None => true,
            },
            State::Http | State::Taking(_) | State::Ending | State::Lingering(_) | State::Closed => {
                let answered = !out.is_empty();
                let all = out.flush(None, &mut 0, write);
                match self.state {
                    State::Ending if all => self.linger(now),
                    State::Http if all && answered => self.answer_ended(now),
                    _ => {}
                }
                all
            }
        }
    }

    /// Writes the rest of a reply. Returns whether the socket accepted all of it.
    fn flush_reply(
        &mut self,
        now: Instant,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        let Some(http) = self.http_mut() else { return true };
        let Some(reply) = &mut http.reply else { return true };
        reply.set_date(context.date);
        let bodies = PageBodies { context, now, port: http.local_port };
        while !reply.is_done() {
            let length = reply.produce(&bodies, out.spare_mut());
            out.commit(length);
            if !out.flush(None, &mut 0, write) {
                return false;
            }
        }
        if !out.flush(None, &mut 0, write) {
            return false;
        }
        if reply.closes() {
            self.linger(now);
        } else {
            http.answer(None, http.body_remaining);
            self.answer_ended(now);
        }
        true
    }
}

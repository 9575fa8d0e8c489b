//! The one loop body: a turn, and what comes of it.

use super::bodies::PageBodies;
use super::client::{Client, State};
use super::context::{ConnectionContext, TurnContext};
use super::websocket::Open;
use crate::device::{DropReason, End};
use crate::time::Instant;
use instep_proto::delivery::{Outgoing, Storage as _};

/// What a driver has to do after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Bytes of the input that were used. The driver presents the others again, as they are then, with what comes after
    /// them: no more than [`Client::tail_max`](super::Client::tail_max) where the client takes more input.
    pub used: usize,
    /// The client takes more input.
    pub wants_read: bool,
    /// The socket did not take everything: a turn is due when it takes more.
    pub wants_write: bool,
    /// Messages that were taken whole.
    pub messages: u32,
    /// A turn is due then, at the latest.
    pub wake_at: Instant,
    /// Nothing more will be written: shut down that direction, and go on reading.
    pub shut_down: bool,
    /// It is over: close the socket and drop the client.
    pub closed: bool,
}

impl Client {
    /// One turn: takes what it can of `input`, does what time asks for, and gives what it has to `write`, in
    /// one call where the socket takes it all. `write` says how many bytes it accepted.
    ///
    /// Input is unmasked, and content in chunks decoded, in place: what is left of it may have changed.
    pub fn turn(
        &mut self,
        now: Instant,
        input: &mut [u8],
        surroundings: &mut TurnContext<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> Turn {
        let (world, scratch) = ConnectionContext::of(surroundings);
        let mut out = match &mut self.http_state {
            Some(exchange) => {
                let limit = exchange.unsent.capacity();
                Outgoing::load(scratch, &mut exchange.unsent, limit)
            }
            None => Outgoing::within(scratch, world.room),
        };
        if input.len() > self.seen {
            self.heard(now);
        }
        if let State::Open(Open { close: Some(code), .. }) = self.state {
            self.end_open(Some(code), &world, &mut out);
        }
        self.handle_connection_timers(now, &world, &mut out);
        let (mut used, mut blocked, mut hungry);
        used = 0;
        loop {
            let rest = &mut input[used..];
            let taken = self.receive(now, rest, &world, &mut out);
            (used, hungry) = (used + taken.used, taken.wants_read);
            if self.handle_request_timers(now, &world, &mut out) {
                continue;
            }
            let mut accepted = 0;
            if let Some(begin) = taken.echo {
                let frame = &rest[begin..taken.used];
                accepted = write(frame);
                // There is room: no longer piece was taken.
                let _ = out.push(&frame[accepted..]);
            }
            if let State::Open(open) = &mut self.state
                && open.replies
            {
                open.fetch_replies(now, &world, &mut out);
                if open.revoked {
                    self.end_session(&world, &mut out);
                }
            }
            if let State::Events(events) = &mut self.state
                && events.is_revoked(&world)
            {
                self.end_session(&world, &mut out);
            }
            let all = self.flush(now, &world, &mut out, &mut |bytes| {
                let length = write(bytes);
                accepted += length;
                length
            });
            blocked = !all || out.is_blocked();
            self.timing.wrote(now, accepted > 0, blocked);
            // Who is hungry has taken all there is; room for output is of use to replies alone.
            let waits = matches!(&self.state, State::Open(open) if open.replies);
            let progress = if hungry { waits && accepted > 0 } else { accepted > 0 || taken.used > 0 };
            if blocked || !progress || matches!(self.state, State::Closed) {
                break;
            }
        }
        if let Some(exchange) = &mut self.http_state {
            out.persist(&mut exchange.unsent);
        }
        if self.input_ended && hungry && !blocked {
            self.transition(State::Closed, End::Dropped(DropReason::NoCloseFrame), &world);
        }
        if !hungry {
            // Whom we do not read from cannot be heard.
            self.heard(now);
        }
        self.seen = input.len() - used;
        Turn {
            used,
            wants_read: hungry && !self.input_ended,
            wants_write: blocked,
            messages: world.messages.get(),
            wake_at: self.wake_at(now, world.device.limits(), blocked),
            shut_down: matches!(self.state, State::Lingering(_)),
            closed: matches!(self.state, State::Closed),
        }
    }

    /// Writes what there is to write. Says whether the socket took all of it.
    fn flush(
        &mut self,
        now: Instant,
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        if self.http().is_some_and(|exchange| exchange.reply.is_some()) {
            return self.flush_reply(now, world, out, write);
        }
        match &mut self.state {
            State::Open(open) => open.flush(now, world, out, write),
            State::Events(events) => match world.app.service {
                Some(service) => (service.flush_events)(events, world, out, write),
                None => true,
            },
            State::Http | State::Ending | State::Lingering(_) | State::Closed => {
                let answered = out.len() > 0;
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

    /// Writes what comes next of a reply. Says whether the socket took all of it.
    fn flush_reply(
        &mut self,
        now: Instant,
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        let Some(exchange) = self.http_mut() else { return true };
        let Some(reply) = &mut exchange.reply else { return true };
        reply.set_date(world.date);
        let bodies = PageBodies { world, now, port: exchange.local_port };
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
            exchange.answer(None, exchange.body_remaining);
            self.answer_ended(now);
        }
        true
    }
}

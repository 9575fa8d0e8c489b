//! One session with a broker, from its transport to its end.

use super::target::{Broker, LOGIN_MAX};
use crate::clock::now;
use crate::input::poll_once;
use core::fmt;
use core::future::{Future as _, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};
use embassy_net::tcp::{State, TcpSocket};
use embassy_time::Timer;
use instep::Instant;
use instep::broker::Followed;
use instep::driver::SendWindow;
use instep_mqtt::{ConnectionOptions, DeviceClient, DeviceOptions, Ended, Outcome, Password, TransportError};
use instep_proto::delivery::Outgoing;

/// Maximum number of commands that wait for their answers, which is the device's number of slots for requests.
const PENDING: usize = 2;
/// Time between two looks at the clock while the broker does not read, in ms.
const BLOCKED_MS: u64 = 100;

/// End of a session, or of the attempt to open one.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Protocol(Ended),
    Transport(TransportError),
}

impl End {
    fn is_by_broker(&self) -> bool {
        match self {
            Self::Protocol(ended) => ended.is_by_broker(),
            // A broker that has not read everything resets the connection when it closes it.
            Self::Transport(error) => matches!(error, TransportError::Closed | TransportError::Broken),
        }
    }

    /// Returns whether the broker may still read what was written.
    pub(super) fn is_told(&self) -> bool {
        matches!(self, Self::Protocol(_))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(ended) => ended.fmt(f),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

/// Session with a broker.
pub(super) struct Session<'b> {
    followed: Followed<'static>,
    client: DeviceClient<'static, PENDING>,
    /// Whether commands are taken.
    commands: bool,
    input: &'b mut [u8],
    filled: usize,
    /// The time of CONNACK.
    opened_at: Option<Instant>,
}

impl<'b> Session<'b> {
    pub(super) fn new(
        now: Instant,
        followed: Followed<'static>,
        broker: &'static Broker,
        commands: bool,
        input: &'b mut [u8],
    ) -> Self {
        let short = |text: &&str| text.len() <= LOGIN_MAX;
        let connection = ConnectionOptions {
            prefix: broker.address.prefix,
            id: &broker.id,
            user: broker.address.user.filter(short),
            password: broker.password.filter(short).map(Password),
            packet_max: input.len(),
        };
        let options = DeviceOptions { connection, commands, discovery: true, page: broker.page };
        let client = DeviceClient::new(now, followed, options);
        Self { followed, client, commands, input, filled: 0, opened_at: None }
    }

    /// Returns the outcome of the connection, which has just ended like this.
    pub(super) fn outcome(&self, end: &End, now: Instant) -> Outcome {
        Outcome::new(self.opened_at, now, end.is_by_broker())
    }

    /// Runs the connection to its end, at the latest until `takes_commands` returns another value.
    ///
    /// `opened` is called when the broker has accepted it.
    pub(super) async fn run(
        &mut self,
        socket: &mut TcpSocket<'_>,
        takes_commands: impl Fn() -> bool,
        opened: impl FnOnce(),
    ) -> End {
        let mut timer = Timer::after_ticks(0);
        let mut opened = Some(opened);
        let end = poll_fn(|context| {
            // Registered before the feed is read, so that no change in between is lost.
            self.followed.register(context.waker());
            if takes_commands() != self.commands {
                self.client.stop();
            }
            let poll = self.turn(now(), socket, context);
            if self.opened_at.is_none() && self.client.is_open() {
                self.opened_at = Some(now());
                if let Some(opened) = opened.take() {
                    opened();
                }
            }
            if poll.is_pending() {
                self.wait(socket.send_queue() > 0, &mut timer, context);
            }
            poll
        });
        let end = end.await;
        self.client.abandon();
        end
    }

    /// Reads and writes until neither makes progress.
    fn turn(&mut self, now: Instant, socket: &mut TcpSocket<'_>, context: &mut Context<'_>) -> Poll<End> {
        loop {
            let mut progress = false;
            let mut closed = false;
            let room = self.input.get_mut(self.filled..).unwrap_or_default();
            if !room.is_empty() {
                match poll_once(context, socket.read(room)) {
                    Poll::Ready(Ok(0)) => closed = true,
                    Poll::Ready(Ok(length)) => {
                        self.filled += length;
                        progress = true;
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(End::Transport(TransportError::Broken)),
                    Poll::Pending => {}
                }
            } else if socket.state() == State::Closed {
                return Poll::Ready(End::Transport(TransportError::Broken));
            }
            let used = match self.input.get_mut(..self.filled) {
                Some(input) => {
                    let used = self.client.receive(now, input);
                    input.copy_within(used.., 0);
                    used
                }
                None => 0,
            };
            self.filled -= used;
            progress |= used > 0;
            progress |= self.write(now, socket, context);
            match self.client.end() {
                // Output that cannot be written does not delay the end.
                Some(ended) => return Poll::Ready(End::Protocol(ended)),
                None if closed => return Poll::Ready(End::Transport(TransportError::Closed)),
                None if !progress => break,
                None => {}
            }
        }
        if socket.send_queue() > 0 {
            // It registers for acknowledgements, which make room for what is due.
            let _ = poll_once(context, socket.flush());
        }
        Poll::Pending
    }

    /// Writes what is due into the socket's buffer. Returns whether there was any.
    fn write(&mut self, now: Instant, socket: &mut TcpSocket<'_>, context: &mut Context<'_>) -> bool {
        let queued = socket.send_queue();
        let packet_max = socket.send_capacity() / 2;
        let gather = |space: &mut [u8]| {
            // Space before the end of the ring may be too short for a packet; an empty ring has all of it in one piece.
            if queued > 0 && space.len() < packet_max {
                return (0, false);
            }
            let room = SendWindow { free: space.len(), capacity: space.len() };
            let mut out = Outgoing::within(space, room);
            self.client.transmit(now, &mut out);
            (out.len(), !out.is_empty())
        };
        matches!(poll_once(context, socket.write_with(gather)), Poll::Ready(Ok(true)))
    }

    /// Sets the timer to the time of the next turn. `is_blocked` is whether the broker has not acknowledged everything.
    fn wait(&self, is_blocked: bool, timer: &mut Timer, context: &mut Context<'_>) {
        let now = now();
        let mut wake_at = self.client.wake_at(now);
        if is_blocked {
            // What is due may find no room now, and then only the end of the connection can come.
            wake_at = wake_at.max(now.after(BLOCKED_MS));
        }
        if wake_at == Instant::NEVER {
            return;
        }
        *timer = Timer::at(embassy_time::Instant::from_millis(wake_at.as_millis()));
        // This registers the waker.
        let _ = Pin::new(timer).poll(context);
    }
}

//! One session with a broker, from its transport to its end.

use super::client::BrokerClient;
use super::status::Connections;
use super::transport::Transport;
use instep::Instant;
use instep::driver::Buffer;
use instep_mqtt::{Ended, Outcome, TransportError};
use instep_proto::delivery::Outgoing;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// Time between two looks at the clock while the broker does not read, in ms.
const BLOCKED_MS: u64 = 100;

/// End of a session.
#[derive(Debug)]
pub(super) enum SessionEnd {
    Protocol(Ended),
    /// The broker has closed the transport.
    Closed,
    Transport(io::Error),
}

impl SessionEnd {
    fn is_by_broker(&self) -> bool {
        match self {
            Self::Protocol(ended) => ended.is_by_broker(),
            Self::Closed => true,
            // A broker that has not read everything resets the connection when it closes it.
            Self::Transport(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(ended) => ended.fmt(f),
            Self::Closed => TransportError::Closed.fmt(f),
            Self::Transport(error) => write!(f, "the connection broke: {error}; check the network"),
        }
    }
}

/// Session, whose memory is used again for the next connection.
pub(super) struct Session<'c, C> {
    client: &'c mut C,
    connections: &'c Connections,
    input: Vec<u8>,
    filled: usize,
    scratch: Vec<u8>,
    /// Bytes that the transport has not accepted.
    output: Vec<u8>,
    written: usize,
    /// The time of CONNACK.
    opened_at: Option<Instant>,
}

impl<'c, C: BrokerClient> Session<'c, C> {
    pub(super) fn new(client: &'c mut C, connections: &'c Connections) -> Self {
        Self {
            input: vec![0; client.input_max()],
            filled: 0,
            scratch: vec![0; client.output_max()],
            output: Vec::new(),
            written: 0,
            opened_at: None,
            client,
            connections,
        }
    }

    /// Returns the outcome of the last connection, which has just ended like this.
    pub(super) fn outcome(&self, end: &SessionEnd, now: Instant) -> Outcome {
        Outcome::new(self.opened_at, now, end.is_by_broker())
    }

    /// Runs one connection to its end.
    ///
    /// `opened` is called when the broker has accepted it.
    pub(super) async fn run(
        &mut self,
        mut transport: Transport,
        clock: impl Fn() -> Instant,
        stopped: &mut watch::Receiver<bool>,
        opened: impl FnOnce(),
    ) -> SessionEnd {
        (self.filled, self.written, self.opened_at) = (0, 0, None);
        self.output.clear();
        self.client.begin(clock());
        let mut timer = Box::pin(sleep(Duration::ZERO));
        let mut opened = Some(opened);
        let mut stop = Box::pin(stopped.wait_for(|stopped| *stopped));
        let mut stopping = false;
        let end = poll_fn(|context| {
            if !stopping && stop.as_mut().poll(context).is_ready() {
                self.client.stop();
                stopping = true;
            }
            // Registered before the feed is read, so that no change in between is lost.
            self.client.register(context.waker());
            let poll = self.turn(&clock, &mut transport, context);
            let now = clock();
            if self.opened_at.is_none() && self.client.is_open() {
                self.opened_at = Some(now);
                self.connections.note_opened();
                if let Some(opened) = opened.take() {
                    opened();
                }
            }
            if poll.is_pending() {
                self.wait(now, &clock, &mut timer, context);
            }
            poll
        })
        .await;
        if self.opened_at.is_some() {
            self.connections.note_closed();
        }
        self.client.abandon();
        end
    }

    /// Reads and writes until neither makes progress.
    fn turn(
        &mut self,
        clock: &impl Fn() -> Instant,
        transport: &mut Transport,
        context: &mut Context<'_>,
    ) -> Poll<SessionEnd> {
        loop {
            // A client notices that it was stalled, so a long turn must not look like it.
            let now = clock();
            let mut progress = false;
            let mut closed = false;
            if self.filled < self.input.len() {
                match transport.poll_read(context, &mut self.input[self.filled..]) {
                    Poll::Ready(Ok(0)) => closed = true,
                    Poll::Ready(Ok(length)) => {
                        self.filled += length;
                        progress = true;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(SessionEnd::Transport(error)),
                    Poll::Pending => {}
                }
            }
            let used = self.client.receive(now, &self.input[..self.filled]);
            self.input.copy_within(used..self.filled, 0);
            self.filled -= used;
            progress |= used > 0;
            if self.output.is_empty() {
                self.gather(now);
            }
            match self.write(transport, context) {
                Poll::Ready(Ok(written)) => progress |= written,
                Poll::Ready(Err(error)) => return Poll::Ready(SessionEnd::Transport(error)),
                Poll::Pending => {}
            }
            match self.client.end() {
                // Output that cannot be written does not delay the end.
                Some(ended) if self.output.is_empty() || closed || !progress => {
                    return Poll::Ready(SessionEnd::Protocol(ended));
                }
                None if closed => return Poll::Ready(SessionEnd::Closed),
                _ if !progress => return Poll::Pending,
                _ => {}
            }
        }
    }

    /// Gathers the output that is due.
    fn gather(&mut self, now: Instant) {
        let mut unsent = Buffer::grown(self.scratch.len());
        let limit = self.scratch.len();
        let mut out = Outgoing::load(&mut self.scratch, &mut unsent, limit);
        self.client.transmit(now, &mut out);
        let output = &mut self.output;
        out.flush(None, &mut 0, &mut |bytes| {
            output.extend_from_slice(bytes);
            bytes.len()
        });
        self.written = 0;
    }

    /// Writes gathered output. Returns whether the transport accepted all of it.
    fn write(&mut self, transport: &mut Transport, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let had_output = !self.output.is_empty();
        while self.written < self.output.len() {
            match transport.poll_write(context, &self.output[self.written..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(length)) => self.written += length,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        match transport.poll_flush(context) {
            Poll::Ready(Ok(())) => {
                self.output.clear();
                Poll::Ready(Ok(had_output))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Sets the timer to the time of the next turn.
    fn wait(
        &self,
        now: Instant,
        clock: impl Fn() -> Instant,
        timer: &mut Pin<Box<Sleep>>,
        context: &mut Context<'_>,
    ) {
        let mut wake_at = self.client.wake_at(now);
        if !self.output.is_empty() {
            // What is due cannot be written now; only the end of the connection can come.
            wake_at = wake_at.max(now.after(BLOCKED_MS));
        }
        if wake_at == Instant::NEVER {
            return;
        }
        let wait = wake_at.as_millis().saturating_sub(clock().as_millis());
        timer.as_mut().reset(tokio::time::Instant::now() + Duration::from_millis(wait));
        if timer.as_mut().poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }
}

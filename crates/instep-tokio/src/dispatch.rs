//! Dealing connections to shards.

use crate::admission::{AdmissionControl, Eviction};
use crate::listener::{Certificate, Listener};
use crate::permit::{Admission, Permit};
use crate::throttle::LogThrottle;
use crate::transport::Security;
use instep::Limits;
use socket2::SockRef;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A connection on its way to a shard.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    /// The port at which it came in.
    pub(crate) port: u16,
    pub(crate) permit: Permit,
    /// How it is to be encrypted, if it is.
    pub(crate) security: Option<Security>,
}

/// What a shard is told.
#[derive(Debug)]
pub(crate) enum ShardCommand {
    /// A connection is to be served.
    Connection(Accepted),
    /// This connection is to give up its place, unless it stands better by now.
    Evict(Eviction),
}

/// A connection that was just accepted.
pub(crate) struct Incoming {
    pub(crate) stream: tokio::net::TcpStream,
    peer: SocketAddr,
    /// The port at which it came in.
    port: u16,
    /// How it is to be encrypted, if it is.
    pub(crate) security: Option<Security>,
}

/// All that is listened on.
pub(crate) struct Listeners {
    /// With the port of each.
    listeners: Vec<(TcpListener, u16, Option<Certificate>)>,
    turn: usize,
}

impl Listeners {
    pub(crate) fn new(listeners: Vec<Listener>) -> io::Result<Self> {
        let ready = |listener: Listener| {
            listener.socket.set_nonblocking(true)?;
            let port = listener.socket.local_addr()?.port();
            Ok((TcpListener::from_std(listener.socket)?, port, listener.certificate))
        };
        Ok(Self { listeners: listeners.into_iter().map(ready).collect::<io::Result<_>>()?, turn: 0 })
    }

    /// The next connection of any of them, in turn, so that one busy listener does not keep the others waiting.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Incoming>> {
        self.turn = self.turn.wrapping_add(1);
        for at in 0..self.listeners.len() {
            let (listener, port, certificate) =
                &self.listeners[self.turn.wrapping_add(at) % self.listeners.len()];
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                let security = certificate.as_ref().map(Certificate::security);
                let port = *port;
                return Poll::Ready(accepted.map(|(stream, peer)| Incoming { stream, peer, port, security }));
            }
        }
        Poll::Pending
    }
}

/// Deals connections to the shards in turn.
pub(crate) struct Dispatcher {
    pub(crate) gate: Arc<AdmissionControl>,
    shards: Vec<mpsc::UnboundedSender<ShardCommand>>,
    next: usize,
    unsent: u32,
    user_timeout: Duration,
    throttle: LogThrottle,
}

impl Dispatcher {
    pub(crate) fn new(
        gate: Arc<AdmissionControl>,
        shards: Vec<mpsc::UnboundedSender<ShardCommand>>,
        unsent: u32,
        limits: &Limits,
    ) -> Self {
        let unanswered = user_timeout(limits);
        Self { gate, shards, next: 0, unsent, user_timeout: unanswered, throttle: LogThrottle::default() }
    }

    pub(crate) async fn dispatch(&mut self, Incoming { stream, peer, port, security }: Incoming) {
        let permit = loop {
            match self.gate.admit(peer.ip()) {
                Admission::Permit(permit) => break permit,
                Admission::Wait(asked) => self.wait(asked).await,
                Admission::Closed => {
                    if self.throttle.is_due() {
                        log::warn!(
                            "Closed a connection from {} at once: there are by far too many",
                            peer.ip()
                        );
                    }
                    return;
                }
            }
        };
        match prepare(stream, self.unsent, self.user_timeout) {
            Ok(stream) => {
                self.command(
                    self.next,
                    ShardCommand::Connection(Accepted { stream, peer, port, permit, security }),
                );
                self.next = (self.next + 1) % self.shards.len();
            }
            Err(error) => log::debug!("A connection from {peer} ended at once: {error}"),
        }
    }

    /// Asks the holder of a place to leave, and waits until there may be one.
    pub(crate) async fn wait(&self, asked: Option<Eviction>) {
        if let Some(asked) = asked {
            self.command(asked.shard, ShardCommand::Evict(asked));
        }
        self.gate.changed().await;
    }

    fn command(&self, shard: usize, dealt: ShardCommand) {
        // A shard that has ended takes nothing; then the server is ending, too.
        let _ = self.shards[shard].send(dealt);
    }
}

/// How long a peer may acknowledge nothing of what it was sent: as long as a WebSocket may leave pings unanswered. So
/// whoever cannot be pinged, such as one that listens by `GET /events`, is missed about as soon.
fn user_timeout(limits: &Limits) -> Duration {
    let millis = limits.ping_every.saturating_mul(u64::from(limits.pings_missed) + 1);
    // Linux takes no longer time.
    Duration::from_millis(millis.min(i32::MAX as u64))
}

fn prepare(stream: tokio::net::TcpStream, unsent: u32, unanswered: Duration) -> io::Result<TcpStream> {
    let stream = stream.into_std()?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_notsent_lowat(unsent)?;
    socket.set_tcp_user_timeout(Some(unanswered))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_that_of_pings_and_no_more_than_linux_takes() {
        assert_eq!(user_timeout(&Limits::LINUX), Duration::from_secs(30));
        let patient = Limits::LINUX.with_ping_every(u64::MAX);
        assert_eq!(user_timeout(&patient), Duration::from_millis(i32::MAX as u64));
    }
}

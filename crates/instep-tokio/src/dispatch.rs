//! Dispatcher of accepted connections to shards.

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

/// Accepted connection on its way to a shard.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    /// Local port.
    pub(crate) port: u16,
    pub(crate) permit: Permit,
    /// TLS configuration, if the connection is encrypted.
    pub(crate) security: Option<Security>,
}

/// Command to a shard.
#[derive(Debug)]
pub(crate) enum ShardCommand {
    /// Serves a connection.
    Connection(Accepted),
    /// Evicts a connection, unless its priority has risen.
    Evict(Eviction),
}

/// Connection that was just accepted, without a permit yet.
pub(crate) struct Incoming {
    pub(crate) stream: tokio::net::TcpStream,
    peer: SocketAddr,
    /// Local port.
    port: u16,
    /// TLS configuration, if the connection is encrypted.
    pub(crate) security: Option<Security>,
}

/// All listening sockets.
pub(crate) struct Listeners {
    /// Socket, local port and certificate of each.
    listeners: Vec<(TcpListener, u16, Option<Certificate>)>,
    /// Index of the listener that was polled first last time.
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

    /// Accepts the next connection of any listener.
    ///
    /// Listeners take turns, so a busy one does not delay the others.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Incoming>> {
        self.turn = self.turn.wrapping_add(1);
        for i in 0..self.listeners.len() {
            let (listener, port, certificate) =
                &self.listeners[self.turn.wrapping_add(i) % self.listeners.len()];
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                let security = certificate.as_ref().map(Certificate::security);
                let port = *port;
                return Poll::Ready(accepted.map(|(stream, peer)| Incoming { stream, peer, port, security }));
            }
        }
        Poll::Pending
    }
}

/// Dispatches connections to the shards in turn.
pub(crate) struct Dispatcher {
    pub(crate) admission: Arc<AdmissionControl>,
    shards: Vec<mpsc::UnboundedSender<ShardCommand>>,
    /// Index of the next shard.
    next: usize,
    /// `TCP_NOTSENT_LOWAT` of each socket, in bytes.
    unsent: u32,
    /// `TCP_USER_TIMEOUT` of each socket.
    user_timeout: Duration,
    throttle: LogThrottle,
}

impl Dispatcher {
    pub(crate) fn new(
        admission: Arc<AdmissionControl>,
        shards: Vec<mpsc::UnboundedSender<ShardCommand>>,
        unsent: u32,
        limits: &Limits,
    ) -> Self {
        Self {
            admission,
            shards,
            next: 0,
            unsent,
            user_timeout: user_timeout(limits),
            throttle: LogThrottle::default(),
        }
    }

    /// Dispatches a connection to the next shard, if admission control permits it.
    pub(crate) async fn dispatch(&mut self, Incoming { stream, peer, port, security }: Incoming) {
        let permit = loop {
            match self.admission.admit(peer.ip()) {
                Admission::Permit(permit) => break permit,
                Admission::Wait(eviction) => self.wait(eviction).await,
                Admission::Closed => {
                    if self.throttle.is_due() {
                        log::warn!(
                            "closed a connection from {} without a response: too many connections are being rejected",
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
            Err(error) => log::debug!("dropped a connection from {peer}: {error}"),
        }
    }

    /// Commands the eviction, if any, and waits until a slot may be free.
    pub(crate) async fn wait(&self, eviction: Option<Eviction>) {
        if let Some(eviction) = eviction {
            self.command(eviction.shard, ShardCommand::Evict(eviction));
        }
        self.admission.changed().await;
    }

    fn command(&self, shard: usize, command: ShardCommand) {
        // A shard ends only when the server stops, so a lost command does no harm.
        let _ = self.shards[shard].send(command);
    }
}

/// Returns the time after which unacknowledged data drops a connection.
///
/// A WebSocket may leave pings unanswered for the same time. So a connection that cannot be pinged, such as a listener
/// of `GET /events`, is dropped about as soon.
fn user_timeout(limits: &Limits) -> Duration {
    let millis = limits.ping_every.saturating_mul(u64::from(limits.pings_missed) + 1);
    // Linux rejects larger values.
    Duration::from_millis(millis.min(i32::MAX as u64))
}

fn prepare(stream: tokio::net::TcpStream, unsent: u32, user_timeout: Duration) -> io::Result<TcpStream> {
    let stream = stream.into_std()?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_notsent_lowat(unsent)?;
    socket.set_tcp_user_timeout(Some(user_timeout))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_timeout_is_that_of_pings_up_to_linux_limit() {
        assert_eq!(user_timeout(&Limits::LINUX), Duration::from_secs(30));
        let patient = Limits::LINUX.with_ping_every(u64::MAX);
        assert_eq!(user_timeout(&patient), Duration::from_millis(i32::MAX as u64));
    }
}

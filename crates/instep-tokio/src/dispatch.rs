//! Dispatcher of accepted connections to shards.

use crate::admission::{AdmissionControl, Eviction};
use crate::listener::{Certificate, Listener};
use crate::permit::{Admission, Permit};
use crate::throttle::LogThrottle;
use crate::transport::Security;
use instep::Limits;
use rustix::net::{SocketFlags, acceptfrom_with};
use socket2::SockRef;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
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
    /// The socket, which is not registered with a runtime, because its shard has another one.
    pub(crate) stream: TcpStream,
    peer: SocketAddr,
    /// Local port.
    port: u16,
    /// TLS configuration, if the connection is encrypted.
    pub(crate) security: Option<Security>,
}

/// All listening sockets.
pub(crate) struct Listeners {
    listeners: Vec<Listening>,
    /// Index of the listener that was polled first last time.
    turn: usize,
    options: Options,
}

struct Listening {
    socket: AsyncFd<TcpListener>,
    port: u16,
    certificate: Option<Certificate>,
    /// Whether all further connections have the options of the listener.
    ///
    /// Connections have not that were made before it had them, as the one for which systemd starts the program.
    inherits: bool,
}

/// Options of a connection, which it inherits from its listener.
#[derive(Clone, Copy)]
struct Options {
    /// `TCP_NOTSENT_LOWAT`, in bytes.
    unsent: u32,
    user_timeout: Duration,
}

impl Options {
    fn set(self, socket: &impl AsFd) -> io::Result<()> {
        let socket = SockRef::from(socket);
        socket.set_tcp_nodelay(true)?;
        socket.set_tcp_notsent_lowat(self.unsent)?;
        socket.set_tcp_user_timeout(Some(self.user_timeout))
    }
}

impl Listeners {
    /// Registers the listeners. `unsent` is `TCP_NOTSENT_LOWAT` of their connections, in bytes.
    pub(crate) fn new(listeners: Vec<Listener>, unsent: u32, limits: &Limits) -> io::Result<Self> {
        let options = Options { unsent, user_timeout: user_timeout(limits) };
        let ready = |Listener { socket, certificate }: Listener| {
            socket.set_nonblocking(true)?;
            options.set(&socket)?;
            let port = socket.local_addr()?.port();
            #[allow(deprecated, reason = "a TcpListener keeps its descriptor, and the successor is unsafe")]
            let socket = AsyncFd::with_interest(socket, Interest::READABLE)?;
            Ok(Listening { socket, port, certificate, inherits: false })
        };
        Ok(Self { listeners: listeners.into_iter().map(ready).collect::<io::Result<_>>()?, turn: 0, options })
    }

    /// Accepts the next connection of any listener.
    ///
    /// Listeners take turns, so a busy one does not delay the others.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Incoming>> {
        self.turn = self.turn.wrapping_add(1);
        for i in 0..self.listeners.len() {
            let index = self.turn.wrapping_add(i) % self.listeners.len();
            if let Poll::Ready(accepted) = self.listeners[index].poll(self.options, context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }
}

impl Listening {
    /// Accepts a connection by one call of the system, which also makes its socket non-blocking.
    fn poll(&mut self, options: Options, context: &mut Context<'_>) -> Poll<io::Result<Incoming>> {
        loop {
            let mut guard = ready!(self.socket.poll_read_ready(context))?;
            let accept = |listener: &AsyncFd<TcpListener>| {
                let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                let (stream, peer) = acceptfrom_with(listener.get_ref(), flags)?;
                let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
                // A TCP connection always has one.
                Ok((TcpStream::from(stream), peer.ok_or(ErrorKind::ConnectionAborted)?))
            };
            let Ok(accepted) = guard.try_io(accept) else {
                self.inherits = true;
                continue;
            };
            let (stream, peer) = accepted?;
            if !self.inherits
                && let Err(error) = options.set(&stream)
            {
                log::debug!("dropped a connection from {peer}: {error}");
                continue;
            }
            let security = self.certificate.as_ref().map(Certificate::security);
            return Poll::Ready(Ok(Incoming { stream, peer, port: self.port, security }));
        }
    }
}

/// Dispatches connections to the shards in turn.
pub(crate) struct Dispatcher {
    pub(crate) admission: Arc<AdmissionControl>,
    shards: Vec<mpsc::UnboundedSender<ShardCommand>>,
    /// Index of the next shard.
    next: usize,
    throttle: LogThrottle,
}

impl Dispatcher {
    pub(crate) fn new(
        admission: Arc<AdmissionControl>,
        shards: Vec<mpsc::UnboundedSender<ShardCommand>>,
    ) -> Self {
        Self { admission, shards, next: 0, throttle: LogThrottle::default() }
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
        let accepted = Accepted { stream, peer, port, permit, security };
        self.command(self.next, ShardCommand::Connection(accepted));
        self.next = (self.next + 1) % self.shards.len();
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[test]
    fn user_timeout_is_that_of_pings_up_to_linux_limit() {
        assert_eq!(user_timeout(&Limits::LINUX), Duration::from_secs(30));
        let patient = Limits::LINUX.with_ping_every(u64::MAX);
        assert_eq!(user_timeout(&patient), Duration::from_millis(i32::MAX as u64));
    }

    /// Connections inherit the options, and those that were made before get them.
    #[tokio::test]
    async fn every_connection_has_the_options() {
        let socket = TcpListener::bind("127.0.0.1:0").expect("cannot listen");
        let addr = socket.local_addr().expect("no address");
        let mut clients = vec![TcpStream::connect(addr).expect("cannot connect")];
        let mut listeners =
            Listeners::new(vec![Listener::plain(socket)], 4_321, &Limits::LINUX).expect("cannot register");
        for _ in 0..2 {
            let accepted = poll_fn(|context| listeners.poll(context)).await.expect("cannot accept");
            let options = SockRef::from(&accepted.stream);
            assert_eq!(options.tcp_notsent_lowat().ok(), Some(4_321));
            assert_eq!(options.tcp_user_timeout().ok(), Some(Some(Duration::from_secs(30))));
            assert!(options.tcp_nodelay().is_ok_and(|nodelay| nodelay));
            // The queue is empty, so from now on the listener's options suffice.
            let is_empty = poll_fn(|context| Poll::Ready(listeners.poll(context).is_pending())).await;
            assert!(is_empty && listeners.listeners[0].inherits);
            clients.push(TcpStream::connect(addr).expect("cannot connect"));
        }
    }
}

//! Accepting connections, and dealing them to shards.

use super::gate::Permit;
use super::listener::Certificate;
use super::transport::Security;
use super::{Listener, Server};
use socket2::SockRef;
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How long accepting pauses when the process has no descriptor left: trying at once would only burn time.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection on its way to a shard.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) permit: Permit,
    /// How it is to be encrypted, if it is.
    pub(super) security: Option<Security>,
}

/// Accepts from all listeners, for ever.
pub(super) fn accept(
    server: Server,
    listeners: Vec<Listener>,
    shards: Vec<mpsc::UnboundedSender<Accepted>>,
) -> std::io::Result<impl Future<Output = ()>> {
    let gate = &server.meters.gate;
    let mut ready = Vec::new();
    for listener in listeners {
        listener.socket.set_nonblocking(true)?;
        ready.push((TcpListener::from_std(listener.socket)?, listener.certificate));
    }
    Ok(async move {
        let mut next = 0;
        let mut deal = |accepted| {
            // A shard that has ended takes nothing; then the server is ending, too.
            let _ = shards[next % shards.len()].send(accepted);
            next += 1;
        };
        let mut turn = 0;
        loop {
            let stream = poll_fn(|context| {
                // In turn, so that one busy listener does not keep the others waiting.
                turn += 1;
                for at in 0..ready.len() {
                    let (listener, certificate) = &ready[(turn + at) % ready.len()];
                    if let Poll::Ready(accepted) = listener.poll_accept(context) {
                        let security = certificate.as_ref().map(Certificate::security);
                        return Poll::Ready(
                            accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer, security))),
                        );
                    }
                }
                Poll::Pending
            })
            .await;
            match stream {
                Ok((stream, peer, security)) => match gate.admit(peer.ip()) {
                    Some(permit) => {
                        if let Err(error) = prepare(&stream, server.limits.unsent) {
                            log::debug!("A connection from {peer} ended at once: {error}");
                        } else {
                            deal(Accepted { stream, peer, permit, security });
                        }
                    }
                    None => log::warn!(
                        "Closed a connection from {} at once: there are by far too many",
                        peer.ip()
                    ),
                },
                // The client gave up before it was accepted.
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(error) => {
                    log::error!("No connection can be accepted: {error}. The server tries again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}

fn prepare(stream: &TcpStream, unsent: u32) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_notsent_lowat(unsent)
}

//! `--metrics`, which serves Prometheus metrics.
//!
//! A separate thread answers one request for each connection, and accepts few connections a second, so that frequent
//! or slow scrapers do not delay the clients.

mod process;
mod source;
mod text;

#[cfg(feature = "gateway")]
pub(crate) use source::Sample;
pub(crate) use source::{More, Source};

use instep::Access;
use instep::access::{Refusal, is_host_name};
use instep::driver::HeadLimits;
use instep::log_target::FROM_CLIENT;
use instep_proto::http::{Method, Reply, RequestHead, Status};
use instep_tokio::Server;
use socket2::SockRef;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Shutdown};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

const PATH: &str = "/metrics";
/// Maximum number of connections at once. Further ones wait in the accept queue.
const MAX_CONNECTIONS: usize = 8;
/// Interval between two accepts.
const ACCEPT_INTERVAL: Duration = Duration::from_millis(50);
/// Timeout for reading a request's head, and for writing a response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum time for which a connection is drained after its response.
///
/// The response could be lost without it.
const LINGER: Duration = Duration::from_secs(1);
/// Maximum number of bytes that are drained after a response.
const LINGER_BYTES: usize = 65_536;
/// Limits of a request's head.
const HEAD: HeadLimits = HeadLimits { bytes: 8192, headers: 64 };
/// Size of the buffer for a response without the metrics, in bytes.
const RESPONSE_BYTES: usize = 1024;

/// Answers requests on `listener` as long as the program runs.
pub(crate) fn serve(
    listener: std::net::TcpListener,
    source: Source,
    access: &'static Access,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    listener.set_nonblocking(true)?;
    let listener = {
        let _inside = runtime.enter();
        TcpListener::from_std(listener)?
    };
    let run = move || runtime.block_on(accept(listener, source, access));
    std::thread::Builder::new().name("metrics".into()).spawn(run)?;
    Ok(())
}

async fn accept(listener: TcpListener, source: Source, access: &'static Access) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = permits.clone().acquire_owned().await {
        // A failure is ignored, because it concerns one peer, or descriptors that may be free soon.
        if let Ok((stream, peer)) = listener.accept().await {
            tokio::spawn(async move {
                // A failure is ignored, because the peer is gone or too slow.
                let _ = answer(&stream, peer.ip().to_canonical(), source, access).await;
                drop(permit);
            });
        }
        sleep(ACCEPT_INTERVAL).await;
    }
}

async fn answer(stream: &TcpStream, peer: IpAddr, source: Source, access: &Access) -> io::Result<()> {
    let mut head = vec![0; HEAD.bytes];
    let answer = match in_time(read_head(stream, &mut head)).await? {
        Ok(head) => respond(&head, peer, source, access).await,
        Err(refusal) => write_reply(refusal, source.server),
    };
    in_time(write(stream, &answer)).await?;
    SockRef::from(stream).shutdown(Shutdown::Write)?;
    // The result does not matter, because the connection is closed next.
    let _ = timeout(LINGER, discard(stream, &mut head)).await;
    Ok(())
}

async fn read_head<'b>(
    stream: &TcpStream,
    bytes: &'b mut [u8],
) -> io::Result<Result<RequestHead<'b>, Reply>> {
    let mut length = 0;
    loop {
        match read(stream, &mut bytes[length..]).await? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            more => length += more,
        }
        // The buffer cannot fill up, because a head of its size is an error.
        match RequestHead::parse(&bytes[..length], HEAD) {
            Ok(None) => {}
            Ok(Some(_)) => break,
            Err(error) => return Ok(Err(Reply::refusal(error, &bytes[..length]))),
        }
    }
    match RequestHead::parse(&bytes[..length], HEAD) {
        Ok(Some((head, _))) => Ok(Ok(head)),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

async fn respond(head: &RequestHead<'_>, peer: IpAddr, source: Source, access: &Access) -> Vec<u8> {
    let Source { server, more } = source;
    // A connection has only one request.
    let head = &RequestHead { keep_alive: false, ..*head };
    let error = |status| write_reply(Reply::error(status, Some(head)), server);
    match access.check(head) {
        Err(Refusal::Host) => {
            let host = head.host.unwrap_or_default();
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            if is_host_name(name) {
                log::warn!(
                    target: FROM_CLIENT,
                    "Rejected a request for the metrics from {peer}: unknown host name {name}; allow it with --allow-host {name}"
                );
            } else {
                log::warn!(
                    "Rejected a request for the metrics from {peer}: its Host is not a valid host name"
                );
            }
            return error(Status::MisdirectedRequest);
        }
        Err(_) => return error(Status::Forbidden),
        Ok(()) => {}
    }
    if head.path != PATH {
        return error(Status::NotFound);
    }
    if !matches!(head.method, Method::Get | Method::Head) {
        return error(Status::MethodNotAllowed);
    }
    let text = text::write(&server.metrics().await, &more(), &process::read());
    let mut answer = vec![0; RESPONSE_BYTES];
    let length = Reply::body_head(head, text::CONTENT_TYPE, text.len()).write(&mut answer);
    answer.truncate(length.unwrap_or_default());
    if head.method == Method::Get {
        answer.extend_from_slice(text.as_bytes());
    }
    answer
}

fn write_reply(mut reply: Reply, server: Server) -> Vec<u8> {
    let mut answer = vec![0; RESPONSE_BYTES];
    let mut length = 0;
    while !reply.is_done() {
        match reply.produce(server.device(), &mut answer[length..]) {
            0 => break,
            more => length += more,
        }
    }
    answer.truncate(length);
    answer
}

async fn discard(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    let mut length = 0;
    while length < LINGER_BYTES {
        match read(stream, buffer).await? {
            0 => break,
            more => length += more,
        }
    }
    Ok(())
}

async fn in_time<T>(act: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(REQUEST_TIMEOUT, act).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

async fn read(stream: &TcpStream, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        stream.readable().await?;
        match stream.try_read(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

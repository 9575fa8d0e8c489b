//! fastwebsockets, upgraded by hyper as in its examples, then on
//! the bare socket, which is faster than hyper's. A subscriber
//! is two tasks, because its read must not be cancelled.

use bytes::Bytes;
use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{
    FragmentCollector, FragmentCollectorRead, Frame, OpCode, Payload, Role, WebSocket, WebSocketError,
};
use futures_util::FutureExt as _;
use http_body_util::Empty;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use instep_bench::serving::{self, Job, KEPT};
use std::io;
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::task::{spawn_local, unconstrained};

fn main() -> io::Result<()> {
    let start = serving::start()?;
    let job = start.job;
    let (publish, _) = broadcast::channel(KEPT);
    serving::run(start, |stream| {
        let publish = publish.clone();
        let service = service_fn(move |mut request| {
            let publish = publish.clone();
            async move {
                let (response, upgraded) = upgrade(&mut request)?;
                spawn_local(unconstrained(async move {
                    // Errors of clients that have gone are ignored.
                    let _ = match job {
                        Job::Echo => echo(upgraded).await,
                        Job::FanOut => fan_out(upgraded, publish).await,
                    };
                }));
                Ok::<hyper::Response<Empty<Bytes>>, WebSocketError>(response)
            }
        });
        let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
        served.map(drop)
    })
}

/// Returns the socket itself, without the layers of the upgrade.
async fn bare(upgraded: UpgradeFut) -> Result<WebSocket<TcpStream>, WebSocketError> {
    let parts = upgraded
        .await?
        .into_inner()
        .into_inner()
        .downcast::<TokioIo<TcpStream>>()
        .map_err(|_| io::Error::other("not a socket"))?;
    if !parts.read_buf.is_empty() {
        return Err(io::Error::other("the client did not wait for the answer").into());
    }
    Ok(WebSocket::after_handshake(parts.io.into_inner(), Role::Server))
}

async fn echo(upgraded: UpgradeFut) -> Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(bare(upgraded).await?);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}

async fn fan_out(upgraded: UpgradeFut, publish: broadcast::Sender<Bytes>) -> Result<(), WebSocketError> {
    let (read, mut write) = bare(upgraded).await?.split(TcpStream::into_split);
    let mut published = publish.subscribe();
    spawn_local(unconstrained(async move {
        loop {
            match published.recv().await {
                Ok(text) => {
                    if write.write_frame(Frame::text(Payload::Borrowed(&text))).await.is_err() {
                        return;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }));
    let mut read = FragmentCollectorRead::new(read);
    loop {
        // No client sends pings or close frames.
        let frame = read.read_frame(&mut |_| async { Ok::<_, WebSocketError>(()) }).await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text => {
                let _ = publish.send(Bytes::copy_from_slice(&frame.payload));
            }
            _ => {}
        }
    }
}

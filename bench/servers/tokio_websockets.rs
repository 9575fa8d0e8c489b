//! tokio-websockets: its echo server.
//!
//! `forward` would not be faster, because reading the next message sends the waiting one.

use futures_util::{SinkExt, StreamExt};
use instep_bench::serving::{self, Job, KEPT};
use std::io;
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::task::{spawn_local, unconstrained};
use tokio_websockets::{Config, Error, Limits, Message, ServerBuilder, WebSocketStream};

fn main() -> io::Result<()> {
    serving::run(async {
        let start = serving::start()?;
        let job = start.job;
        let listener = start.tokio_listener()?;
        let (publish, _) = broadcast::channel(KEPT);
        loop {
            let stream = serving::accept(&listener).await;
            let publish = publish.clone();
            spawn_local(unconstrained(async move {
                let builder = ServerBuilder::new()
                    .config(Config::default().frame_size(usize::MAX))
                    .limits(Limits::unlimited());
                let Ok((_, socket)) = builder.accept(stream).await else { return };
                // Errors of clients that have gone are ignored.
                let _ = match job {
                    Job::Echo => echo(socket).await,
                    Job::FanOut => serving::fan_out(socket, &publish, Message::is_text).await,
                };
            }));
        }
    })
}

async fn echo(mut socket: WebSocketStream<TcpStream>) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

//! tokio-websockets: its echo server.
//!
//! `forward` would not be faster, because reading the next message sends the waiting one.

use futures_util::{SinkExt, StreamExt};
use instep_bench::serving::{self, Job, KEPT};
use std::io;
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio_websockets::{Config, Error, Limits, Message, ServerBuilder, WebSocketStream};

fn main() -> io::Result<()> {
    let start = serving::start()?;
    let job = start.job;
    let (publish, _) = broadcast::channel(KEPT);
    serving::run(start, |stream| {
        let publish = publish.clone();
        async move {
            let config = Config::default().frame_size(usize::MAX);
            let builder = ServerBuilder::new().config(config).limits(Limits::unlimited());
            let Ok((_, socket)) = builder.accept(stream).await else { return };
            // Errors of clients that have gone are ignored.
            let _ = match job {
                Job::Echo => echo(socket).await,
                Job::FanOut => serving::fan_out(socket, &publish, Message::is_text).await,
            };
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

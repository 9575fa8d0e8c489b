//! tokio-tungstenite: its echo server, which uses `forward`.
//!
//! `--buffer` sets the size of the read buffer in bytes; without it, the default holds.

use futures_util::{StreamExt, TryStreamExt, future};
use instep_bench::serving::{self, Job, KEPT};
use std::io;
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

fn main() -> io::Result<()> {
    let start = serving::start()?;
    let job = start.job;
    let mut config = WebSocketConfig::default();
    if let Some(bytes) = start.number("--buffer") {
        config = config.read_buffer_size(bytes);
    }
    let (publish, _) = broadcast::channel(KEPT);
    serving::run(start, |stream| {
        let publish = publish.clone();
        async move {
            let Ok(socket) = accept_async_with_config(stream, Some(config)).await else { return };
            // Errors of clients that have gone are ignored.
            let _ = match job {
                Job::Echo => echo(socket).await,
                Job::FanOut => serving::fan_out(socket, &publish, Message::is_text).await,
            };
        }
    })
}

async fn echo(socket: WebSocketStream<TcpStream>) -> Result<(), Error> {
    let (write, read) = socket.split();
    read.try_filter(|message| future::ready(message.is_text() || message.is_binary())).forward(write).await
}

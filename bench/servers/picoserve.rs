//! picoserve on tokio: 2 KiB for the request as
//! in its README, and a buffer for the message.

use instep_bench::serving::{self, Job, KEPT};
use picoserve::futures::Either;
use picoserve::io::{Read, Write};
use picoserve::response::ws::{Message, SocketRx, SocketTx, WebSocketCallback, WebSocketUpgrade};
use picoserve::routing::get;
use picoserve::{Config, Router};
use std::future::pending;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Maximum length of an echoed message, in bytes.
const ECHO: usize = 16_384;
/// Maximum length of a published message, in bytes.
const PUBLISHED: usize = 512;

struct Echo;

impl WebSocketCallback for Echo {
    async fn run<R: Read, W: Write<Error = R::Error>>(
        self,
        mut rx: SocketRx<R>,
        mut tx: SocketTx<W>,
    ) -> Result<(), W::Error> {
        let mut buffer = vec![0; ECHO];
        loop {
            match rx.next_message(&mut buffer, pending::<()>()).await? {
                Either::First(Ok(Message::Text(text))) => tx.send_text(text).await?,
                Either::First(Ok(Message::Binary(bytes))) => tx.send_binary(bytes).await?,
                Either::First(Ok(Message::Ping(bytes))) => tx.send_pong(bytes).await?,
                Either::First(Ok(Message::Pong(_))) => {}
                Either::First(Ok(Message::Close(_)) | Err(_)) | Either::Second(()) => {
                    return tx.close(None).await;
                }
            }
        }
    }
}

struct Subscriber(broadcast::Sender<Arc<str>>);

impl WebSocketCallback for Subscriber {
    async fn run<R: Read, W: Write<Error = R::Error>>(
        self,
        mut rx: SocketRx<R>,
        mut tx: SocketTx<W>,
    ) -> Result<(), W::Error> {
        let mut published = self.0.subscribe();
        let mut buffer = [0; PUBLISHED];
        loop {
            match rx.next_message(&mut buffer, published.recv()).await? {
                Either::First(Ok(Message::Text(text))) => {
                    let _ = self.0.send(text.into());
                }
                Either::First(Ok(Message::Ping(bytes))) => tx.send_pong(bytes).await?,
                Either::First(Ok(Message::Binary(_) | Message::Pong(_)))
                | Either::Second(Err(broadcast::error::RecvError::Lagged(_))) => {}
                Either::Second(Ok(text)) => tx.send_text(&text).await?,
                Either::First(Ok(Message::Close(_)) | Err(_))
                | Either::Second(Err(broadcast::error::RecvError::Closed)) => return tx.close(None).await,
            }
        }
    }
}

fn main() -> io::Result<()> {
    static CONFIG: Config = Config::const_default().keep_connection_alive();
    let start = serving::start()?;
    // Errors of clients that have gone are ignored.
    match start.job {
        Job::Echo => {
            let upgrade = async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(Echo);
            let echo = Rc::new(Router::new().route("/echo", get(upgrade)));
            serving::run(start, |stream| {
                let echo = echo.clone();
                async move {
                    let _ = picoserve::Server::new_tokio(&echo, &CONFIG, &mut [0; 2048]).serve(stream).await;
                }
            })
        }
        Job::FanOut => {
            let (publish, _) = broadcast::channel(KEPT);
            let upgrade = move |upgrade: WebSocketUpgrade| {
                let publish = publish.clone();
                async move { upgrade.on_upgrade(Subscriber(publish)) }
            };
            let fan_out = Rc::new(Router::new().route("/", get(upgrade)));
            serving::run(start, |stream| {
                let fan_out = fan_out.clone();
                async move {
                    let _ =
                        picoserve::Server::new_tokio(&fan_out, &CONFIG, &mut [0; 2048]).serve(stream).await;
                }
            })
        }
    }
}

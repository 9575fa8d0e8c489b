//! Common start of every server under
//! measurement: arguments, and a core of its own.

use crate::system::{SERVER_CORE, raise_descriptor_limit, take_core};
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use rustix::process::{Signal, set_parent_process_death_signal};
use std::future::Future;
use std::io;
use std::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::task::{LocalSet, spawn_local, unconstrained};

/// Publishes that a peer keeps for subscribers that are
/// a little behind, as many as instep keeps events.
pub const KEPT: usize = 64;

/// Reaction of a server to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Sends it back.
    Echo,
    /// Sends it to every client, the sender too.
    FanOut,
}

/// Options of a server before its start.
#[derive(Debug)]
pub struct Start {
    /// Its job.
    pub job: Job,
    /// Further arguments, which differ between servers.
    pub options: Vec<String>,
    listener: TcpListener,
}

/// Reads the arguments, takes the server's core,
/// raises the descriptor limit, and listens.
///
/// # Errors
/// If the arguments are not understood or the system refuses something.
pub fn start() -> io::Result<Start> {
    // Servers end with the program that started them, however it ends.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    take_core(SERVER_CORE)?;
    raise_descriptor_limit()?;
    let mut arguments = std::env::args().skip(1);
    let job = match arguments.next().as_deref() {
        Some("echo") => Job::Echo,
        Some("fan-out") => Job::FanOut,
        _ => return Err(io::Error::other("the first argument is `echo` or `fan-out`")),
    };
    Ok(Start { job, options: arguments.collect(), listener: TcpListener::bind("127.0.0.1:0")? })
}

impl Start {
    /// Returns the number behind `name` among the options.
    pub fn number(&self, name: &str) -> Option<usize> {
        let index = self.options.iter().position(|option| option == name)?;
        self.options.get(index + 1)?.parse().ok()
    }

    /// Prints the server's address, which means that it is ready.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn listener(self) -> io::Result<TcpListener> {
        println!("{}", self.listener.local_addr()?.port());
        self.listener.set_nonblocking(true)?;
        Ok(self.listener)
    }
}

/// Sends a client's messages for which `is_text` returns
/// true to all clients, with a channel for each client,
/// as is usual with libraries that are streams and sinks.
///
/// # Errors
/// If the client's connection fails.
pub async fn fan_out<S, M, E>(
    mut socket: S,
    publish: &broadcast::Sender<M>,
    is_text: impl Fn(&M) -> bool,
) -> Result<(), E>
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    M: Clone,
{
    let mut published = publish.subscribe();
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(message) => {
                    let message = message?;
                    if is_text(&message) {
                        let _ = publish.send(message);
                    }
                }
                None => return Ok(()),
            },
            message = published.recv() => match message {
                Ok(message) => socket.send(message).await?,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            },
        }
    }
}

/// Serves connections on a single thread for ever, each in a task that stays on
/// it, and with TCP_NODELAY, as every peer needs it.
///
/// # Errors
/// If the system refuses.
pub fn run<F: Future<Output = ()> + 'static>(start: Start, serve: impl Fn(TcpStream) -> F) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(start.listener()?)?;
        loop {
            if let Ok((stream, _)) = listener.accept().await
                && stream.set_nodelay(true).is_ok()
            {
                spawn_local(unconstrained(serve(stream)));
            }
        }
    })
}

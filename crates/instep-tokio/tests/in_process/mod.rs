//! A server within the test's own process, for tests
//! that publish themselves or need other limits.

#![allow(dead_code, reason = "not every test uses all of it")]

use instep::{Access, App, Device, Inbox, Limits};
use instep_tokio::{Listener, Server, SocketLimits};
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

static ACCESS: Access = Access::new("");

/// Whether a thread of a server panicked.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Running server, which is stopped when dropped.
pub struct Running {
    pub addr: SocketAddr,
    server: Server,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Serves `app` on a free port of 127.0.0.1, by two shards.
pub fn serve(app: &'static App, limits: Limits, sockets: SocketLimits) -> Running {
    serve_by(app, limits, sockets, Listener::plain)
}

/// Serves `app` with another kind of listener.
pub fn serve_by(
    app: &'static App,
    limits: Limits,
    sockets: SocketLimits,
    make_listener: impl FnOnce(TcpListener) -> Listener,
) -> Running {
    serve_with(app, limits, sockets, make_listener, |server| server)
}

/// Serves `app` by a server that `change` makes of the usual one.
pub fn serve_with(
    app: &'static App,
    limits: Limits,
    sockets: SocketLimits,
    make_listener: impl FnOnce(TcpListener) -> Listener,
    change: impl FnOnce(Server) -> Server,
) -> Running {
    start(Server::new(app, &ACCESS, limits, sockets, 2), make_listener, change)
}

/// Serves `app` by that number of shards, and runs the application in the first one.
pub fn serve_in_one_thread<F>(
    app: &'static App,
    limits: Limits,
    shards: usize,
    run: impl FnOnce(Server) -> F + Send + 'static,
) -> Running
where
    F: Future<Output = ()> + 'static,
{
    let server = Server::new(app, &ACCESS, limits, SocketLimits::default(), shards);
    let with_application = |server: Server| server.with_application(move || run(server));
    start(server, Listener::plain, |server| with_application(server).expect("cannot start a thread"))
}

fn start(
    server: Server,
    make_listener: impl FnOnce(TcpListener) -> Listener,
    change: impl FnOnce(Server) -> Server,
) -> Running {
    watch_for_panics();
    let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
    let addr = listener.local_addr().expect("no address");
    let listener = make_listener(listener);
    let server = change(server);
    let (stop, stopped) = oneshot::channel();
    let serve = move || {
        let stopped = async {
            let _ = stopped.await;
        };
        runtime().block_on(server.serve(vec![listener], stopped)).expect("the server failed");
    };
    let thread = thread::Builder::new().name("server".into()).spawn(serve).expect("cannot start a thread");
    Running { addr, server, stop: Some(stop), thread: Some(thread) }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("cannot build the runtime")
}

impl Running {
    pub fn device(&self) -> &'static Device {
        self.server.device()
    }

    pub fn server(&self) -> Server {
        self.server
    }

    pub fn inbox(&self) -> Inbox<'static> {
        self.server.inbox().expect("the inbox was already taken")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map_or(Ok(()), JoinHandle::join);
        // A test that has already failed shows its own message.
        if !thread::panicking() {
            ended.expect("the server panicked");
            assert!(!PANICKED.load(Ordering::Relaxed), "a shard of the server panicked");
        }
    }
}

/// Records a panic of a shard, which takes no other
/// thread down, so that the test fails at its end.
fn watch_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            report(panic);
            if thread::current().name().is_some_and(|name| name.starts_with("shard")) {
                PANICKED.store(true, Ordering::Relaxed);
            }
        }));
    });
}

//! instep: its own library, one shard, and an
//! application that publishes its messages.
//!
//! `--patient` raises the write-stall and ping timeouts to an hour. The other limits are those of Linux,
//! except the number of clients, which `--clients` gives. `--one-thread` runs the application in the thread of the
//! clients, as `Program::in_one_thread` does, in place of a thread of its own. `--shards` gives
//! the number of threads for clients, which is one without it.

use instep::{Access, App, Limits, Message};
use instep_bench::serving;
use instep_tokio::{Server, SocketLimits};
use std::io;

instep::topics! { const TOPICS = [TOPIC]; }
const APP: App = App::new("bench", "Publishes what it is sent").echo("/echo").endpoint("/").topics(TOPICS);
static ACCESS: Access = Access::new("");
const HOUR: u64 = 3_600_000;

fn main() -> io::Result<()> {
    // As the command instep does.
    let _ = instep_sys_linux::memory::join_small_blocks();
    let start = serving::start()?;
    let clients = start.number("--clients").unwrap_or(10_000);
    let mut limits = Limits::LINUX.with_clients(clients);
    let has = |name: &str| start.options.iter().any(|option| option == name);
    if has("--patient") {
        (limits.write_stall, limits.ping_every) = (HOUR, HOUR);
    }
    let shards = start.number("--shards").unwrap_or(1);
    let mut server = Server::new(&APP, &ACCESS, limits, SocketLimits::default(), shards);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    if has("--one-thread") {
        server = server.with_application(move || run(server))?;
    } else {
        let application = runtime()?;
        let run = move || application.block_on(run(server));
        std::thread::Builder::new().name("application".into()).spawn(run)?;
    }
    runtime()?.block_on(server.serve(vec![start.listener()?], std::future::pending()))
}

/// Publishes each text.
async fn run(server: Server) {
    let Some(mut inbox) = server.inbox() else { return };
    loop {
        if let Message::Text { text, .. } = inbox.recv().await {
            server.device().publish(TOPIC, text);
        }
    }
}

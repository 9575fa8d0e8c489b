//! instep: its own library, one shard, and an
//! application that publishes its messages.
//!
//! `--patient` raises the write-stall and ping timeouts to an hour. The other limits are those of Linux,
//! except the number of clients, which `--clients` gives.

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
    if start.options.iter().any(|option| option == "--patient") {
        (limits.write_stall, limits.ping_every) = (HOUR, HOUR);
    }
    let server = Server::new(&APP, &ACCESS, limits, SocketLimits::default(), 1);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let application = runtime()?;
    std::thread::Builder::new().name("application".into()).spawn(move || {
        let Some(mut inbox) = server.inbox() else { return };
        application.block_on(async {
            loop {
                if let Message::Text { text, .. } = inbox.recv().await {
                    server.device().publish(TOPIC, text);
                }
            }
        });
    })?;
    runtime()?.block_on(server.serve(vec![start.listener()?], std::future::pending()))
}

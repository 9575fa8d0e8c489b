//! Publishes do not wake a shard without clients, and yet each client gets the latest value.

mod in_process;

use in_process::serve;
use instep::{App, Limits};
use instep_tokio::SocketLimits;
use std::sync::atomic::{AtomicBool, Ordering};
use test_support::WebSocket;

instep::topics! { const TOPICS = [NUMBER]; }
static APP: App = App::new("quiet", "for tests").endpoint("/ws").topics(TOPICS);

/// Clients that come and go while values are published.
const CLIENTS: usize = 300;

#[test]
fn client_that_comes_while_values_are_published_ends_with_the_latest() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let device = server.device();
    device.publish(NUMBER, 0);
    for client in 0..CLIENTS {
        // Each publishes while the client comes, and stops at no moment that the client knows of.
        let stop = AtomicBool::new(false);
        let (mut page, last) = std::thread::scope(|scope| {
            let publisher = scope.spawn(|| {
                let mut number = 0;
                loop {
                    number += 1;
                    device.publish(NUMBER, format_args!("{client}-{number}"));
                    if stop.load(Ordering::Relaxed) {
                        return format!("{client}-{number}");
                    }
                }
            });
            let page = WebSocket::connect(server.addr, "/ws");
            stop.store(true, Ordering::Relaxed);
            (page, publisher.join().expect("the publisher failed"))
        });
        page.read_text_until(|text| text == last);
    }
}

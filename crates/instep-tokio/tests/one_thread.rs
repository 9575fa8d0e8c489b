//! The application in the thread of the first shard.

mod in_process;

use in_process::{runtime, serve_in_one_thread};
use instep::{App, Limits, Message};
use instep_tokio::Server;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use test_support::{WebSocket, http};

instep::topics! { const TOPICS = [LED]; }
static APP: App = App::new("lamp", "for tests").endpoint("/ws").topics(TOPICS);

/// Switches a lamp at each `toggle`, and tells at `who` in which thread it runs.
async fn lamp(server: Server) {
    let mut inbox = server.inbox().expect("the inbox was already taken");
    let (device, mut on) = (server.device(), false);
    device.publish(LED, "0");
    loop {
        match inbox.recv().await {
            Message::Text { text: "toggle", .. } => {
                on = !on;
                device.publish(LED, u8::from(on));
            }
            Message::Text { text: "who", client } => {
                device.send(client, thread::current().name().unwrap_or_default()).expect("no reply");
            }
            _ => {}
        }
    }
}

/// Connects so many clients, each of which gets the state first.
fn connect<const N: usize>(addr: std::net::SocketAddr) -> [WebSocket; N] {
    [(); N].map(|()| {
        let mut client = WebSocket::connect(addr, "/ws");
        assert_eq!(client.read_text(), "0");
        client
    })
}

/// Toggles the lamp by one client after the other, and waits until all have each state.
fn toggle(clients: &mut [WebSocket], rounds: usize) {
    for round in 0..rounds {
        let sender = round % clients.len();
        clients[sender].send_text("toggle");
        for client in &mut *clients {
            assert_eq!(client.read_text(), if round % 2 == 0 { "1" } else { "0" });
        }
    }
}

#[test]
fn application_runs_in_thread_of_clients() {
    let server = serve_in_one_thread(&APP, Limits::LINUX, 1, lamp);
    let mut clients = connect::<3>(server.addr);
    toggle(&mut clients, 21);
    clients[0].send_text("who");
    assert_eq!(clients[0].read_text(), "shard 0");
}

#[test]
fn message_and_its_deliveries_are_one_pass() {
    const ROUNDS: usize = 200;
    let polls = Arc::new(AtomicUsize::new(0));
    let count = polls.clone();
    let server = serve_in_one_thread(&APP, Limits::LINUX, 1, |server| async move {
        let mut lamp = pin!(lamp(server));
        poll_fn(|context| {
            count.fetch_add(1, Ordering::Relaxed);
            lamp.as_mut().poll(context)
        })
        .await;
    });
    let mut clients = connect::<2>(server.addr);
    let before = polls.load(Ordering::Relaxed);
    toggle(&mut clients, ROUNDS);
    let polls = polls.load(Ordering::Relaxed) - before;
    // Deadlines wake the thread a few times, too. A pass that began without the ready connections took two polls.
    assert!((ROUNDS..ROUNDS + ROUNDS / 2).contains(&polls), "{polls} polls of the application");
}

#[test]
fn other_shards_wake_application_in_first_shard() {
    let server = serve_in_one_thread(&APP, Limits::LINUX, 2, lamp);
    let mut clients = connect::<4>(server.addr);
    toggle(&mut clients, 40);
}

#[test]
fn flooding_client_starves_no_other() {
    const MESSAGES: usize = 50_000;
    let server = serve_in_one_thread(&APP, Limits::LINUX, 1, lamp);
    let mut flooding = WebSocket::connect(server.addr, "/ws");
    let mut clients = connect::<2>(server.addr);
    let sent = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..MESSAGES {
                flooding.send_text("nothing");
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        while sent.load(Ordering::Relaxed) < 1_000 {
            thread::yield_now();
        }
        toggle(&mut clients, 10);
        assert!(sent.load(Ordering::Relaxed) < MESSAGES, "the others had to wait for the end of the flood");
    });
}

#[test]
fn timers_of_application_and_connections_are_due() {
    let mut limits = Limits::LINUX;
    limits.head_time = 300;
    let server = serve_in_one_thread(&APP, limits, 1, |server| async move {
        for tick in 0_u32.. {
            server.device().publish(LED, tick);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut client = WebSocket::connect(server.addr, "/ws");
    let begun = Instant::now();
    assert_eq!(http(server.addr, "GET / HTTP/1.1\r\nHo").status, 408);
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
    client.read_text_until(|text| text.parse::<u32>().is_ok_and(|tick| tick >= 10));
}

#[test]
fn application_that_publishes_without_pause_shuts_no_client_out() {
    let server = serve_in_one_thread(&APP, Limits::LINUX, 1, |server| async move {
        for number in 0_u64.. {
            server.device().publish(LED, number);
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..20 {
        let mut client = WebSocket::connect(server.addr, "/ws");
        let first: u64 = client.read_text().parse().expect("not a number");
        client.read_text_until(|text| text.parse::<u64>().is_ok_and(|number| number > first));
    }
}

#[test]
fn application_elsewhere_is_woken() {
    let server = serve_in_one_thread(&APP, Limits::LINUX, 1, |_| pending());
    let elsewhere = server.server();
    thread::spawn(move || runtime().block_on(lamp(elsewhere)));
    // Its thread may begin after the first client has come.
    while server.device().counts().publishes == 0 {
        thread::yield_now();
    }
    toggle(&mut connect::<2>(server.addr), 10);
}

#[test]
fn shard_goes_on_after_application_has_ended() {
    let server = serve_in_one_thread(&APP, Limits::LINUX, 1, |_| async {});
    server.device().publish(LED, "0");
    let [mut client] = connect(server.addr);
    for number in 1..20 {
        server.device().publish(LED, number);
        client.read_text_until(|text| text == number.to_string());
    }
}

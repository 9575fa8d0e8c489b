//! The application in the thread of the first shard.

mod in_process;

use in_process::{runtime, serve_in_one_thread};
use instep::{App, Limits, Message};
use instep_tokio::Server;
use std::fs;
use std::future::{pending, poll_fn};
use std::ops::Range;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use test_support::{SOON, WebSocket, http, wait_until};

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

/// Toggles the lamp by another client in each round, and waits until all have each state.
fn toggle(clients: &mut [WebSocket], rounds: Range<usize>) {
    for round in rounds {
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
    toggle(&mut clients, 0..21);
    clients[0].send_text("who");
    assert_eq!(clients[0].read_text(), "shard 0");
}

/// Each message comes to a thread that sleeps, because a second pass would take in a message that had come meanwhile.
#[test]
fn message_and_its_deliveries_are_one_pass() {
    const ROUNDS: usize = 200;
    let polls = Arc::new(AtomicUsize::new(0));
    let (count, (sender, stat)) = (polls.clone(), mpsc::channel());
    let server = serve_in_one_thread(&APP, Limits::LINUX, 1, move |server| async move {
        let thread = fs::read_link("/proc/thread-self").expect("the thread has no files");
        sender.send(Path::new("/proc").join(thread).join("stat")).expect("the test has ended");
        let mut lamp = pin!(lamp(server));
        poll_fn(|context| {
            count.fetch_add(1, Ordering::Relaxed);
            lamp.as_mut().poll(context)
        })
        .await;
    });
    let stat = stat.recv().expect("the application did not start");
    let sleeps = || fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") S "));
    let wait = || wait_until(SOON, sleeps, || "the thread of the shard is busy");
    let mut clients = connect::<2>(server.addr);
    wait();
    let before = polls.load(Ordering::Relaxed);
    for round in 0..ROUNDS {
        toggle(&mut clients, round..round + 1);
        wait();
    }
    let polls = polls.load(Ordering::Relaxed) - before;
    // A few are for deadlines. Without the hold, or if a pass began without the ready connections, a message takes two.
    assert!((ROUNDS..ROUNDS + ROUNDS / 4).contains(&polls), "{polls} polls of the application");
}

#[test]
fn other_shards_wake_application_in_first_shard() {
    let server = serve_in_one_thread(&APP, Limits::LINUX, 2, lamp);
    let mut clients = connect::<4>(server.addr);
    toggle(&mut clients, 0..40);
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
        toggle(&mut clients, 0..10);
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
    toggle(&mut connect::<2>(server.addr), 0..10);
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

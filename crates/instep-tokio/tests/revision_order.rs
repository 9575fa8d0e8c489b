//! Two hundred clients and an application that numbers all that it publishes: each client sees the numbers
//! rise, every event, and the latest of every topic at the end.

mod in_process;

use in_process::{runtime, serve};
use instep::{App, Device, Inbox, Limits, Message, Topics};
use instep_tokio::SocketLimits;
use std::thread;
use test_support::WebSocket;

const CLIENTS: usize = 200;
const COMMANDS: usize = 1000;
/// So rarely that all fit into the ring of 64: however late a client is, it misses none.
const EVENT_EVERY: usize = 16;

const TOPICS: Topics = Topics::new(2);
static APP: App = App::new("order", "for tests").endpoint("/ws").topics(TOPICS);

/// Publishes in answer to each command, everything with the next number; then says that it was the last.
async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let (mut number, mut commands, mut events) = (0, 0, 0);
    let mut next = move || {
        number += 1;
        number
    };
    while commands < COMMANDS {
        if let Message::Text { text: "go", .. } = inbox.recv().await {
            commands += 1;
            device.publish(
                TOPICS.at(commands % 2).expect("topic out of range"),
                format_args!("{} topic {commands}", next()),
            );
            if commands % EVENT_EVERY == 0 {
                events += 1;
                device.emit(format_args!("{} event {events}", next()));
            }
        }
    }
    device.emit(format_args!("{} end {events}", next()));
}

/// What a client saw: checks it as it comes, up to the end.
fn watch(mut client: WebSocket) {
    let (mut last, mut events, mut topics) = (0, 0, [0; 2]);
    loop {
        let text = client.read_text();
        let parts: Vec<&str> = text.split(' ').collect();
        let [number, kind, value] = parts[..] else { panic!("{text:?}") };
        let (number, value): (usize, usize) =
            (number.parse().expect("a number"), value.parse().expect("a value"));
        assert!(number > last, "{number} after {last}");
        last = number;
        match kind {
            "topic" => topics[value % 2] = value,
            "event" => {
                assert_eq!(value, events + 1, "no event is missed and none comes twice");
                events = value;
            }
            _ => {
                assert_eq!(value, events, "the end comes last");
                break;
            }
        }
    }
    assert_eq!(topics, [COMMANDS, COMMANDS - 1], "the latest of each topic");
}

#[test]
fn all_see_one_order_and_nobody_is_left_behind() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let (device, mut inbox) = (server.device(), server.inbox());
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| WebSocket::connect(server.addr, "/ws")).collect();
    let application = thread::spawn(move || {
        runtime().block_on(run(device, &mut inbox));
    });
    // Each sends its share without waiting for anything.
    for round in 0..COMMANDS / CLIENTS {
        for at in 0..CLIENTS {
            clients[(at * 7 + round) % CLIENTS].send_text("go");
        }
    }
    thread::scope(|scope| {
        for client in clients.drain(..) {
            scope.spawn(move || watch(client));
        }
    });
    application.join().expect("the application does not panic");
}

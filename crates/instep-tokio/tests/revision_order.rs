//! Two hundred clients, and an application that numbers
//! everything it publishes: each client sees rising numbers,
//! every event, and at the end the latest value of each topic.

mod in_process;

use in_process::{runtime, serve};
use instep::{App, Device, Inbox, Limits, Message, Topics};
use instep_tokio::SocketLimits;
use std::thread;
use test_support::WebSocket;

const CLIENTS: usize = 200;
const COMMANDS: usize = 1000;
/// Commands for each event.
///
/// It is so large that all events fit into the ring of 64, so even a late client misses none.
const EVENT_EVERY: usize = 16;

const TOPICS: Topics = Topics::new(2);
static APP: App = App::new("order", "for tests").endpoint("/ws").topics(TOPICS);

/// Publishes after each command with consecutive
/// numbers, and at the end an event that marks the end.
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

/// Checks the order of all messages of a client, up to the end.
fn watch(mut client: WebSocket) {
    let (mut last, mut events, mut topics) = (0, 0, [0; 2]);
    loop {
        let text = client.read_text();
        let parts: Vec<&str> = text.split(' ').collect();
        let [number, kind, value] = parts[..] else { panic!("{text:?}") };
        let (number, value): (usize, usize) =
            (number.parse().expect("not a number"), value.parse().expect("no value"));
        assert!(number > last, "{number} after {last}");
        last = number;
        match kind {
            "topic" => topics[value % 2] = value,
            "event" => {
                assert_eq!(value, events + 1, "an event was missed or repeated");
                events = value;
            }
            _ => {
                assert_eq!(value, events, "the end precedes an event");
                break;
            }
        }
    }
    assert_eq!(topics, [COMMANDS, COMMANDS - 1], "not the latest value of each topic");
}

#[test]
fn all_clients_see_one_order_and_latest_values() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let (device, mut inbox) = (server.device(), server.inbox());
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| WebSocket::connect(server.addr, "/ws")).collect();
    let application = thread::spawn(move || {
        runtime().block_on(run(device, &mut inbox));
    });
    // Each client sends its share without waiting.
    for round in 0..COMMANDS / CLIENTS {
        for index in 0..CLIENTS {
            clients[(index * 7 + round) % CLIENTS].send_text("go");
        }
    }
    thread::scope(|scope| {
        for client in clients.drain(..) {
            scope.spawn(move || watch(client));
        }
    });
    application.join().expect("the application panicked");
}

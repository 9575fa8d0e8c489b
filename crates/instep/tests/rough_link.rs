//! A rough link: input arrives in pieces, output is taken in pieces
//! or stalls for a while, wake-ups are reordered and spurious, and
//! some peers vanish silently. Only tests move the clock.

mod link;

use instep::{Inbox, Limits, Topics};
use link::{Peer, Simulation, frame, inbox, next_item};
use std::collections::HashMap;
use test_support::Random;

const TOPICS: usize = 2;
const PEERS: usize = 8;
const STEPS: usize = 3_000;
/// Stall of the link that a client survives, in ms.
const SURVIVED_STALL: u64 = 8_000;
/// Capacity of a device's socket, in bytes.
const CAPACITY: usize = 600;

/// Peer behind a rough link.
struct Rough {
    number: usize,
    peer: Peer,
    /// Bytes that were sent and not yet delivered.
    under_way: Vec<u8>,
    sent: usize,
    /// Whether it has vanished, so that nothing passes in either direction.
    lost: bool,
    /// Start of the present stall.
    stalled: Option<u64>,
    last: usize,
    last_event: usize,
    topics: [usize; TOPICS],
    events: usize,
}

impl Rough {
    fn new(number: usize, on_device: bool, simulation: &mut Simulation) -> Self {
        let (under_way, topics) = (Vec::new(), [0; TOPICS]);
        simulation.on_device = on_device;
        let mut peer = simulation.open("/ws");
        if on_device {
            peer.capacity = Some(CAPACITY);
            peer.turn(simulation);
        }
        Self {
            number,
            peer,
            under_way,
            sent: 0,
            lost: false,
            stalled: None,
            last: 0,
            last_event: 0,
            topics,
            events: 0,
        }
    }

    fn say_something(&mut self) {
        self.sent += 1;
        let text = format!("{} {} {}", self.number, "x".repeat(1 + self.sent % 150), self.sent);
        self.under_way.extend(frame(0x81, text.as_bytes()));
    }

    /// Gives a turn, with at most `max` bytes of the input that is under way.
    fn turn(&mut self, simulation: &mut Simulation, max: usize) {
        if self.lost {
            self.peer.turn(simulation);
            return;
        }
        let reads = self.peer.last.is_none_or(|turn| turn.wants_read);
        let length = if reads { max.min(self.under_way.len()) } else { 0 };
        let part: Vec<u8> = self.under_way.drain(..length).collect();
        let turn = self.peer.send(simulation, &part);
        assert!(
            !turn.closed && !turn.shut_down,
            "{} is well, but was ended at {}",
            self.number,
            simulation.now
        );
        self.read();
        self.note_stall(simulation.now);
    }

    /// Reads the complete frames.
    fn read(&mut self) {
        let mut received = self.peer.take();
        let mut rest = &received[..];
        while let [first, length @ 0..=125, more @ ..] = rest
            && let Some(payload) = more.get(..usize::from(*length))
        {
            rest = &more[payload.len()..];
            match first {
                0x89 => self.under_way.extend(frame(0x8a, payload)),
                0x81 => self.note(std::str::from_utf8(payload).expect("not UTF-8")),
                other => panic!("{other:#x} is not the first byte of any frame that was sent"),
            }
        }
        received.drain(..received.len() - rest.len());
        self.peer.received = received;
    }

    fn note(&mut self, text: &str) {
        let (kind, number) = text.split_once(' ').expect("an event is not two words");
        let number = number.parse().expect("the number of an event is not one");
        assert!(number > self.last, "{number} after {}", self.last);
        self.last = number;
        match kind {
            "event" => (self.last_event, self.events) = (number, self.events + 1),
            topic => self.topics[topic.parse::<usize>().expect("an event has no topic")] = number,
        }
    }

    /// Opens the window for `window` bytes. If it is not 0, the server is woken.
    fn open(&mut self, window: usize, simulation: &mut Simulation) {
        match self.peer.capacity {
            // The peer takes that much from the socket, and the driver sees it.
            Some(capacity) if window > 0 => {
                self.peer.window = self.peer.window.saturating_add(window).min(capacity);
                self.peer.client.accepted(link::at(simulation.now));
            }
            Some(_) => {}
            None => self.peer.window = window,
        }
        if window > 0 {
            self.stalled = None;
            self.turn(simulation, 0);
        }
        self.note_stall(simulation.now);
    }

    fn note_stall(&mut self, now: u64) {
        let blocked = match self.peer.capacity {
            Some(_) => self.peer.last.is_some_and(|turn| turn.wants_write),
            None => self.peer.window == 0,
        };
        if blocked && self.stalled.is_none() {
            self.stalled = Some(now);
        }
    }
}

/// Takes all messages for the application, and checks their numbers per client.
fn listen(inbox: &mut Inbox<'_>, received: &mut HashMap<usize, usize>) {
    while let Some(message) = next_item(inbox) {
        let words: Vec<&str> = message.split_whitespace().collect();
        if let [_, peer, _, count] = words[..] {
            let [peer, count] = [peer, count].map(|word| word.parse().expect("a message is not two numbers"));
            let before = received.insert(peer, count).unwrap_or_default();
            assert_eq!(count, before + 1, "a message is lost or repeated from {peer}");
        }
    }
}

fn run(seed: u64, on_device: bool) -> usize {
    let mut random = Random::new(seed);
    let mut simulation = Simulation::new(Limits::DEVICE);
    let mut inbox = inbox(&simulation);
    let mut peers: Vec<_> = (0..PEERS).map(|number| Rough::new(number, on_device, &mut simulation)).collect();
    let (mut number, mut last_event, mut events, mut topics) = (0, 0, 0, [0; TOPICS]);
    let mut received = HashMap::new();
    for step in 0..STEPS {
        let one = random.below(PEERS);
        match random.below(10) {
            0 => {
                number += 1;
                let topic = random.below(TOPICS);
                topics[topic] = number;
                simulation.device.publish(
                    Topics::new(TOPICS).at(topic).expect("topic out of range"),
                    format_args!("{topic} {number}"),
                );
            }
            1 => {
                number += 1;
                (last_event, events) = (number, events + 1);
                simulation.device.emit(format_args!("event {number}"));
            }
            2 => peers[one].say_something(),
            3 if !peers[one].lost => peers[one].open(0, &mut simulation),
            4 if !peers[one].lost => peers[one].open(1 + random.below(20), &mut simulation),
            5 => listen(&mut inbox, &mut received),
            6 => simulation.now += random.below(400) as u64,
            7 if step > STEPS / 2 && peers.iter().filter(|peer| peer.lost).count() < 2 => {
                peers[one].peer.window = 0;
                peers[one].lost = true;
            }
            _ => {
                let max = random.below(40);
                random.shuffle(&mut peers);
                let some = random.below(PEERS);
                peers.iter_mut().take(some).for_each(|peer| peer.turn(&mut simulation, max));
                peers.sort_by_key(|peer| peer.number);
            }
        }
        for peer in &mut peers {
            if !peer.lost && peer.stalled.is_some_and(|since| simulation.now >= since + SURVIVED_STALL) {
                peer.open(usize::MAX, &mut simulation);
                peer.turn(&mut simulation, usize::MAX);
            }
        }
    }
    // The link recovers. Lost peers are dropped in time, the others stay.
    let end = simulation.now + Limits::DEVICE.ping_every * 4;
    while simulation.now < end {
        for peer in &mut peers {
            if !peer.lost {
                peer.open(usize::MAX, &mut simulation);
            }
            for _ in 0..20 {
                peer.turn(&mut simulation, usize::MAX);
                listen(&mut inbox, &mut received);
            }
        }
        simulation.now += 500;
    }
    let lost = peers.iter().filter(|peer| peer.lost).count();
    for peer in &peers {
        let closed = peer.peer.last.expect("the peer had no turn").closed;
        assert_eq!(closed, peer.lost, "{}", peer.number);
        if !peer.lost {
            assert_eq!(
                (peer.topics, peer.last_event),
                (topics, last_event),
                "{} has not the latest values",
                peer.number
            );
            assert!(peer.events <= events);
            let received = received.get(&peer.number).copied().unwrap_or_default();
            assert_eq!(received, peer.sent, "the application did not get all messages of {}", peer.number);
        }
    }
    assert_eq!(simulation.device.clients(), PEERS - lost);
    lost
}

#[test]
fn rough_link_keeps_live_clients_and_drops_lost_ones() {
    for on_device in [false, true] {
        let seeds = (1..=40_u64).map(|seed| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let lost: usize = seeds.map(|seed| run(seed, on_device)).sum();
        assert!(lost > 0, "no peer was lost");
    }
}

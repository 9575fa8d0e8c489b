//! A rough link: what a client sends arrives in pieces, what it is sent is taken in pieces or not at all for a while,
//! wake-ups come in any order and for nothing, and some peers vanish without a word. Time moves when it is told to.

mod link;

use instep::{Inbox, Limits, Topics};
use link::{Peer, World, frame, heard, inbox};
use std::collections::HashMap;
use test_support::Random;

const TOPICS: usize = 2;
const PEERS: usize = 8;
const STEPS: usize = 3_000;
/// A stall of the link that a client survives.
const PATIENCE: u64 = 8_000;
/// Bytes that the socket of a device holds.
const CAPACITY: usize = 600;

/// A peer behind a rough link.
struct Rough {
    number: usize,
    peer: Peer,
    /// What it has sent and the link has not delivered.
    under_way: Vec<u8>,
    sent: usize,
    /// It has vanished: nothing comes from it, and nothing reaches it.
    lost: bool,
    /// Since when the link takes nothing.
    stalled: Option<u64>,
    last: usize,
    last_event: usize,
    topics: [usize; TOPICS],
    events: usize,
}

impl Rough {
    fn new(number: usize, on_device: bool, world: &mut World) -> Self {
        let (under_way, topics) = (Vec::new(), [0; TOPICS]);
        let mut peer = world.open("/ws");
        if on_device {
            peer.capacity = Some(CAPACITY);
            peer.turn(world);
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

    /// A turn, with some of what is under way.
    fn turn(&mut self, world: &mut World, most: usize) {
        if self.lost {
            self.peer.turn(world);
            return;
        }
        let reads = self.peer.last.is_none_or(|turn| turn.wants_read);
        let length = if reads { most.min(self.under_way.len()) } else { 0 };
        let part: Vec<u8> = self.under_way.drain(..length).collect();
        let turn = self.peer.send(world, &part);
        assert!(!turn.closed && !turn.shut_down, "{} is well, but was ended at {}", self.number, world.now);
        self.read();
        self.note_stall(world.now);
    }

    /// Reads the frames that are there whole.
    fn read(&mut self) {
        let mut received = self.peer.take();
        let mut rest = &received[..];
        while let [first, length @ 0..=125, more @ ..] = rest
            && let Some(payload) = more.get(..usize::from(*length))
        {
            rest = &more[payload.len()..];
            match first {
                0x89 => self.under_way.extend(frame(0x8a, payload)),
                0x81 => self.note(std::str::from_utf8(payload).expect("text")),
                other => panic!("{other:#x} is not the first byte of any frame that was sent"),
            }
        }
        received.drain(..received.len() - rest.len());
        self.peer.received = received;
    }

    fn note(&mut self, text: &str) {
        let (kind, number) = text.split_once(' ').expect("two words");
        let number = number.parse().expect("a number");
        assert!(number > self.last, "{number} after {}", self.last);
        self.last = number;
        match kind {
            "event" => (self.last_event, self.events) = (number, self.events + 1),
            topic => self.topics[topic.parse::<usize>().expect("a topic")] = number,
        }
    }

    /// The link takes so many bytes from now on. Where it takes any, the server is told.
    fn open(&mut self, window: usize, world: &mut World) {
        match self.peer.capacity {
            // The peer takes as much of what is in the socket, and the driver sees that.
            Some(capacity) if window > 0 => {
                self.peer.window = self.peer.window.saturating_add(window).min(capacity);
                self.peer.client.accepted(link::at(world.now));
            }
            Some(_) => {}
            None => self.peer.window = window,
        }
        if window > 0 {
            self.stalled = None;
            self.turn(world, 0);
        }
        self.note_stall(world.now);
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

/// The application: hears what there is, of which each client's messages are numbered.
fn listen(inbox: &mut Inbox<'_>, heard_of: &mut HashMap<usize, usize>) {
    while let Some(message) = heard(inbox) {
        let words: Vec<&str> = message.split_whitespace().collect();
        if let [_, peer, _, count] = words[..] {
            let [peer, count] = [peer, count].map(|word| word.parse().expect("a number"));
            let before = heard_of.insert(peer, count).unwrap_or_default();
            assert_eq!(count, before + 1, "the messages of {peer}");
        }
    }
}

fn run(seed: u64, on_device: bool) -> usize {
    let mut random = Random::new(seed);
    let mut world = World::new(Limits::DEVICE);
    let mut inbox = inbox(&world);
    let mut peers: Vec<_> = (0..PEERS).map(|number| Rough::new(number, on_device, &mut world)).collect();
    let (mut number, mut last_event, mut events, mut topics) = (0, 0, 0, [0; TOPICS]);
    let mut heard_of = HashMap::new();
    for step in 0..STEPS {
        let one = random.below(PEERS);
        match random.below(10) {
            0 => {
                number += 1;
                let topic = random.below(TOPICS);
                topics[topic] = number;
                world.device.publish(
                    Topics::new(TOPICS).at(topic).expect("topic out of range"),
                    format_args!("{topic} {number}"),
                );
            }
            1 => {
                number += 1;
                (last_event, events) = (number, events + 1);
                world.device.emit(format_args!("event {number}"));
            }
            2 => peers[one].say_something(),
            3 if !peers[one].lost => peers[one].open(0, &mut world),
            4 if !peers[one].lost => peers[one].open(1 + random.below(20), &mut world),
            5 => listen(&mut inbox, &mut heard_of),
            6 => world.now += random.below(400) as u64,
            7 if step > STEPS / 2 && peers.iter().filter(|peer| peer.lost).count() < 2 => {
                peers[one].peer.window = 0;
                peers[one].lost = true;
            }
            _ => {
                let most = random.below(40);
                random.shuffle(&mut peers);
                let some = random.below(PEERS);
                peers.iter_mut().take(some).for_each(|peer| peer.turn(&mut world, most));
                peers.sort_by_key(|peer| peer.number);
            }
        }
        for peer in &mut peers {
            if !peer.lost && peer.stalled.is_some_and(|since| world.now >= since + PATIENCE) {
                peer.open(usize::MAX, &mut world);
                peer.turn(&mut world, usize::MAX);
            }
        }
    }
    // The link recovers, and who is lost is given up in time. Who is well stays.
    let end = world.now + Limits::DEVICE.ping_every * 4;
    while world.now < end {
        for peer in &mut peers {
            if !peer.lost {
                peer.open(usize::MAX, &mut world);
            }
            for _ in 0..20 {
                peer.turn(&mut world, usize::MAX);
                listen(&mut inbox, &mut heard_of);
            }
        }
        world.now += 500;
    }
    let lost = peers.iter().filter(|peer| peer.lost).count();
    for peer in &peers {
        let closed = peer.peer.last.expect("turns").closed;
        assert_eq!(closed, peer.lost, "{}", peer.number);
        if !peer.lost {
            assert_eq!(
                (peer.topics, peer.last_event),
                (topics, last_event),
                "the latest, for {}",
                peer.number
            );
            assert!(peer.events <= events);
            let heard_of = heard_of.get(&peer.number).copied().unwrap_or_default();
            assert_eq!(heard_of, peer.sent, "all that {} has sent", peer.number);
        }
    }
    assert_eq!(world.device.clients(), PEERS - lost);
    lost
}

#[test]
fn who_is_well_is_up_to_date_and_heard_and_who_is_lost_is_given_up() {
    for on_device in [false, true] {
        let seeds = (1..=40_u64).map(|seed| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let lost: usize = seeds.map(|seed| run(seed, on_device)).sum();
        assert!(lost > 0, "no peer was ever lost");
    }
}

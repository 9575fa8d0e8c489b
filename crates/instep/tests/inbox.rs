//! The way of messages to the application: who gets a place in the inbox, and that replies have room.

mod link;

use instep::{Inbox, Limits};
use link::{FOLLOWERS, LED, World, frame, heard, inbox};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

/// Gives a turn to each peer whose slot wants one, in that order, until none does.
fn follow(world: &mut World, peers: &mut [link::Peer]) {
    loop {
        let slots = world.follow();
        for slot in &slots {
            if let Some(peer) = peers.iter_mut().find(|peer| peer.client.slot() == Some(*slot)) {
                peer.client.expect_reply();
                peer.turn(world);
            }
        }
        if slots.is_empty() {
            return;
        }
    }
}

#[test]
fn a_place_that_becomes_free_is_kept_for_who_waits_longest() {
    let mut world = World::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&world);
    let mut peers: Vec<_> = (0..3).map(|_| world.open("/ws")).collect();
    while heard(&mut inbox).is_some() {}
    peers[0].send(&mut world, &frame(0x81, b"flood").repeat(20));
    peers[1].send(&mut world, &frame(0x81, b"calm"));
    peers[2].send(&mut world, &frame(0x81, b"calm"));
    let mut order = Vec::new();
    for _ in 0..4 {
        order.extend(heard(&mut inbox));
        // It tries again before anybody else can.
        peers[0].turn(&mut world);
        follow(&mut world, &mut peers);
    }
    assert_eq!(order, ["1 flood", "2 calm", "3 calm", "1 flood"]);
}

#[test]
fn who_leaves_with_a_place_kept_for_it_leaves_it_to_the_next() {
    let mut world = World::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&world);
    let mut peers: Vec<_> = (0..3).map(|_| world.open("/ws")).collect();
    while heard(&mut inbox).is_some() {}
    for peer in &mut peers {
        peer.send(&mut world, &frame(0x81, b"hello"));
    }
    assert_eq!(heard(&mut inbox).as_deref(), Some("1 hello"));
    // Now a place is kept for the second.
    let mut leaver = peers.remove(1);
    leaver.client.abandon(&mut world.surroundings());
    follow(&mut world, &mut peers);
    assert_eq!(heard(&mut inbox).as_deref(), Some("2 close"));
    assert_eq!(heard(&mut inbox).as_deref(), Some("3 hello"));
}

#[test]
fn who_has_no_room_for_the_reply_keeps_no_place_from_others() {
    let mut world = World::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&world);
    let mut peers: Vec<_> = (0..3).map(|_| world.open("/ws")).collect();
    let mut clients = Vec::new();
    while let Some(client) = link::opened(&mut inbox) {
        clients.push(client);
    }
    for peer in &mut peers {
        peer.send(&mut world, &frame(0x81, b"hello"));
    }
    // The second, who is next, reads nothing of what it is sent.
    peers[1].window = 0;
    while world.device.send(clients[1], "x".repeat(200)).is_ok() {
        follow(&mut world, &mut peers);
    }
    assert_eq!(heard(&mut inbox).as_deref(), Some("1 hello"));
    follow(&mut world, &mut peers);
    assert_eq!(heard(&mut inbox).as_deref(), Some("3 hello"));
    peers[1].window = usize::MAX;
    peers[1].turn(&mut world);
    follow(&mut world, &mut peers);
    assert_eq!(heard(&mut inbox).as_deref(), Some("2 hello"));
}

#[test]
fn a_message_is_taken_only_where_the_longest_reply_has_room() {
    let mut world = World::new(Limits::DEVICE.with_frame(2000).with_replies(4).with_outbox(4100));
    let mut inbox = inbox(&world);
    let mut peer = world.open("/ws");
    let client = link::opened(&mut inbox).unwrap();
    peer.window = 0;
    peer.send(&mut world, &frame(0x81, b"again").repeat(10));
    let mut taken = 0;
    while heard(&mut inbox).is_some() {
        taken += 1;
        world.device.send(client, "x".repeat(1900)).expect("a message that was taken can be answered");
        peer.turn(&mut world);
    }
    assert!((1..5).contains(&taken), "{taken}");
    peer.window = usize::MAX;
    while taken < 10 {
        peer.turn(&mut world);
        assert!(heard(&mut inbox).is_some(), "{taken} of 10");
        taken += 1;
        world.device.send(client, "x".repeat(1900)).unwrap();
    }
}

#[test]
fn a_slot_that_passes_to_another_driver_is_not_forgotten() {
    let mut world = World::new(Limits::DEVICE.with_clients(1));
    let mut inbox = inbox(&world);
    let mut first = world.open("/ws");
    let client = link::opened(&mut inbox).unwrap();
    world.device.send(client, "for the first").unwrap();
    // Its driver drops it before it looks who is to have a turn.
    first.client.abandon(&mut world.surroundings());
    assert_eq!(heard(&mut inbox).as_deref(), Some("1 close"));
    world.follower = 1;
    let second = world.open("/ws");
    let client = link::opened(&mut inbox).unwrap();
    world.device.send(client, "for the second").unwrap();
    assert_eq!(world.follow(), [second.client.slot().unwrap()]);
}

/// With room for one reply: what the application answers to a message is never lost, even if it takes its time and the
/// client has sent the next message meanwhile.
#[test]
fn who_sends_on_before_the_answer_gets_each_answer() {
    let mut world = World::new(Limits::DEVICE);
    let mut inbox = inbox(&world);
    let mut peer = world.open("/ws");
    let client = link::opened(&mut inbox).unwrap();
    peer.send(&mut world, &[frame(0x81, b"a"), frame(0x81, b"b"), frame(0x81, b"c")].concat());
    let mut answered = Vec::new();
    for _ in 0..10 {
        while let Some(message) = heard(&mut inbox) {
            if answered.len() % 2 == 0 {
                // It waits for something before it answers: the next message comes in.
                follow(&mut world, std::slice::from_mut(&mut peer));
            }
            world.device.send(client, &message).expect("room for the answer");
            answered.push(message);
        }
        follow(&mut world, std::slice::from_mut(&mut peer));
    }
    assert_eq!(answered, ["1 a", "1 b", "1 c"]);
    assert_eq!(peer.take(), b"\x81\x031 a\x81\x031 b\x81\x031 c");
}

/// Two peers. The first reads nothing, and its outbox fills up after its message was taken.
fn one_without_room(world: &mut World, inbox: &mut Inbox<'_>) -> [link::Peer; 2] {
    let mut peers = [world.open("/ws"), world.open("/ws")];
    let (first, _) = (link::opened(inbox).unwrap(), link::opened(inbox).unwrap());
    peers[0].window = 0;
    peers[0].send(world, &frame(0x81, b"one"));
    while world.device.send(first, "x".repeat(200)).is_ok() {
        follow(world, &mut peers);
    }
    peers
}

#[test]
fn a_message_whose_answer_has_no_room_yet_keeps_no_place_from_others() {
    let mut world = World::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&world);
    let mut peers = one_without_room(&mut world, &mut inbox);
    peers[1].send(&mut world, &frame(0x81, b"two"));
    assert_eq!(heard(&mut inbox), None, "what waits is for who does not read");
    follow(&mut world, &mut peers);
    assert_eq!(heard(&mut inbox).as_deref(), Some("2 two"));
    peers[1].send(&mut world, &frame(0x81, b"three"));
    peers[0].window = usize::MAX;
    follow(&mut world, &mut peers);
    peers[0].turn(&mut world);
    let rest = [heard(&mut inbox), heard(&mut inbox)].map(Option::unwrap);
    assert_eq!(rest, ["2 three", "1 one"]);
    peers[0].send(&mut world, &frame(0x81, b"four"));
    peers[1].send(&mut world, &frame(0x81, b"four"));
    assert_eq!(heard(&mut inbox).as_deref(), Some("1 four"), "one place, as before");
    assert_eq!(heard(&mut inbox), None);
}

#[test]
fn who_leaves_before_its_answer_had_room_is_still_heard() {
    let mut world = World::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&world);
    let mut peers = one_without_room(&mut world, &mut inbox);
    assert_eq!(heard(&mut inbox), None);
    peers[0].client.abandon(&mut world.surroundings());
    assert_eq!([heard(&mut inbox), heard(&mut inbox)].map(Option::unwrap), ["1 one", "1 close"]);
    peers[1].send(&mut world, &frame(0x81, b"two"));
    assert_eq!(heard(&mut inbox).as_deref(), Some("2 two"), "the place is free again");
}

#[test]
fn every_driver_is_woken_once_however_many_there_are() {
    #[derive(Default)]
    struct Woken(AtomicUsize);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let mut world = World::new(Limits::DEVICE.with_clients(FOLLOWERS));
    let woken: Vec<_> = (0..FOLLOWERS).map(|_| Arc::new(Woken::default())).collect();
    let counts = || woken.iter().map(|woken| woken.0.swap(0, Ordering::Relaxed)).collect::<Vec<_>>();
    let register = |world: &World| {
        for (follower, woken) in woken.iter().enumerate() {
            world.device.register(follower, &woken.clone().into());
        }
    };
    register(&world);
    world.device.publish(LED, "1");
    assert_eq!(counts(), [1; FOLLOWERS]);
    world.device.publish(LED, "0");
    assert_eq!(counts(), [0; FOLLOWERS], "it has not looked yet");

    // A reply wakes the driver of its client.
    register(&world);
    let mut inbox = inbox(&world);
    let _peers: Vec<_> = (0..FOLLOWERS)
        .map(|follower| {
            world.follower = follower;
            world.open("/ws")
        })
        .collect();
    counts();
    let clients: Vec<_> = std::iter::from_fn(|| link::opened(&mut inbox)).collect();
    register(&world);
    for client in &clients {
        world.device.send(*client, "hello").unwrap();
    }
    assert_eq!((clients.len(), counts()), (FOLLOWERS, vec![1; FOLLOWERS]));
}

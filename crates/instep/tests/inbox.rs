//! Messages on their way to the application:
//! allocation of inbox slots, and room for replies.

mod link;

use instep::{Inbox, Limits};
use link::{FOLLOWERS, LED, Simulation, frame, inbox, next_item};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

/// Gives a turn to each peer whose slot is ready, in order, until none is.
fn follow(simulation: &mut Simulation, peers: &mut [link::Peer]) {
    loop {
        let slots = simulation.follow();
        for slot in &slots {
            if let Some(peer) = peers.iter_mut().find(|peer| peer.client.slot() == Some(*slot)) {
                peer.client.expect_reply();
                peer.turn(simulation);
            }
        }
        if slots.is_empty() {
            return;
        }
    }
}

#[test]
fn freed_inbox_slot_is_reserved_for_longest_waiting() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&simulation);
    let mut peers: Vec<_> = (0..3).map(|_| simulation.open("/ws")).collect();
    while next_item(&mut inbox).is_some() {}
    peers[0].send(&mut simulation, &frame(0x81, b"flood").repeat(20));
    peers[1].send(&mut simulation, &frame(0x81, b"calm"));
    peers[2].send(&mut simulation, &frame(0x81, b"calm"));
    let mut order = Vec::new();
    for _ in 0..4 {
        order.extend(next_item(&mut inbox));
        // It tries again before any other client can.
        peers[0].turn(&mut simulation);
        follow(&mut simulation, &mut peers);
    }
    assert_eq!(order, ["1 flood", "2 calm", "3 calm", "1 flood"]);
}

#[test]
fn client_leaving_with_reserved_slot_passes_it_on() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&simulation);
    let mut peers: Vec<_> = (0..3).map(|_| simulation.open("/ws")).collect();
    while next_item(&mut inbox).is_some() {}
    for peer in &mut peers {
        peer.send(&mut simulation, &frame(0x81, b"hello"));
    }
    assert_eq!(next_item(&mut inbox).as_deref(), Some("1 hello"));
    // Now a slot is reserved for the second.
    let mut leaver = peers.remove(1);
    leaver.client.abandon(&mut simulation.context());
    follow(&mut simulation, &mut peers);
    assert_eq!(next_item(&mut inbox).as_deref(), Some("2 close"));
    assert_eq!(next_item(&mut inbox).as_deref(), Some("3 hello"));
}

#[test]
fn client_without_reply_room_holds_no_inbox_slot() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&simulation);
    let mut peers: Vec<_> = (0..3).map(|_| simulation.open("/ws")).collect();
    let mut clients = Vec::new();
    while let Some(client) = link::opened(&mut inbox) {
        clients.push(client);
    }
    for peer in &mut peers {
        peer.send(&mut simulation, &frame(0x81, b"hello"));
    }
    // The second, which is next, reads nothing that it is sent.
    peers[1].window = 0;
    while simulation.device.send(clients[1], "x".repeat(200)).is_ok() {
        follow(&mut simulation, &mut peers);
    }
    assert_eq!(next_item(&mut inbox).as_deref(), Some("1 hello"));
    follow(&mut simulation, &mut peers);
    assert_eq!(next_item(&mut inbox).as_deref(), Some("3 hello"));
    peers[1].window = usize::MAX;
    peers[1].turn(&mut simulation);
    follow(&mut simulation, &mut peers);
    assert_eq!(next_item(&mut inbox).as_deref(), Some("2 hello"));
}

#[test]
fn message_is_taken_only_if_longest_reply_fits() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_frame(2000).with_replies(4).with_outbox(4100));
    let mut inbox = inbox(&simulation);
    let mut peer = simulation.open("/ws");
    let client = link::opened(&mut inbox).unwrap();
    peer.window = 0;
    peer.send(&mut simulation, &frame(0x81, b"again").repeat(10));
    let mut taken = 0;
    while next_item(&mut inbox).is_some() {
        taken += 1;
        simulation
            .device
            .send(client, "x".repeat(1900))
            .expect("no room for the reply to a message that was taken");
        peer.turn(&mut simulation);
    }
    assert!((1..5).contains(&taken), "{taken}");
    peer.window = usize::MAX;
    while taken < 10 {
        peer.turn(&mut simulation);
        assert!(next_item(&mut inbox).is_some(), "{taken} of 10");
        taken += 1;
        simulation.device.send(client, "x".repeat(1900)).unwrap();
    }
}

#[test]
fn slot_passed_to_another_driver_is_not_lost() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_clients(1));
    let mut inbox = inbox(&simulation);
    let mut first = simulation.open("/ws");
    let client = link::opened(&mut inbox).unwrap();
    simulation.device.send(client, "for the first").unwrap();
    // Its driver drops it before thing_request for the ready slots.
    first.client.abandon(&mut simulation.context());
    assert_eq!(next_item(&mut inbox).as_deref(), Some("1 close"));
    simulation.follower = 1;
    let second = simulation.open("/ws");
    let client = link::opened(&mut inbox).unwrap();
    simulation.device.send(client, "for the second").unwrap();
    assert_eq!(simulation.follow(), [second.client.slot().unwrap()]);
}

/// With room for one reply, no reply of the application is lost, even if it comes
/// late and the client has sent its next message meanwhile.
#[test]
fn client_sending_before_reply_gets_each_reply() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    let mut inbox = inbox(&simulation);
    let mut peer = simulation.open("/ws");
    let client = link::opened(&mut inbox).unwrap();
    peer.send(&mut simulation, &[frame(0x81, b"a"), frame(0x81, b"b"), frame(0x81, b"c")].concat());
    let mut answered = Vec::new();
    for _ in 0..10 {
        while let Some(message) = next_item(&mut inbox) {
            if answered.len() % 2 == 0 {
                // The application waits before it replies, and the next message comes in.
                follow(&mut simulation, std::slice::from_mut(&mut peer));
            }
            simulation.device.send(client, &message).expect("no room for the reply");
            answered.push(message);
        }
        follow(&mut simulation, std::slice::from_mut(&mut peer));
    }
    assert_eq!(answered, ["1 a", "1 b", "1 c"]);
    assert_eq!(peer.take(), b"\x81\x031 a\x81\x031 b\x81\x031 c");
}

/// Opens two peers.
///
/// The first reads nothing, and its outbox fills up after its message was taken.
fn one_without_room(simulation: &mut Simulation, inbox: &mut Inbox<'_>) -> [link::Peer; 2] {
    let mut peers = [simulation.open("/ws"), simulation.open("/ws")];
    let (first, _) = (link::opened(inbox).unwrap(), link::opened(inbox).unwrap());
    peers[0].window = 0;
    peers[0].send(simulation, &frame(0x81, b"one"));
    while simulation.device.send(first, "x".repeat(200)).is_ok() {
        follow(simulation, &mut peers);
    }
    peers
}

#[test]
fn message_without_reply_room_holds_no_inbox_slot() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&simulation);
    let mut peers = one_without_room(&mut simulation, &mut inbox);
    peers[1].send(&mut simulation, &frame(0x81, b"two"));
    assert_eq!(next_item(&mut inbox), None, "a message of the peer that does not read was delivered");
    follow(&mut simulation, &mut peers);
    assert_eq!(next_item(&mut inbox).as_deref(), Some("2 two"));
    peers[1].send(&mut simulation, &frame(0x81, b"three"));
    peers[0].window = usize::MAX;
    follow(&mut simulation, &mut peers);
    peers[0].turn(&mut simulation);
    let rest = [next_item(&mut inbox), next_item(&mut inbox)].map(Option::unwrap);
    assert_eq!(rest, ["2 three", "1 one"]);
    peers[0].send(&mut simulation, &frame(0x81, b"four"));
    peers[1].send(&mut simulation, &frame(0x81, b"four"));
    assert_eq!(next_item(&mut inbox).as_deref(), Some("1 four"), "the freed inbox slot was lost");
    assert_eq!(next_item(&mut inbox), None);
}

#[test]
fn client_leaving_without_reply_room_still_delivers() {
    let mut simulation = Simulation::new(Limits::DEVICE.with_inbox(1));
    let mut inbox = inbox(&simulation);
    let mut peers = one_without_room(&mut simulation, &mut inbox);
    assert_eq!(next_item(&mut inbox), None);
    peers[0].client.abandon(&mut simulation.context());
    assert_eq!([next_item(&mut inbox), next_item(&mut inbox)].map(Option::unwrap), ["1 one", "1 close"]);
    peers[1].send(&mut simulation, &frame(0x81, b"two"));
    assert_eq!(next_item(&mut inbox).as_deref(), Some("2 two"), "the inbox slot was not freed");
}

#[test]
fn every_driver_is_woken_once() {
    #[derive(Default)]
    struct Woken(AtomicUsize);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let mut simulation = Simulation::new(Limits::DEVICE.with_clients(FOLLOWERS));
    let woken: Vec<_> = (0..FOLLOWERS).map(|_| Arc::new(Woken::default())).collect();
    let counts = || woken.iter().map(|woken| woken.0.swap(0, Ordering::Relaxed)).collect::<Vec<_>>();
    let register = |simulation: &Simulation| {
        for (follower, woken) in woken.iter().enumerate() {
            simulation.device.register(follower, &woken.clone().into());
        }
    };
    register(&simulation);
    simulation.device.publish(LED, "1");
    assert_eq!(counts(), [1; FOLLOWERS]);
    simulation.device.publish(LED, "0");
    assert_eq!(counts(), [0; FOLLOWERS], "woken before registering");

    // A reply wakes the driver of its client.
    register(&simulation);
    let mut inbox = inbox(&simulation);
    let _peers: Vec<_> = (0..FOLLOWERS)
        .map(|follower| {
            simulation.follower = follower;
            simulation.open("/ws")
        })
        .collect();
    counts();
    let clients: Vec<_> = std::iter::from_fn(|| link::opened(&mut inbox)).collect();
    register(&simulation);
    for client in &clients {
        simulation.device.send(*client, "hello").unwrap();
    }
    assert_eq!((clients.len(), counts()), (FOLLOWERS, vec![1; FOLLOWERS]));
}

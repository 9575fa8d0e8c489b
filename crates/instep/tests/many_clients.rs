//! More clients than 16 bits count.

mod link;

use instep::Limits;
use link::{LED, Simulation, inbox, opened};

const CLIENTS: usize = 66_000;

#[test]
fn each_of_many_clients_has_a_slot_of_its_own() {
    let limits = Limits::DEVICE
        .with_clients(CLIENTS)
        .with_message(16)
        .with_frame(32)
        .with_outbox(64)
        .with_inbox(CLIENTS);
    let mut simulation = Simulation::new(limits);
    let mut inbox = inbox(&simulation);
    let mut peers: Vec<_> = (0..CLIENTS).map(|_| simulation.open("/ws")).collect();
    let ids: Vec<_> = (0..CLIENTS).map(|_| opened(&mut inbox).expect("a client is missing")).collect();
    for number in [0, 463, 464, 65_535, 65_536, CLIENTS - 1] {
        simulation.device.send(ids[number], number).expect("the client is gone");
        let own = &mut peers[number];
        own.turn(&mut simulation);
        let text = number.to_string();
        let frame = [&[0x81, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        assert_eq!(own.take(), frame);
    }
    // A slot that becomes free is taken by the next client.
    let mut refused = simulation.client();
    refused.send(&mut simulation, link::upgrade("/ws").as_bytes());
    assert!(refused.take().starts_with(b"HTTP/1.1 503 "));
    peers[65_536].end(&mut simulation);
    assert!(link::next_item(&mut inbox).is_some_and(|item| item.ends_with("close")));
    let mut next = simulation.open("/ws");
    simulation.device.publish(LED, "1");
    for peer in [&mut next, &mut peers[65_535]] {
        peer.turn(&mut simulation);
        assert_eq!(peer.take(), b"\x81\x011");
    }
}

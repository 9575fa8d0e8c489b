//! What `GET /firmware` says of uploads that have ended.

mod flash;
mod guarded;
mod link;

use flash::*;
use guarded::get;
use instep::update::{SECTOR, Status};
use link::{Peer, Simulation};

const LENGTH: usize = 2 * SECTOR + 100;

/// Returns what became of the last upload, and why no upload can begin.
fn outcome(simulation: &mut Simulation) -> (String, String) {
    let body = get(simulation, "/firmware", "").body;
    let member = |name: &str| {
        let (_, rest) = body.split_once(&format!("\"{name}\":")).expect("the status lacks a member");
        rest.to_owned()
    };
    let last = member("last").split_once(",\"upload\"").expect("the status lacks the upload").0.to_owned();
    (last, member("refusal").trim_end_matches('}').to_owned())
}

fn last(outcome: &str, reason: &str) -> String {
    format!("{{\"version\":\"\",\"outcome\":\"{outcome}\",\"reason\":\"{reason}\"}}")
}

const BROKEN: &str = "the connection ended before the image was activated";

/// Begins an upload, and sends that many bytes of it.
fn begin(simulation: &mut Simulation, length: usize, sent: usize) -> Peer {
    let mut peer = peer(simulation);
    peer.send(simulation, &[put(length, "").into_bytes(), image(length)[..sent].to_vec()].concat());
    peer
}

#[test]
fn upload_that_breaks_off_is_told_until_the_next_outcome() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    assert_eq!(outcome(&mut simulation), ("null".into(), "null".into()));
    // The flash side did not know of the upload.
    begin(&mut simulation, LENGTH, 10).client.abandon(&mut simulation.context());
    assert_eq!(outcome(&mut simulation), (last("broken", BROKEN), "null".into()));
    assert_eq!(flash.step(), None);

    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = begin(&mut simulation, LENGTH, 10);
    assert!(flash.step().unwrap().starts_with("begin"));
    peer.client.abandon(&mut simulation.context());
    // It is not over while the flash side may still write.
    assert_eq!(outcome(&mut simulation), ("null".into(), "\"busy\"".into()));
    assert_eq!(flash.step(), Some("abandoned"));
    assert_eq!(outcome(&mut simulation), (last("broken", BROKEN), "null".into()));
    // The next one replaces it.
    let mut peer = begin(&mut simulation, 9, 9);
    while flash.step() != Some("end") {}
    flash.receiver.refuse(Status::UnprocessableContent, "cut-short", "It is incomplete.");
    peer.turn(&mut simulation);
    assert_eq!(answer(&mut peer).0, 422);
    assert_eq!(outcome(&mut simulation), (last("refused", "It is incomplete."), "null".into()));
}

#[test]
fn client_that_leaves_early_does_not_activate_image() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = begin(&mut simulation, 300, 300);
    while flash.step() != Some("end") {}
    assert!(!flash.receiver.is_abandoned());
    peer.client.abandon(&mut simulation.context());
    assert!(flash.receiver.is_abandoned(), "the flash side cannot know that nobody waits for its answer");
    assert_eq!(outcome(&mut simulation).1, "\"busy\"");
    assert_eq!(flash.step(), Some("abandoned"));
    assert_eq!(outcome(&mut simulation), (last("broken", BROKEN), "null".into()));
    // The next upload is whole.
    let mut next = begin(&mut simulation, 300, 300);
    flash.write_all();
    next.turn(&mut simulation);
    assert_eq!((answer(&mut next).0, &flash.image), (200, &image(300)));
}

#[test]
fn answer_to_client_that_has_left_counts() {
    for leaves_first in [true, false] {
        for activates in [true, false] {
            let (mut simulation, mut flash, _) = open_to_everyone();
            let mut peer = begin(&mut simulation, 300, 300);
            while flash.step() != Some("end") {}
            if leaves_first {
                peer.client.abandon(&mut simulation.context());
            }
            if activates {
                flash.receiver.done("0.2.1");
            } else {
                flash.receiver.refuse(Status::Forbidden, "not-signed", "It is not signed.");
            }
            if !leaves_first {
                peer.client.abandon(&mut simulation.context());
            }
            let expected = match activates {
                true => ("null".into(), "\"restarting\"".into()),
                false => (last("refused", "It is not signed."), "null".into()),
            };
            assert_eq!(outcome(&mut simulation), expected, "{leaves_first} {activates}");
            assert_eq!(flash.step(), None);
        }
    }
}

#[test]
fn refusal_of_content_is_told() {
    let stalled = "the image did not arrive in time: send it again";
    for begun in [true, false] {
        let (mut simulation, mut flash, _) = open_to_everyone();
        let mut peer = begin(&mut simulation, LENGTH, 10);
        if begun {
            flash.step();
        }
        simulation.now = 10_000;
        assert!(peer.turn(&mut simulation).shut_down);
        assert_eq!(answer(&mut peer).0, 408);
        flash.write_all();
        assert_eq!(outcome(&mut simulation), (last("refused", stalled), "null".into()));
    }
    // A request that is refused before its content was no upload.
    let (mut simulation, _flash, _) = open_to_everyone();
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, put(CAPACITY as usize + 1, "").as_bytes());
    assert_eq!(answer(&mut peer).0, 413);
    assert_eq!(outcome(&mut simulation).0, "null");
}

#[test]
fn long_reason_is_cut() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = begin(&mut simulation, 9, 9);
    while flash.step() != Some("end") {}
    flash.receiver.refuse(Status::UnprocessableContent, "other", "<\"€".repeat(60).leak());
    peer.turn(&mut simulation);
    let (last, refusal) = outcome(&mut simulation);
    assert!(last.ends_with("…\"}") && last.len() < 140, "{last}");
    assert_eq!(refusal, "null");
}

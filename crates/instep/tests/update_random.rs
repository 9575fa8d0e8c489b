//! Firmware updates with random pieces, chunks, delays of flash and ends of connections.

mod flash;
mod guarded;
mod link;

use flash::*;
use instep::update::Status;
use test_support::Random;

/// Answer of the flash side to an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Done,
    /// It refuses the sector of that number.
    Refused(usize),
}

#[test]
fn flash_gets_whole_images_or_knows_that_they_are_not() {
    let mut whole = 0;
    for seed in 1..1_500 {
        let mut random = Random::new(seed);
        let mut below = |end: usize| random.below(end);
        let (mut simulation, mut flash, _) = open_to_everyone();
        // Two uploads, because the first must leave nothing behind.
        for round in 0..2 {
            let length = 1 + below(CAPACITY as usize + 40);
            let image = image(length);
            let request = if below(2) == 0 {
                [put(length, "").into_bytes(), image.clone()].concat()
            } else {
                let longest = if below(2) == 0 { 9 } else { 9_000 };
                put_chunks(&image, 1 + below(longest), "")
            };
            let verdict = if below(3) == 0 { Verdict::Refused(below(5)) } else { Verdict::Done };
            let breaks_at = if below(3) == 0 { below(request.len()) } else { request.len() };
            let mut peer = peer(&simulation);
            let (mut sent, mut ended, mut sectors, mut refused) = (0, false, 0, false);
            let first = flash.events.len();
            loop {
                let wants = peer.last.is_none_or(|turn| turn.wants_read) && !ended;
                if wants && below(4) > 0 && sent < breaks_at {
                    let piece = (1 + below(300)).min(breaks_at - sent);
                    peer.send(&mut simulation, &request[sent..sent + piece]);
                    sent += piece;
                } else if below(2) == 0 {
                    match flash.step() {
                        Some("end") => {
                            if verdict == Verdict::Done {
                                assert_eq!(flash.image, image, "{seed}");
                                flash.receiver.refuse(Status::Conflict, "whole", "whole");
                            } else {
                                flash.receiver.refuse(Status::Conflict, "late", "late");
                            }
                        }
                        Some(sector) if sector.starts_with("sector") => {
                            if verdict == Verdict::Refused(sectors) && !flash.receiver.is_abandoned() {
                                flash.receiver.refuse(Status::Conflict, "early", "early");
                                refused = true;
                            }
                            sectors += 1;
                        }
                        _ => {}
                    }
                } else {
                    simulation.now += 7;
                    peer.turn(&mut simulation);
                }
                let turn = peer.last;
                if turn.is_some_and(|turn| turn.closed || turn.shut_down) {
                    break;
                }
                if breaks_at < request.len() && sent == breaks_at && below(8) == 0 {
                    ended = true;
                    peer.client.abandon(&mut simulation.context());
                    break;
                }
            }
            let (status, body) = answer(&mut peer);
            let too_long = length > CAPACITY as usize;
            match status {
                0 => assert!(ended, "{seed}: no answer"),
                409 if body.contains("whole") => whole += 1,
                409 => assert!(refused || body.contains("late"), "{seed}: {body}"),
                413 => assert!(too_long, "{seed}: {body}"),
                other => panic!("{seed}: {other} {body}"),
            }
            // The flash side is told of every upload's end that it did not cause.
            while flash.step().is_some() {}
            let events = &flash.events[first..];
            let begun = events.iter().any(|event| event.starts_with("begin"));
            let over = refused
                || events.iter().any(|event| event == "abandoned")
                || events.iter().any(|event| event == "end");
            assert!(!begun || over, "{seed} {round}: {events:?}");
            assert!(events.iter().filter(|event| event.starts_with("begin")).count() <= 1);
        }
    }
    assert!(whole > 500, "only {whole} images were whole");
}

//! Firmware updates over HTTP: images on their way to the task that writes flash.

mod flash;
mod guarded;
mod link;

use flash::*;
use guarded::{get, log_in};
use instep::update::{ImageState, LastUpdate, LastUpdateOutcome, SECTOR, Status};
use link::frame;

const LENGTH: usize = 3 * SECTOR + 100;

#[test]
fn image_with_length_reaches_flash_whole() {
    let (mut simulation, mut flash, _) = updatable();
    for length in [1, 100, SECTOR - 1, SECTOR, SECTOR + 1, LENGTH, CAPACITY as usize] {
        let (mut simulation, mut flash, _) = updatable();
        let mut peer = peer(&simulation);
        let request = [put(length, &tool()).into_bytes(), image(length)].concat();
        let (turn, left) = feed(&mut simulation, &mut peer, &mut flash, &request);
        assert_eq!((turn.shut_down, left), (true, 0), "{length}");
        assert_eq!(answer(&mut peer), (200, "{\"version\":\"0.2.1\"}".into()), "{length}");
        assert_eq!(flash.image, image(length));
        let sectors = flash.events.iter().filter(|event| event.starts_with("sector ")).count();
        assert_eq!(sectors, length.div_ceil(SECTOR));
    }
    // A session counts as a tool's credential does.
    let session = log_in(&mut simulation, "");
    let mut peer = peer(&simulation);
    let head = put(LENGTH, &format!("{session}Origin: http://lamp\r\n"))
        .replace("/firmware", "/firmware?a=b&downgrade&other-application");
    feed(&mut simulation, &mut peer, &mut flash, &[head.into_bytes(), image(LENGTH)].concat());
    assert_eq!(answer(&mut peer).0, 200);
    assert_eq!(flash.events[0], format!("begin Some({LENGTH}) true true"));
}

#[test]
fn image_in_chunks_reaches_flash_whole() {
    for length in [1, 1024, 1025, SECTOR, LENGTH, CAPACITY as usize] {
        for chunk in [1, 7, 1000, 6000] {
            let (mut simulation, mut flash, _) = updatable();
            let mut peer = peer(&simulation);
            let request = put_chunks(&image(length), chunk, &tool());
            let (_, left) = feed(&mut simulation, &mut peer, &mut flash, &request);
            assert_eq!(answer(&mut peer), (200, "{\"version\":\"0.2.1\"}".into()), "{length} by {chunk}");
            assert_eq!(left, 0);
            assert_eq!(flash.image, image(length), "{length} by {chunk}");
            assert_eq!(flash.events[0], "begin None false false");
        }
    }
}

#[test]
fn every_split_reaches_flash_alike() {
    let length = SECTOR + 30;
    let with_length = [put(length, &tool()).into_bytes(), image(length)].concat();
    for request in [with_length, put_chunks(&image(length), 500, &tool())] {
        let expected = "HTTP/1.1 200 OK\r\n";
        let near = |cut: &usize| *cut < 300 || *cut > request.len() - 60 || cut.is_multiple_of(97);
        for cut in (1..request.len()).filter(near) {
            let (mut simulation, mut flash, _) = updatable();
            let mut peer = peer(&simulation);
            feed(&mut simulation, &mut peer, &mut flash, &request[..cut]);
            feed(&mut simulation, &mut peer, &mut flash, &request[cut..]);
            let received = peer.take();
            assert!(received.starts_with(expected.as_bytes()), "cut at {cut}: {received:?}");
            assert_eq!(flash.image, image(length), "cut at {cut}");
        }
    }
}

#[test]
fn client_is_told_to_continue_once_upload_may_begin() {
    let (mut simulation, mut flash, _) = updatable();
    for chunked in [false, true] {
        flash.events.clear();
        let (mut simulation, mut flash, _) = updatable();
        let mut peer = peer(&simulation);
        let request = if chunked {
            put_chunks(&image(LENGTH), 600, &format!("{}Expect: 100-continue\r\n", tool()))
        } else {
            [put(LENGTH, &format!("{}Expect: 100-continue\r\n", tool())).into_bytes(), image(LENGTH)].concat()
        };
        let head = link::find(&request, b"\r\n\r\n").unwrap() + 4;
        peer.send(&mut simulation, &request[..head]);
        assert_eq!(peer.take(), b"", "answered before the password was checked");
        guarded::check(&simulation);
        peer.turn(&mut simulation);
        assert_eq!(peer.take(), b"HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(flash.step().map(|event| event.starts_with("begin")), Some(true));
        feed(&mut simulation, &mut peer, &mut flash, &request[head..]);
        assert_eq!(answer(&mut peer).0, 200);
        assert_eq!(flash.image, image(LENGTH));
    }
    assert_eq!(get(&mut simulation, "/healthz", "").status, 200);
    assert_eq!(flash.step(), None);
}

#[test]
fn client_is_not_read_while_sector_is_written() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut open = simulation.open("/echo");
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, put(LENGTH, "").as_bytes());
    let turn = peer.send(&mut simulation, &image(LENGTH)[..SECTOR + 10]);
    assert!(!turn.wants_read, "the client is read although the sector is full");
    assert_eq!(peer.waiting(), 10);
    assert!(flash.step().unwrap().starts_with("begin"));
    assert_eq!(flash.step(), Some("sector 4096"));
    for _ in 0..20 {
        simulation.now = peer.last.unwrap().wake_at.as_millis();
        let turn = peer.turn(&mut simulation);
        assert!(!turn.wants_read && turn.used == 0 && !turn.closed);
        // Another client's messages flow meanwhile.
        open.send(&mut simulation, &frame(0x81, b"ping"));
        assert_eq!(open.take(), b"\x81\x04ping");
    }
    assert!(simulation.now < 200, "the client polls too rarely: {}", simulation.now);
    assert_eq!(flash.step(), None, "the flash side waits for the next sector");
    let turn = peer.turn(&mut simulation);
    assert!(turn.wants_read && turn.used == 10);
}

#[test]
fn answer_waits_for_flash() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, &[put(300, "").into_bytes(), image(300)].concat());
    while flash.step() != Some("end") {}
    for second in 1..60 {
        simulation.now = second * 1000;
        let turn = peer.turn(&mut simulation);
        assert!(!turn.closed && !turn.wants_read && peer.received.is_empty(), "{second}");
    }
    flash.receiver.done("0.3.0");
    let turn = peer.turn(&mut simulation);
    assert_eq!(answer(&mut peer), (200, "{\"version\":\"0.3.0\"}".into()));
    assert!(turn.shut_down);
    // The device restarts, so no other upload begins.
    let (mut other, head) = (flash::peer(&simulation), put(5, ""));
    other.send(&mut simulation, head.as_bytes());
    let (status, body) = answer(&mut other);
    assert!(status == 503 && body.starts_with("{\"code\":\"restarting\","), "{status} {body}");
}

#[test]
fn flash_that_does_not_answer_is_503() {
    for at_end in [false, true] {
        let (mut simulation, mut flash, _) = open_to_everyone();
        let mut peer = peer(&simulation);
        let length = if at_end { 300 } else { 2 * SECTOR };
        peer.send(&mut simulation, &[put(length, "").into_bytes(), image(length)].concat());
        while let Some(event) = flash.step() {
            if event.starts_with("sector") && !at_end || event == "end" {
                break;
            }
        }
        simulation.now = 59_999;
        peer.turn(&mut simulation);
        assert_eq!(peer.take(), b"");
        simulation.now = 60_000;
        peer.turn(&mut simulation);
        let (status, body) = answer(&mut peer);
        assert!(status == 503 && body.starts_with("{\"code\":\"stuck\","), "{status} {body}");
        assert!(flash.receiver.is_abandoned());
        assert_eq!(flash.step(), Some("abandoned"));
    }
}

#[test]
fn stalled_client_gets_408_after_10_s() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, put(LENGTH, "").as_bytes());
    flash.step();
    // Each byte begins the time anew.
    for byte in image(5) {
        simulation.now += 9_999;
        peer.send(&mut simulation, &[byte]);
        assert_eq!(peer.take(), b"");
    }
    simulation.now += 9_999;
    assert!(!peer.turn(&mut simulation).shut_down);
    simulation.now += 1;
    assert_eq!(peer.last.unwrap().wake_at.as_millis(), simulation.now);
    let turn = peer.turn(&mut simulation);
    assert!(turn.shut_down);
    let (status, body) = answer(&mut peer);
    assert!(status == 408 && body.starts_with("{\"code\":\"stalled\","), "{status} {body}");
    assert_eq!(flash.step(), Some("abandoned"));
}

#[test]
fn slow_client_gets_408_after_10_minutes() {
    const TEN_MINUTES: u64 = 600_000;
    for in_time in [true, false] {
        let (mut simulation, mut flash, _) = open_to_everyone();
        let mut peer = peer(&simulation);
        peer.send(&mut simulation, put(LENGTH, "").as_bytes());
        flash.step();
        // Each byte comes in time.
        for byte in image(99) {
            simulation.now += 6_000;
            peer.send(&mut simulation, &[byte]);
            assert_eq!(peer.take(), b"", "after {} ms", simulation.now);
        }
        if in_time {
            feed(&mut simulation, &mut peer, &mut flash, &image(LENGTH)[99..]);
            assert_eq!(answer(&mut peer).0, 200);
            continue;
        }
        simulation.now = TEN_MINUTES - 1;
        let turn = peer.turn(&mut simulation);
        assert_eq!((turn.shut_down, turn.wake_at.as_millis()), (false, TEN_MINUTES));
        simulation.now = TEN_MINUTES;
        assert!(peer.turn(&mut simulation).shut_down);
        let (status, body) = answer(&mut peer);
        assert!(status == 408 && body.starts_with("{\"code\":\"too-slow\","), "{status} {body}");
        assert_eq!(flash.step(), Some("abandoned"));
    }
}

#[test]
fn broken_connection_abandons_upload() {
    for at in [0, 10, SECTOR, SECTOR + 10, 2 * SECTOR] {
        for ended in [false, true] {
            let (mut simulation, mut flash, _) = open_to_everyone();
            let mut peer = peer(&simulation);
            let request = [put(LENGTH, "").into_bytes(), image(LENGTH)[..at].to_vec()].concat();
            feed(&mut simulation, &mut peer, &mut flash, &request);
            flash.write_all();
            if ended {
                assert!(peer.end(&mut simulation).closed);
            } else {
                peer.client.abandon(&mut simulation.context());
            }
            flash.write_all();
            assert_eq!(flash.events.last().map(String::as_str), Some("abandoned"), "{at} {ended}");
            // The next upload is whole.
            let mut next = flash::peer(&simulation);
            let request = [put(LENGTH, "").into_bytes(), image(LENGTH)].concat();
            feed(&mut simulation, &mut next, &mut flash, &request);
            assert_eq!(answer(&mut next).0, 200);
            assert_eq!(flash.image, image(LENGTH));
        }
    }
}

#[test]
fn upload_that_ends_before_flash_knows_is_no_event() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, put(LENGTH, "").as_bytes());
    peer.client.abandon(&mut simulation.context());
    assert_eq!(flash.step(), None);
}

#[test]
fn client_that_closes_its_direction_gets_answer() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, &[put(300, "").into_bytes(), image(300)].concat());
    assert!(!peer.end(&mut simulation).closed);
    flash.write_all();
    peer.turn(&mut simulation);
    assert_eq!(answer(&mut peer).0, 200);
}

#[test]
fn refusal_of_flash_is_sent_and_rest_discarded() {
    for chunked in [false, true] {
        let (mut simulation, mut flash, _) = open_to_everyone();
        let mut peer = peer(&simulation);
        let length = CAPACITY as usize;
        let request = if chunked {
            put_chunks(&image(length), 999, "")
        } else {
            [put(length, "").into_bytes(), image(length)].concat()
        };
        let (first, rest) = request.split_at(SECTOR + 300);
        peer.send(&mut simulation, first);
        flash.step();
        assert_eq!(flash.step(), Some("sector 4096"));
        let sentence = "this image is for \"oven\", and this board is devkit";
        flash.receiver.refuse(Status::UnprocessableContent, "other-board", sentence);
        let mut turn = peer.turn(&mut simulation);
        // The answer comes at once, and the connection reads on, so that the client sees the answer.
        let (status, body) = answer(&mut peer);
        assert_eq!(
            (status, body.as_str()),
            (
                422,
                "{\"code\":\"other-board\",\"message\":\"this image is for \\\"oven\\\", and this board is devkit\"}"
            )
        );
        for piece in rest.chunks(256) {
            assert!(turn.wants_read && !turn.shut_down);
            turn = peer.send(&mut simulation, piece);
        }
        assert!(turn.shut_down, "the connection does not close after the content");
        assert_eq!(peer.take(), b"");
        assert_eq!(flash.step(), None);
        // A later upload begins anew.
        let mut next = flash::peer(&simulation);
        feed(&mut simulation, &mut next, &mut flash, &[put(5, "").into_bytes(), image(5)].concat());
        assert_eq!((answer(&mut next).0, &flash.image), (200, &image(5)));
    }
}

#[test]
fn refused_content_is_discarded_for_10_s() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, &[put(LENGTH, "").into_bytes(), image(SECTOR)].concat());
    flash.step();
    flash.step();
    flash.receiver.refuse(Status::Conflict, "lower", "lower");
    peer.turn(&mut simulation);
    assert_eq!(answer(&mut peer).0, 409);
    simulation.now = 9_999;
    assert!(!peer.send(&mut simulation, b"x").shut_down);
    // Until then the upload is not over.
    let mut other = flash::peer(&simulation);
    other.send(&mut simulation, put(5, "").as_bytes());
    assert_eq!(answer(&mut other).0, 409);
    simulation.now = 10_000;
    assert!(peer.send(&mut simulation, b"x").shut_down);
    let mut other = flash::peer(&simulation);
    feed(&mut simulation, &mut other, &mut flash, &[put(5, "").into_bytes(), image(5)].concat());
    assert_eq!(answer(&mut other).0, 200);
}

#[test]
fn long_sentence_of_flash_is_cut() {
    let (mut simulation, mut flash, _) = open_to_everyone();
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, &[put(9, "").into_bytes(), image(9)].concat());
    while flash.step() != Some("end") {}
    flash.receiver.refuse(Status::UnprocessableContent, "other-board", "<€".repeat(99).leak());
    peer.turn(&mut simulation);
    let (status, body) = answer(&mut peer);
    assert_eq!(status, 422);
    assert!(
        body.starts_with("{\"code\":\"other-board\",\"message\":\"\\u003c€") && body.ends_with("…\"}"),
        "{body}"
    );
}

#[test]
fn status_says_what_runs_and_what_is_received() {
    let (mut simulation, mut flash, upload) = updatable();
    assert_eq!(get(&mut simulation, "/firmware", "").status, 401);
    let session = log_in(&mut simulation, "");
    let read = |simulation: &mut _| {
        let answer = get(simulation, "/firmware", &session);
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/json")));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        answer.body
    };
    let start =
        "{\"version\":\"0.2.0\",\"board\":\"devkit\",\"chip\":5,\"application\":\"lamp\",\"slot\":\"ota_0\",";
    assert_eq!(
        read(&mut simulation),
        format!(
            "{start}\"state\":\"confirmed\",\"capacity\":20480,\"last\":null,\"upload\":null,\"refusal\":null}}"
        )
    );
    let mut peer = peer(&simulation);
    peer.send(&mut simulation, put(LENGTH, &session).as_bytes());
    peer.send(&mut simulation, &image(1000));
    let receiving = "\"upload\":{\"received\":1000,\"length\":12388},\"refusal\":\"busy\"}";
    assert!(read(&mut simulation).ends_with(receiving), "{}", read(&mut simulation));
    drop(peer);
    flash.write_all();
    let last = LastUpdate::new(LastUpdateOutcome::Returned, "0.2.1", "it panicked");
    upload.set_status(STATUS.with_chip(None).with_state(ImageState::Trial).with_last(Some(last)));
    let returned = "\"last\":{\"version\":\"0.2.1\",\"outcome\":\"returned\",\"reason\":\"it panicked\"},";
    let text = read(&mut simulation);
    assert!(text.contains(returned) && text.contains("\"state\":\"trial\""), "{text}");
    assert!(text.contains("\"chip\":null,"), "{text}");
    assert!(text.ends_with("\"refusal\":\"on-trial\"}"), "{text}");
    let head = guarded::request(&mut simulation, "HEAD", "/firmware", &session, "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let posted = guarded::post(&mut simulation, "/firmware", &session, "a=b");
    assert_eq!((posted.status, posted.header("Allow")), (405, Some("GET, HEAD, PUT")));
    let options = guarded::request(&mut simulation, "OPTIONS", "/firmware", "", "");
    assert_eq!((options.status, options.header("Allow")), (204, Some("GET, HEAD, POST, PUT, OPTIONS")));
}

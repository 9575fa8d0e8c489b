//! A firmware update on a microcontroller, and the record of served requests for its trial.

use super::{
    ACCESS, APP, OFF, ON, PAGE, TOGGLE, TOPICS, UPGRADE, ask, connect, drive, read_until, run_lamp, send,
    test,
};
use crate::wire::Cable;
use embassy_time::{Duration, Instant, Timer, with_timeout};
use instep::Limits;
use instep::update::{Event, FirmwareStatus, Permission, Receiver, SECTOR, Status, Upload, Witness};
use std::sync::Mutex;

const SLOT: u32 = 64 * 4096;
/// Time to erase and write a sector, in ms.
const WRITE_MS: u64 = 57;
/// Time to verify an image, in s.
const VERIFY_SECS: u64 = 20;
const STATUS: FirmwareStatus =
    FirmwareStatus::UNKNOWN.with_version("0.2.0").with_board("devkit").with_capacity(Some(SLOT));

/// Returns an upload that everyone may begin, with the receiver of its flash side.
fn upload() -> (&'static Upload, Receiver) {
    let upload: &'static Upload = Box::leak(Box::new(Upload::new(Permission::Everyone)));
    upload.set_status(STATUS);
    (upload, upload.receiver(Box::leak(Box::new([0; SECTOR]))))
}

/// Writes images as a chip does, which takes time.
async fn write_images(mut receiver: Receiver, flash: &'static Mutex<Vec<u8>>) {
    loop {
        match receiver.next().await {
            Event::Sector(bytes) if bytes.starts_with(b"oven") => {
                receiver.refuse(Status::UnprocessableContent, "other-board", "for an oven");
            }
            Event::Sector(bytes) => {
                flash.lock().unwrap().extend_from_slice(bytes);
                Timer::after_millis(WRITE_MS).await;
            }
            Event::End => {
                Timer::after_secs(VERIFY_SECS).await;
                receiver.done("0.2.1");
            }
            Event::Abandoned => flash.lock().unwrap().clear(),
            _ => {}
        }
    }
}

fn now() -> instep::Instant {
    instep::Instant::from_millis(Instant::now().as_millis())
}

fn image(length: usize) -> Vec<u8> {
    (0..length).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect()
}

fn put(length: usize) -> String {
    format!("PUT /firmware HTTP/1.1\r\nHost: lamp\r\nContent-Length: {length}\r\n\r\n")
}

#[test]
fn image_is_written_while_other_client_is_served() {
    static FLASH: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    instep_embassy::resources! { struct Resources { limits: Limits::DEVICE, topics: TOPICS.count(), network: 2 } }
    static RESOURCES: Resources = Resources::new();
    test(async {
        let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
        let (upload, receiver) = upload();
        let server = server.with_update(upload);
        run_lamp(server.device, inbox);
        tokio::task::spawn_local(host_time::run(write_images(receiver, &FLASH)));
        let (device, peer) = Cable::default().stacks();
        drive(RESOURCES.network.driver(server, device, 80));

        let (mut other, _) = ask(peer, UPGRADE).await;
        read_until(&mut other, OFF).await;
        let length = SLOT as usize - 100;
        let begin = Instant::now();
        let sending = async {
            let mut client = connect(peer).await;
            send(&mut client, put(length).as_bytes()).await;
            send(&mut client, &image(length)).await;
            let sent = begin.elapsed();
            Timer::after_secs(VERIFY_SECS).await;
            (read_until(&mut client, "\"}").await, sent)
        };
        let mut sending = core::pin::pin!(sending);
        let mut waits = Vec::new();
        let (answer, sent) = loop {
            match with_timeout(Duration::from_millis(100), sending.as_mut()).await {
                Ok(answer) => break answer,
                Err(_) => {
                    let asked = Instant::now();
                    send(&mut other, TOGGLE).await;
                    read_until(&mut other, if waits.len() % 2 == 0 { ON } else { OFF }).await;
                    waits.push(asked.elapsed().as_millis());
                }
            }
        };
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("{\"version\":\"0.2.1\"}"),
            "{answer}"
        );
        assert!(*FLASH.lock().unwrap() == image(length), "the image is not whole");
        assert!(waits.len() > 30 && waits.iter().all(|wait| *wait < 20), "{waits:?}");
        // A sector takes its time of flash, and little more.
        let each = sent.as_millis() / u64::from(SLOT / 4096);
        assert!((WRITE_MS..WRITE_MS + 20).contains(&each), "{each} ms for each sector");
    });
}

#[test]
fn refused_and_broken_uploads_leave_room_for_next() {
    static FLASH: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    instep_embassy::resources! { struct Resources { limits: Limits::DEVICE, topics: TOPICS.count(), network: 2 } }
    static RESOURCES: Resources = Resources::new();
    test(async {
        let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
        let (upload, receiver) = upload();
        let server = server.with_update(upload);
        run_lamp(server.device, inbox);
        tokio::task::spawn_local(host_time::run(write_images(receiver, &FLASH)));
        let (device, peer) = Cable::default().stacks();
        drive(RESOURCES.network.driver(server, device, 80));

        let length = 10 * SECTOR;
        // The client reads its answer only after it has sent everything.
        let mut refused = connect(peer).await;
        send(&mut refused, put(length).as_bytes()).await;
        let oven = [b"oven".to_vec(), image(length - 4)].concat();
        send(&mut refused, &oven).await;
        let answer = read_until(&mut refused, "\"}").await;
        assert!(answer.starts_with("HTTP/1.1 422 ") && answer.contains("for an oven"), "{answer}");

        for reset in [true, false] {
            let mut broken = connect(peer).await;
            send(&mut broken, put(length).as_bytes()).await;
            send(&mut broken, &image(length / 2)).await;
            let (_, status) = ask(peer, &put(length)).await;
            assert_eq!(status, "409");
            if reset {
                broken.abort();
            } else {
                broken.close();
            }
            let _ = with_timeout(Duration::from_millis(500), broken.flush()).await;
            Timer::after_millis(500).await;
            assert!(FLASH.lock().unwrap().is_empty(), "the flash side does not know that the client is gone");
        }
        let mut client = connect(peer).await;
        send(&mut client, put(length).as_bytes()).await;
        send(&mut client, &image(length)).await;
        Timer::after_secs(VERIFY_SECS).await;
        assert!(read_until(&mut client, "\"}").await.starts_with("HTTP/1.1 200 "));
        assert!(*FLASH.lock().unwrap() == image(length), "the image is not whole");
    });
}

#[test]
fn acknowledged_answer_is_recorded_for_its_network() {
    instep_embassy::resources! {
        struct Resources { limits: Limits::DEVICE, topics: TOPICS.count(), station: 2, own: 2 }
    }
    static RESOURCES: Resources = Resources::new();
    test(async {
        let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
        let (upload, _receiver) = upload();
        let server = server.with_update(upload);
        let witness = upload.witness();
        run_lamp(server.device, inbox);
        let (cable, own_cable) = (Cable::default(), Cable::default());
        let (device, peer) = cable.stacks();
        let (own_device, own_peer) = own_cable.stacks();
        drive(RESOURCES.station.driver(server, device, 80));
        drive(RESOURCES.own.driver(server, own_device, 80));
        let seen = |witness: &Witness| {
            [0, 1].map(|network| {
                let served = witness.served(network, now());
                (served.acknowledged, served.unanswered_since.is_some())
            })
        };

        // Nothing is recorded without a trial.
        assert_eq!(ask(peer, PAGE).await.1, "200");
        Timer::after_secs(8).await;
        assert_eq!(seen(witness), [(false, false); 2]);

        witness.watch();
        drop(connect(peer).await);
        Timer::after_secs(8).await;
        assert_eq!(seen(witness), [(false, false); 2], "a connection without a request counts");

        // The answer of the device never arrives.
        let mut lost = connect(peer).await;
        cable.cut_from_device(true);
        send(&mut lost, PAGE.as_bytes()).await;
        Timer::after_secs(4).await;
        lost.abort();
        let _ = with_timeout(Duration::from_millis(100), lost.flush()).await;
        Timer::after_secs(1).await;
        assert!(!witness.served(0, now()).acknowledged);
        cable.cut_from_device(false);
        Timer::after_secs(40).await;

        // The client closes at once.
        let (mut client, status) = ask(own_peer, PAGE).await;
        assert_eq!(status, "200");
        client.close();
        Timer::after_secs(1).await;
        assert_eq!(seen(witness)[1], (true, false));
        assert!(!witness.served(0, now()).acknowledged);

        // A WebSocket counts, too.
        let (_client, status) = ask(peer, UPGRADE).await;
        assert_eq!(status, "101");
        Timer::after_secs(15).await;
        assert_eq!(seen(witness), [(true, false); 2]);
    });
}

#[test]
fn request_without_answer_is_recorded() {
    instep_embassy::resources! { struct Resources { limits: Limits::DEVICE, topics: TOPICS.count(), network: 2 } }
    static RESOURCES: Resources = Resources::new();
    test(async {
        let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
        let (upload, _receiver) = upload();
        upload.witness().watch();
        let server = server.with_update(upload);
        run_lamp(server.device, inbox);
        let (device, peer) = Cable::default().stacks();
        drive(RESOURCES.network.driver(server, device, 80));

        let mut slow = connect(peer).await;
        let begin = Instant::now().as_millis();
        send(&mut slow, b"GET / HT").await;
        Timer::after_secs(1).await;
        // Another connection causes a report.
        assert_eq!(ask(peer, PAGE).await.1, "200");
        Timer::after_millis(10).await;
        let since = upload.witness().served(0, now()).unanswered_since.expect("the request is not recorded");
        assert!(since.as_millis().abs_diff(begin) < 10);
        send(&mut slow, b"TP/1.1\r\nHost: lamp\r\n\r\n").await;
        read_until(&mut slow, "<p>lamp</p>").await;
        Timer::after_secs(8).await;
        assert_eq!(upload.witness().served(0, now()).unanswered_since, None);
    });
}

#[test]
fn driver_that_does_not_run_leaves_question_unanswered() {
    instep_embassy::resources! {
        struct Resources { limits: Limits::DEVICE, topics: TOPICS.count(), station: 2, own: 2 }
    }
    static RESOURCES: Resources = Resources::new();
    test(async {
        let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
        let (upload, _receiver) = upload();
        let server = server.with_update(upload);
        let witness = upload.witness();
        run_lamp(server.device, inbox);
        witness.watch();
        let (device, _peer) = Cable::default().stacks();
        drive(RESOURCES.station.driver(server, device, 80));
        let begin = now();
        // The first question is asked before any driver runs.
        let unanswered = || [0, 1].map(|network| witness.served(network, now()).unanswered_since);
        assert_eq!(unanswered(), [None; 2]);
        for _ in 0..60 {
            Timer::after_secs(1).await;
            // Nobody connects, so the driver that runs has nothing else to do.
            assert_eq!(unanswered(), [None, Some(begin)]);
        }
    });
}

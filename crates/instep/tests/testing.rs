//! The module `testing`, as a maker uses it.

#![cfg(feature = "testing")]

use embassy_futures::join::join;
use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Ticker, Timer, with_timeout};
use embedded_hal::digital::OutputPin;
use embedded_hal_async::digital::Wait;
use instep::testing::{self, Input, Output, Setup};
use instep::{App, Asset, Device, Inbox, Limits, Message};
use std::panic::AssertUnwindSafe;

instep::thing! {
    /// A pump.
    pub Pump: "A pump", commands Command {
        pump => Pump: switch { title: "Pump" },
        seconds: sensor { title: "Seconds", precision: 0 },
    }
}

const PUMP: App =
    App::new("pump", "A pump that stops after a minute").thing(&Pump::THING).page("/", Asset::html("A pump"));

/// Counts the seconds in which the pump runs, and stops it after 60.
async fn run_pump(device: &Device, inbox: &mut Inbox<'_>, mut pin: impl OutputPin<Error: std::fmt::Debug>) {
    let (pump, mut on, mut ran) = (Pump::new(device), false, 0);
    let mut second = Ticker::every(Duration::from_secs(1));
    pump.pump(on);
    pump.seconds(ran);
    loop {
        match select(pump.recv(inbox), second.next()).await {
            Either::First((Command::Pump(wanted), _)) => (on, ran) = (wanted, 0),
            Either::Second(()) if on => ran += 1,
            Either::Second(()) => continue,
        }
        on &= ran < 60;
        pin.set_state(on.into()).unwrap();
        pump.pump(on);
        pump.seconds(ran);
    }
}

const LAMP: App =
    App::new("lamp", "A lamp without a Thing").endpoint("/ws").subprotocols(&["lamp"]).topics(TOPICS);
instep::topics! { const TOPICS = [LED]; }

/// Publishes each text, answers `ping`, and sends bytes back.
async fn run_lamp(device: &Device, inbox: &mut Inbox<'_>) {
    device.publish(LED, "0");
    loop {
        match inbox.recv().await {
            Message::Text { client, text: "ping" } => device.send(client, "pong").unwrap(),
            Message::Text { text: "late", .. } => {
                Timer::after_secs(2).await;
                device.publish(LED, "late");
            }
            Message::Text { text, .. } => device.publish(LED, text),
            Message::Binary { client, bytes } => device.send_binary(client, bytes).unwrap(),
            _ => {}
        }
    }
}

#[test]
fn pump_stops_after_a_minute_of_virtual_time() {
    let pump = Output::new();
    let begun = std::time::Instant::now();
    testing::run(
        &PUMP,
        |device, inbox| run_pump(device, inbox, pump.clone()),
        async |link| {
            let mut page = link.open("/ws").await;
            page.wait_for(r#"{"label":"seconds","value":0}"#).await;
            page.send(r#"{"label":"pump","value":true,"id":1}"#).await;
            assert_eq!(page.next().await, r#"{"label":"pump","value":true}"#);
            assert_eq!(page.next().await, r#"{"label":"seconds","value":0}"#);
            assert_eq!(page.next().await, r#"{"label":"ok","id":1}"#);
            assert!(pump.is_on());
            link.sleep(59_999).await;
            assert!(pump.is_on());
            assert_eq!(link.get("/properties/seconds").await.text(), "59");
            link.sleep(1).await;
            assert!(!pump.is_on());
            assert_eq!((link.now(), pump.changes()), (60_000, 2));
            page.wait_for(r#"{"label":"pump","value":false}"#).await;
            assert_eq!(page.next().await, r#"{"label":"seconds","value":60}"#);
            assert_eq!(page.try_next().await, None);
        },
    );
    assert!(begun.elapsed().as_secs() < 30, "a minute of virtual time took {:?}", begun.elapsed());
}

#[test]
fn http_requests_have_status_fields_and_text() {
    let pump = Output::new();
    testing::run(
        &PUMP,
        |device, inbox| run_pump(device, inbox, pump.clone()),
        async |link| {
            let page = link.get("/").await;
            assert_eq!(
                (page.status, page.text(), page.field("content-type")),
                (200, "A pump", Some("text/html; charset=utf-8"))
            );
            assert_eq!(link.put("/properties/pump", "true").await.status, 204);
            assert!(pump.is_on());
            assert_eq!(link.get("/properties").await.text(), r#"{"pump":true,"seconds":0}"#);
            assert_eq!(link.post("/actions/none", "").await.status, 404);
            assert_eq!(link.get("/.well-known/wot").await.field("Content-Type"), Some("application/td+json"));
            let options =
                link.request("OPTIONS", "/properties/pump", &[("Origin", "http://192.0.2.1")], "").await;
            assert_eq!((options.status, options.text()), (204, ""));
            let head = link.request("HEAD", "/", &[("Host", "device.local")], "").await;
            assert_eq!((head.status, head.field("Content-Length"), head.text()), (200, Some("6"), ""));
            assert_eq!(link.request("GET", "/", &[("Host", "evil.example")], "").await.status, 421);
        },
    );
}

#[test]
fn two_pages_are_in_step() {
    testing::run(&LAMP, run_lamp, async |link| {
        let (mut first, mut second) = join(link.open("/ws"), link.open_with("/ws", "other, lamp")).await;
        assert_eq!((first.subprotocol(), second.subprotocol()), (None, Some("lamp")));
        assert_eq!((first.next().await, second.next().await), ("0".to_owned(), "0".to_owned()));
        first.send("1").await;
        assert_eq!(join(first.next(), second.next()).await, ("1".to_owned(), "1".to_owned()));
        second.send("ping").await;
        assert_eq!((second.next().await, first.try_next().await), ("pong".to_owned(), None));
        second.send_binary(&[1, 2, 3]).await;
        assert_eq!(second.next_binary().await, [1, 2, 3]);
        first.send("late").await;
        assert_eq!(first.try_next().await, None);
        assert_eq!((first.next().await, link.now()), ("late".to_owned(), 2_000));
    });
}

#[test]
fn reconnected_page_gets_the_latest_value() {
    let setup = Setup::new(&LAMP).with_limits(Limits::DEVICE.with_clients(1));
    setup.run(run_lamp, async |link| {
        let mut page = link.open("/ws").await;
        page.send("7").await;
        assert_eq!(link.try_open("/ws").await.unwrap_err().status, 503);
        page.close().await;
        let mut page = link.open("/ws").await;
        assert_eq!(page.next().await, "7");
        drop(page);
        link.settle().await;
        assert_eq!(link.open("/ws").await.next().await, "7");
    });
}

#[test]
fn stalled_page_skips_values_and_is_dropped_in_the_end() {
    testing::run(&LAMP, run_lamp, async |link| {
        let (mut slow, mut page) = (link.open("/ws").await, link.open("/ws").await);
        slow.stall();
        let text = "x".repeat(200);
        for number in 0..100 {
            page.send(&format!("{text}{number}")).await;
        }
        assert_eq!((slow.next().await, slow.try_next().await), ("0".to_owned(), None));
        slow.resume();
        let mut received = Vec::new();
        while let Some(message) = slow.try_next().await {
            received.push(message);
        }
        assert!((2..50).contains(&received.len()), "{} of 100 values came", received.len());
        assert_eq!(received.last(), Some(&format!("{text}99")));
        // It answers no pings now.
        slow.stall();
        assert_eq!(slow.closed().await, 1006);
        assert!(link.now() < 60_000);
    });
}

#[test]
fn page_that_says_nothing_is_kept() {
    testing::run(&LAMP, run_lamp, async |link| {
        let mut page = link.open("/ws").await;
        link.sleep(600_000).await;
        page.send("1").await;
        page.wait_for("1").await;
    });
}

#[test]
fn too_long_message_closes_with_1009() {
    let setup = Setup::new(&LAMP).with_limits(Limits::DEVICE.with_message(16));
    setup.run(run_lamp, async |link| {
        let mut page = link.open("/ws").await;
        page.send(&"x".repeat(17)).await;
        assert_eq!(page.closed().await, 1009);
    });
}

#[test]
fn input_wakes_the_application() {
    let (button, pin) = (Input::new(), Output::new());
    let follow = async |_: &Device, _: &mut Inbox<'_>| {
        let (mut button, mut pin) = (button.clone(), pin.clone());
        loop {
            button.wait_for_rising_edge().await.unwrap();
            pin.set_high().unwrap();
            // As a light in a stairwell, and each press starts its time anew.
            while with_timeout(Duration::from_secs(10), button.wait_for_rising_edge()).await.is_ok() {}
            pin.set_low().unwrap();
        }
    };
    testing::run(&LAMP, follow, async |link| {
        for _ in 0..3 {
            button.set(true);
            button.set(false);
            link.sleep(9_000).await;
            assert!(pin.is_on());
        }
        link.sleep(1_000).await;
        assert_eq!(pin.levels(), [true, false]);
    });
}

#[test]
fn value_of_the_test_is_returned() {
    let value = testing::run(&LAMP, run_lamp, async |link| link.open("/ws").await.next().await);
    assert_eq!(value, "0");
}

#[test]
#[should_panic(expected = "the application lamp ended; an application runs for ever")]
fn application_that_ends_is_an_error() {
    testing::run(&LAMP, async |_, _| (), async |link| link.sleep(1).await);
}

#[test]
#[should_panic(expected = "the application lamp never waits")]
fn application_that_never_waits_is_an_error() {
    let busy = async |_: &Device, _: &mut Inbox<'_>| {
        loop {
            embassy_futures::yield_now().await;
        }
    };
    testing::run(&LAMP, busy, async |link| link.sleep(1).await);
}

#[test]
fn page_that_waits_too_long_is_an_error_with_the_line() {
    let line = std::cell::Cell::new(0);
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
        testing::run(&LAMP, run_lamp, async |link| {
            let mut page = link.open("/ws").await;
            page.next().await;
            line.set(line!() + 1);
            page.next().await;
        });
    }));
    let sentence = outcome.unwrap_err().downcast::<String>().unwrap();
    let line = line.get();
    assert_eq!(*sentence, format!("{}:{line}: no message came to the page at /ws within 60 s", file!()));
}

#[test]
#[should_panic(expected = "did not come to the page at /ws; these came: [Text(\"0\")]")]
fn text_that_does_not_come_is_an_error() {
    testing::run(&LAMP, run_lamp, async |link| link.open("/ws").await.wait_for("2").await);
}

#[test]
#[should_panic(expected = "the device does not accept a WebSocket at /: Response { status: 404")]
fn refused_page_is_an_error() {
    testing::run(&LAMP, run_lamp, async |link| link.open("/").await);
}

#[test]
#[should_panic(expected = "the device did not answer GET /events within 60 s; a stream of events has no end")]
fn stream_by_http_is_an_error() {
    testing::run(
        &PUMP,
        |device, inbox| run_pump(device, inbox, Output::new()),
        async |link| link.get("/events").await,
    );
}

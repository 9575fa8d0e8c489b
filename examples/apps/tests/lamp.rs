//! The lamp, tested as `docs/guide/testing.md` shows it.

use instep::testing::{self, Output};
use instep_apps::{Led, NoDimmer, lamp};

#[test]
fn blink_blinks_three_times_and_is_refused_meanwhile() {
    let led = Output::new();
    testing::run(
        &lamp::APP,
        |device, inbox| lamp::run(device, inbox, Led::new(led.clone()), NoDimmer),
        async |link| {
            let mut page = link.open("/ws").await;
            page.wait_for(r#"{"label":"led","value":false}"#).await;
            page.send(r#"{"label":"blink","id":1}"#).await;
            link.sleep(250).await; // ms of the virtual clock: returns at once
            assert!(led.is_on());
            assert_eq!(link.post("/actions/blink", "").await.status, 409);
            page.wait_for(r#"{"label":"ok","id":1}"#).await;
            assert_eq!(link.now(), 1_750);
            assert_eq!(led.changes(), 6); // three times on, and off again
        },
    );
}

#[test]
fn lamp_is_the_same_on_every_page() {
    let led = Output::new();
    testing::run(
        &lamp::APP,
        |device, inbox| lamp::run(device, inbox, Led::new(led.clone()), NoDimmer),
        async |link| {
            let (mut phone, mut tablet) = (link.open("/ws").await, link.open("/ws").await);
            tablet.stall(); // a slow page: it does not read for a while
            for on in [true, false, true] {
                phone.send(&format!(r#"{{"label":"led","value":{on}}}"#)).await;
            }
            tablet.resume();
            tablet.wait_for(r#"{"label":"led","value":true}"#).await;
            assert_eq!(link.get("/properties/led").await.text(), "true");
            assert!(led.is_on());
        },
    );
}

#[test]
fn guide_shows_these_tests() {
    let guide = include_str!("../../../docs/guide/testing.md");
    let (shown, _) = include_str!("lamp.rs").rsplit_once("\n#[test]\nfn guide").unwrap();
    for test in shown.split("\n\n#[test]").skip(1) {
        assert!(guide.contains(test.trim_end()), "docs/guide/testing.md does not show this test: {test}");
    }
}

//! When the device joins a network and when it opens its own, on a clock that
//! advances only when all tasks wait.

mod simulated;

use embassy_time::{Duration, Instant, Timer};
use instep_wifi::setup::{
    AP_CLOSE_DELAY, AP_OPEN_DELAY, HELD, LEAVE_DELAY, RETRY_INTERVAL_WITH_AP, reset_when_held,
};
use simulated::{CAFE, Device, FULL, HOME, MUTE};
use std::cell::Cell;
use virtual_ethernet::test;

/// Duration of the simulated radio's longest attempt, in s.
const TRY: u64 = 17;

#[test]
fn known_network_is_joined_and_own_stays_closed() {
    test(async {
        let device = Device::start(Some(HOME), &[CAFE, HOME], "known").await;
        Timer::after_secs(3600).await;
        assert_eq!(device.joined().as_deref(), Some("Home"));
        assert_eq!((device.times("join Home").len(), device.times("open").len()), (1, 0));
    });
}

#[test]
fn own_network_opens_and_leads_to_another_network() {
    test(async {
        let device = Device::start(None, &[HOME, CAFE, MUTE, FULL], "page").await;
        Timer::after_secs(5).await;
        assert!(device.is_open() && device.page().contains("<bdi>Home</bdi>"));

        for (network, password, problem) in [
            (HOME, "wrong horse", "refuses this password"),
            (("Elsewhere", "", true), "12345678", "is not there"),
            (MUTE, "12345678", "no address"),
            (FULL, "12345678", "may be full"),
        ] {
            device.ask_for(network, password);
            assert!(device.page().contains("Joining <bdi>"));
            Timer::after_secs(TRY + 3).await;
            assert!(device.page().contains(problem), "{}", device.page());
            assert_eq!(device.settings.network(), None, "a network was stored before it was joined");
        }

        device.ask_for(HOME, "correct horse");
        Timer::after_secs(5).await;
        assert_eq!(device.settings.network(), Some(simulated::known(HOME)));
        assert!(std::fs::metadata(&device.file).is_ok(), "a joined network was not stored at once");
        // Its own network stays open until the user has seen the device's new address.
        Timer::after_secs(600).await;
        assert!(device.is_open());
        let page = device.page();
        assert!(page.contains("http://192.168.1.50/") && page.contains("http://lamp.local/"), "{page}");
        Timer::after(LEAVE_DELAY / 2).await;
        assert!(device.is_open() && device.page().contains("http://192.168.1.50/"));
        Timer::after(LEAVE_DELAY).await;
        assert!(!device.is_open());
        Timer::after_secs(3).await;
        assert_eq!(device.joined().as_deref(), Some("Home"));
        assert!(device.times("restart").is_empty(), "restarted although the name is the same");
        // A later visit begins with the question again.
        assert!(device.page().contains("Which Wi-Fi network"));
    });
}

#[test]
fn failing_network_is_retried_beside_own_network() {
    test(async {
        let device = Device::start(Some(HOME), &[], "minute").await;
        Timer::after(AP_OPEN_DELAY).await;
        assert!(!device.is_open());
        Timer::after_secs(TRY).await;
        assert!(device.is_open());
        let before = device.times("join Home").len();
        Timer::after_secs(600).await;
        let tries = device.times("join Home").len() - before;
        let max = usize::try_from(600 / RETRY_INTERVAL_WITH_AP.as_secs()).unwrap();
        assert!((max / 2..=max).contains(&tries), "{tries}");

        // The router has power again.
        device.air.borrow_mut().around = vec![HOME];
        Timer::after(RETRY_INTERVAL_WITH_AP).await;
        Timer::after_secs(TRY).await;
        assert_eq!(device.joined().as_deref(), Some("Home"));
        assert!(device.is_open(), "its own network was closed although it may be in use");
        Timer::after(AP_CLOSE_DELAY).await;
        Timer::after_secs(5).await;
        assert!(!device.is_open());
        assert_eq!(device.joined().as_deref(), Some("Home"));
        let opened = device.times("open");
        assert_eq!((opened.len(), device.times("close").len()), (1, 1));
    });
}

#[test]
fn lost_network_is_rejoined_own_opens_after_a_minute() {
    test(async {
        let device = Device::start(Some(HOME), &[HOME], "lost").await;
        Timer::after_secs(3600).await;
        device.air.borrow_mut().around.clear();
        Timer::after_secs(40).await;
        device.air.borrow_mut().around = vec![HOME];
        Timer::after_secs(20).await;
        assert_eq!(device.joined().as_deref(), Some("Home"));
        assert!(device.times("open").is_empty());

        device.air.borrow_mut().around.clear();
        let gone = Instant::now();
        Timer::after(AP_OPEN_DELAY).await;
        Timer::after_secs(TRY).await;
        let opened = device.times("open");
        assert!(opened.len() == 1 && opened[0] >= gone.as_secs() + AP_OPEN_DELAY.as_secs(), "{opened:?}");
    });
}

#[test]
fn stored_wrong_password_opens_own_network() {
    test(async {
        let device = Device::start(Some(("Home", "old password", true)), &[HOME], "wrong").await;
        Timer::after(AP_OPEN_DELAY).await;
        Timer::after_secs(TRY).await;
        assert!(device.is_open());
        device.ask_for(HOME, "correct horse");
        Timer::after_secs(TRY + 5).await;
        assert_eq!(device.settings.network(), Some(simulated::known(HOME)));
        assert_eq!(device.joined().as_deref(), Some("Home"));
    });
}

#[test]
fn failed_attempt_returns_to_previous_network() {
    test(async {
        let device = Device::start(Some(HOME), &[HOME, CAFE], "back").await;
        Timer::after_secs(60).await;
        device.ask_for(CAFE, "it has none");
        Timer::after_secs(2 * TRY).await;
        assert_eq!(device.joined().as_deref(), Some("Home"));
        assert!(device.page().contains("refuses this password"));
        assert!(device.times("open").is_empty());
        assert_eq!(device.settings.network(), Some(simulated::known(HOME)));
    });
}

#[test]
fn new_name_is_shown_and_applies_after_restart() {
    test(async {
        let device = Device::start(None, &[HOME], "name").await;
        Timer::after_secs(5).await;
        let submit = |form: &str| {
            use instep::board::BoardPages as _;
            assert_eq!(device.set_up.submit("/network/device", form.as_bytes()), "/network");
        };
        for wrong in
            ["name=a+b", "name=-a", "name=192", "name=%FF", "name=%", &format!("name={}", "a".repeat(33))]
        {
            submit(wrong);
            assert!(device.page().contains("A name has 1 to 32"), "{wrong}");
            assert_eq!(device.settings.device_name(), None);
        }
        submit("name=lamp&password=");
        assert!(!device.page().contains("alert"), "an alert without a request");
        submit("name=desk&password=");
        assert!(device.page().contains("from its next start on"));
        device.ask_for(HOME, "correct horse");
        Timer::after_secs(5).await;
        assert!(device.page().contains("http://desk.local/"));
        Timer::after(LEAVE_DELAY).await;
        Timer::after_secs(1).await;
        assert_eq!(device.times("restart").len(), 1);
        assert_eq!(device.settings.device_name().unwrap().as_str(), "desk");
    });
}

/// The address and the password are kept, and never sent back.
#[cfg(feature = "mqtt")]
#[test]
fn broker_is_kept_and_not_shown() {
    test(async {
        let device = Device::start(None, &[HOME], "broker").await;
        Timer::after_secs(5).await;
        let submit = |form: &str| {
            use instep::board::BoardPages as _;
            assert_eq!(device.set_up.submit("/network/broker", form.as_bytes()), "/network");
            device.page()
        };
        let kept = || {
            let password = device.settings.broker_password();
            (
                device.settings.broker().map(|url| url.as_str().to_owned()),
                password.map(|it| it.reveal().to_owned()),
            )
        };
        let long = format!("broker=mqtt://{}", "a".repeat(90));
        for (form, sentence) in [
            ("broker=mqtts://house.local", "A device has no TLS: use mqtt://"),
            ("broker=mqtt://lamp:secret@house.local", "The password has a field of its own"),
            ("broker=house.local", "The address of a broker is like"),
            ("broker=mqtt://lamp%0A@house.local", "The address of a broker is like"),
            (&long, "The address of a broker is like"),
            ("broker=mqtt://house.local&password=secret", "A password at a broker needs a user"),
            ("broker=&password=secret", "A password at a broker needs the address"),
            ("broker=mqtt://lamp@house.local&password=%FF", "A password at a broker is text"),
        ] {
            let page = submit(form);
            assert!(page.contains(sentence) && page.contains("publishes at no broker"), "{form}: {page}");
            assert_eq!(kept(), (None, None), "{form}");
        }
        let page = submit("broker=mqtt://lamp@house.local/home&password=horse+staple");
        assert!(page.contains("from its next start on") && page.contains("Use no broker"), "{page}");
        assert!(!page.contains("house.local") && !page.contains("staple"), "{page}");
        let url = || Some("mqtt://lamp@house.local/home".to_owned());
        assert_eq!(kept(), (url(), Some("horse staple".to_owned())));
        // Empty fields change nothing, and the password alone is for the same broker.
        assert!(!submit("broker=&password=").contains("alert"));
        submit("broker=&password=other");
        assert_eq!(kept(), (url(), Some("other".to_owned())));
        // Another broker does not get the password.
        submit("broker=mqtt://lamp@elsewhere.local&password=");
        assert_eq!(kept(), (Some("mqtt://lamp@elsewhere.local".to_owned()), None));
        let page = submit("broker=&password=&none=yes");
        assert!(page.contains("publishes at no broker from its next start on"), "{page}");
        assert_eq!(kept(), (None, None));
    });
}

#[test]
fn password_that_cannot_be_typed_is_rejected() {
    test(async {
        let device = Device::start(None, &[HOME], "password").await;
        Timer::after_secs(5).await;
        let submit = |form: &str| {
            use instep::board::BoardPages as _;
            assert_eq!(device.set_up.submit("/network/device", form.as_bytes()), "/network");
            device.page()
        };
        let long = format!("password={}", "a".repeat(129));
        for wrong in
            ["password=k%FC", "password=a%09b", "password=a%00", "password=a%0Ab", "password=%0A", &long]
        {
            let page = submit(wrong);
            assert!(page.contains("A password is text of 1 to 128 bytes"), "{wrong}");
        }
        let page = submit("password=%EF%BB%BFgeheim%0D%0A");
        assert!(page.contains("The password is being set"), "{page}");
    });
}

#[test]
fn network_lost_after_success_is_asked_for_again() {
    test(async {
        let device = Device::start(None, &[HOME], "again").await;
        Timer::after_secs(5).await;
        device.ask_for(HOME, "correct horse");
        Timer::after_secs(5).await;
        // The network is lost before the page shows the success.
        device.air.borrow_mut().around = vec![CAFE];
        Timer::after_secs(20).await;
        let page = device.page();
        assert!(device.is_open() && page.contains("Which Wi-Fi network"), "{page}");
        assert!(page.contains("<bdi>Cafe</bdi>"), "the networks were not scanned again");
    });
}

#[test]
fn reset_device_has_no_settings() {
    test(async {
        let device = Device::start(None, &[HOME], "reset").await;
        Timer::after_secs(5).await;
        device.ask_for(HOME, "correct horse");
        Timer::after_secs(5).await;
        assert!(device.settings.network().is_some() && std::fs::metadata(&device.file).is_ok());
        assert!(device.set_up.reset().await);
        assert_eq!(device.settings.network(), None);
        assert!(std::fs::metadata(&device.file).is_err(), "settings are still stored");
    });
}

#[test]
fn only_button_held_for_10_s_clears_settings() {
    test(async {
        let device = Device::start(Some(HOME), &[HOME], "button").await;
        let button: &'static Cell<bool> = Box::leak(Box::default());
        let cleared: &'static Cell<bool> = Box::leak(Box::default());
        let set_up = device.set_up;
        virtual_ethernet::spawn(async {
            reset_when_held(set_up, || button.get()).await;
            cleared.set(true);
        });
        let hold = async |time| {
            button.set(true);
            Timer::after(time).await;
            button.set(false);
            Timer::after_secs(1).await;
        };
        for _ in 0..3 {
            hold(HELD - Duration::from_millis(100)).await;
            assert!(!cleared.get() && device.settings.network().is_some(), "a released button counted on");
            assert!(std::fs::metadata(&device.file).is_ok(), "the settings were erased");
        }
        hold(HELD + Duration::from_millis(100)).await;
        assert!(cleared.get(), "a restart was not requested");
        assert_eq!(device.settings.network(), None);
        assert!(std::fs::metadata(&device.file).is_err(), "settings are still stored");
    });
}

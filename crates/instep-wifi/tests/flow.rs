//! When the device joins and when it opens its own network, on a clock that passes only when everybody waits.

mod simulated;

use embassy_time::{Duration, Instant, Timer};
use instep_wifi::setup::{AP_STAYS, HELD, PATIENCE, RETRY_BESIDE_AP, TOLD_STAYS, reset_when_held};
use simulated::{CAFE, Device, FULL, HOME, MUTE};
use std::cell::Cell;
use virtual_ethernet::test;

/// The longest try of the simulated radio.
const TRY: u64 = 17;

#[test]
fn a_network_that_is_known_is_joined_and_nothing_else_is_opened() {
    test(async {
        let device = Device::start(Some(HOME), &[CAFE, HOME], "known").await;
        Timer::after_secs(3600).await;
        assert_eq!(device.joined().as_deref(), Some("Home"));
        assert_eq!((device.times("join Home").len(), device.times("open").len()), (1, 0));
    });
}

#[test]
fn without_a_network_its_own_is_open_and_the_page_leads_to_another() {
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
            assert_eq!(device.settings.network(), None, "nothing is kept that was not joined");
        }

        device.ask_for(HOME, "correct horse");
        Timer::after_secs(5).await;
        assert_eq!(device.settings.network(), Some(simulated::known(HOME)));
        assert!(std::fs::metadata(&device.file).is_ok(), "it is stored at once");
        // Its own network stays until somebody has seen where the device will be.
        Timer::after_secs(600).await;
        assert!(device.is_open());
        let told = device.page();
        assert!(told.contains("http://192.168.1.50/") && told.contains("http://lamp.local/"), "{told}");
        Timer::after(TOLD_STAYS / 2).await;
        assert!(device.is_open() && device.page().contains("http://192.168.1.50/"));
        Timer::after(TOLD_STAYS).await;
        assert!(!device.is_open());
        Timer::after_secs(3).await;
        assert_eq!(device.joined().as_deref(), Some("Home"));
        assert!(device.times("restart").is_empty(), "its name is what it was");
        // Whoever comes later asks for something new.
        assert!(device.page().contains("Which Wi-Fi network"));
    });
}

#[test]
fn a_network_that_fails_for_a_minute_is_tried_on_beside_its_own() {
    test(async {
        let device = Device::start(Some(HOME), &[], "minute").await;
        Timer::after(PATIENCE).await;
        assert!(!device.is_open());
        Timer::after_secs(TRY).await;
        assert!(device.is_open());
        let before = device.times("join Home").len();
        Timer::after_secs(600).await;
        let tries = device.times("join Home").len() - before;
        let most = usize::try_from(600 / RETRY_BESIDE_AP.as_secs()).unwrap();
        assert!((most / 2..=most).contains(&tries), "{tries}");

        // The router has power again.
        device.air.borrow_mut().around = vec![HOME];
        Timer::after(RETRY_BESIDE_AP).await;
        Timer::after_secs(TRY).await;
        assert_eq!(device.joined().as_deref(), Some("Home"));
        assert!(device.is_open(), "somebody may be using it");
        Timer::after(AP_STAYS).await;
        Timer::after_secs(5).await;
        assert!(!device.is_open());
        assert_eq!(device.joined().as_deref(), Some("Home"));
        let opened = device.times("open");
        assert_eq!((opened.len(), device.times("close").len()), (1, 1));
    });
}

#[test]
fn a_network_that_is_lost_is_joined_again_and_its_own_opened_only_after_a_minute() {
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
        Timer::after(PATIENCE).await;
        Timer::after_secs(TRY).await;
        let opened = device.times("open");
        assert!(opened.len() == 1 && opened[0] >= gone.as_secs() + PATIENCE.as_secs(), "{opened:?}");
    });
}

#[test]
fn a_wrong_password_that_is_stored_opens_its_own_network_too() {
    test(async {
        let device = Device::start(Some(("Home", "old password", true)), &[HOME], "wrong").await;
        Timer::after(PATIENCE).await;
        Timer::after_secs(TRY).await;
        assert!(device.is_open());
        device.ask_for(HOME, "correct horse");
        Timer::after_secs(TRY + 5).await;
        assert_eq!(device.settings.network(), Some(simulated::known(HOME)));
        assert_eq!(device.joined().as_deref(), Some("Home"));
    });
}

#[test]
fn a_try_that_fails_leads_back_to_the_network_that_was_there() {
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
fn a_new_name_is_shown_and_the_device_starts_anew_with_it() {
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
        assert!(!device.page().contains("alert"), "nothing was asked for");
        submit("name=desk&password=");
        assert!(device.page().contains("from its next start on"));
        device.ask_for(HOME, "correct horse");
        Timer::after_secs(5).await;
        assert!(device.page().contains("http://desk.local/"));
        Timer::after(TOLD_STAYS).await;
        Timer::after_secs(1).await;
        assert_eq!(device.times("restart").len(), 1);
        assert_eq!(device.settings.device_name().unwrap().as_str(), "desk");
    });
}

#[test]
fn a_password_that_nobody_can_enter_is_not_set() {
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
fn whoever_loses_the_network_meanwhile_is_asked_again() {
    test(async {
        let device = Device::start(None, &[HOME], "again").await;
        Timer::after_secs(5).await;
        device.ask_for(HOME, "correct horse");
        Timer::after_secs(5).await;
        // Nobody has looked at the page when the network is gone.
        device.air.borrow_mut().around = vec![CAFE];
        Timer::after_secs(20).await;
        let page = device.page();
        assert!(device.is_open() && page.contains("Which Wi-Fi network"), "{page}");
        assert!(page.contains("<bdi>Cafe</bdi>"), "it has looked again");
    });
}

#[test]
fn a_device_that_is_reset_knows_nothing_any_more() {
    test(async {
        let device = Device::start(None, &[HOME], "reset").await;
        Timer::after_secs(5).await;
        device.ask_for(HOME, "correct horse");
        Timer::after_secs(5).await;
        assert!(device.settings.network().is_some() && std::fs::metadata(&device.file).is_ok());
        assert!(device.set_up.reset().await);
        assert_eq!(device.settings.network(), None);
        assert!(std::fs::metadata(&device.file).is_err(), "nothing is stored any more");
    });
}

#[test]
fn only_a_button_that_is_held_for_all_of_10_s_clears_the_settings() {
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
            assert!(!cleared.get() && device.settings.network().is_some(), "what is held again counts anew");
            assert!(std::fs::metadata(&device.file).is_ok(), "it is stored");
        }
        hold(HELD + Duration::from_millis(100)).await;
        assert!(cleared.get(), "the device is to be started anew");
        assert_eq!(device.settings.network(), None);
        assert!(std::fs::metadata(&device.file).is_err(), "nothing is stored any more");
    });
}

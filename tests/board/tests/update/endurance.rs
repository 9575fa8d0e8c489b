//! Many updates in a row, and power cuts at random moments.

use crate::device::{Device, upload};
use crate::images::{Fault, signed};
use crate::{FIRST, device};
use std::time::Duration;
use test_support::Random;

/// Number of updates in a row.
const UPDATES: usize = 50;
/// Number of power cuts.
const CUTS: usize = 20;
/// Time from the begin of an upload to the first seconds of the new image, in ms.
const SPAN_MS: usize = 4_000;

#[test]
#[ignore = "it takes minutes: `cargo xtask test --full`"]
fn fifty_updates_in_a_row_are_confirmed() {
    let device = device("fifty-updates", "");
    device.set_brightness(50);
    for number in 1..=UPDATES {
        let version = format!("0.2.{number}");
        assert_eq!(device.put(&signed(&version, Fault::None)).0, 200, "{version}");
        device.expect(&[&format!("{{\"version\":\"{version}\""), "\"state\":\"confirmed\""]);
    }
    assert_eq!(device.brightness(), "50");
}

#[test]
#[ignore = "it takes minutes: `cargo xtask test --full`"]
fn power_cut_at_any_moment_leaves_whole_image() {
    let mut random = Random::new(16);
    let mut device = device("random-cuts", "");
    device.set_brightness(20);
    // Changes are stored within 5 s.
    std::thread::sleep(Duration::from_secs(6));
    let mut runs = FIRST.to_owned();
    for number in 1..=CUTS {
        let next = format!("0.2.{number}");
        let (image, addr) = (signed(&next, Fault::None), device.addr);
        let uploading = std::thread::spawn(move || upload(addr, &image, image.len()));
        let moment = u64::try_from(random.below(SPAN_MS)).expect("the span is short");
        std::thread::sleep(Duration::from_millis(moment));
        device.switch_off();
        let _ = uploading.join().expect("the upload panicked");
        device.switch_on();
        device.expect(&["\"state\":\"confirmed\"", "\"upload\":null", "\"refusal\":null"]);
        let version = version(&device);
        println!("cut after {moment} ms: {version} runs");
        assert!(version == runs || version == next, "{version} runs, neither {runs} nor {next}");
        assert_eq!(device.brightness(), "20");
        runs = version;
    }
}

/// Returns the version that runs.
fn version(device: &Device) -> String {
    let status = device.status().expect("the device does not answer");
    let version = status.strip_prefix("{\"version\":\"").and_then(|rest| rest.split('"').next());
    version.expect("there is no version").to_owned()
}

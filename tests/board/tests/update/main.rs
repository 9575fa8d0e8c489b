//! Updates over HTTP of a device in QEMU: whole ones, refused ones, ones that fail their trial, and power cuts.
//!
//! Trials take 10 s in this firmware.

mod device;
mod endurance;
mod images;
#[path = "../machine/mod.rs"]
mod machine;
mod others;

use device::Device;
use images::{Fault, SIGNATURE, for_other_board, sign, signed, unsigned};
use qemu_flash::SLOTS;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;
use test_support::{SOON, wait_until};

/// Version of the firmware that is there first.
const FIRST: &str = env!("CARGO_PKG_VERSION");
/// The flash takes no time, so tests that do not measure it are short.
const INSTANT: &str = "instep.flash=instant";

/// Starts a device with the first version.
fn device(test: &str, arguments: &str) -> Device {
    let device = Device::start(test, &signed(FIRST, Fault::None), &format!("{INSTANT} {arguments}"));
    device.expect(&["\"slot\":\"ota_0\",\"state\":\"confirmed\"", "\"last\":null", "\"refusal\":null"]);
    device
}

#[test]
fn three_updates_are_confirmed() {
    for arguments in ["", "instep.rollback=on"] {
        let mut device = device("three-updates", arguments);
        device.set_brightness(33);
        for (version, slot) in [("0.2.1", "ota_1"), ("0.2.2", "ota_0"), ("0.2.3", "ota_1")] {
            let answer = device.put(&signed(version, Fault::None));
            assert_eq!(answer, (200, format!("{{\"version\":\"{version}\"}}")));
            let runs = format!("\"version\":\"{version}\"");
            // The request that asks is the one that confirms it.
            device.expect(&[
                &format!("{{{runs},\"board\":\"qemu-riscv32\",\"chip\":{}", qemu_flash::CHIP),
                "\"application\":\"lamp\"",
                &format!("\"slot\":\"{slot}\",\"state\":\"confirmed\""),
                &format!(
                    "\"last\":{{{runs},\"outcome\":\"confirmed\",\"reason\":\"a client received an answer\"}}"
                ),
            ]);
            assert_eq!(device.brightness(), "33");
        }
        // The last one still runs after the power was off.
        device.switch_off();
        device.switch_on();
        device.expect(&["{\"version\":\"0.2.3\"", "\"state\":\"confirmed\""]);
    }
}

#[test]
fn refused_images_leave_running_one_alone() {
    let device = device("refused-images", "");
    device.set_brightness(44);
    let whole = signed("0.2.1", Fault::None);
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    let mut wrong_signature = whole.clone();
    *wrong_signature.last_mut().unwrap() ^= 1;
    let middle = (whole.len() / 2) & !3;
    for (image, status, code) in [
        (for_other_board("0.2.1"), 422, "other-board"),
        (signed("0.1.9", Fault::None), 409, "lower-version"),
        (whole[..middle].to_vec(), 422, "cut-short"),
        (flipped, 422, "wrong-checksum"),
        (unsigned("0.2.1", Fault::None), 403, "not-signed"),
        (wrong_signature, 403, "wrong-signature"),
        (vec![b'x'; 10_000], 422, "not-an-image"),
        (vec![0xff; (SLOTS[0].end - SLOTS[0].start) as usize + 4], 413, "too-long"),
    ] {
        let (refused, body) = device.put(&image);
        assert!(
            refused == status && body.starts_with(&format!("{{\"code\":\"{code}\",")),
            "{code}: {refused} {body}"
        );
        device.expect(&[
            &format!("{{\"version\":\"{FIRST}\""),
            "\"state\":\"confirmed\"",
            "\"refusal\":null",
        ]);
    }
    // It was refused before its content, so the last upload is the one before.
    let wrong_file =
        "{\"version\":\"\",\"outcome\":\"refused\",\"reason\":\"This file is not a firmware image.\"}";
    device.expect(&[&format!("\"last\":{wrong_file}")]);
    // The connection breaks in the middle.
    assert_eq!(device.try_put(&whole[..middle], whole.len()), None);
    device.expect(&["\"outcome\":\"broken\"", "\"upload\":null", "\"refusal\":null"]);
    let starts = device.machine().log().iter().filter(|line| line.contains("boot: slot")).count();
    assert_eq!(starts, 1, "the device restarted");
    assert_eq!(device.brightness(), "44");
    // None of them keeps a whole one out.
    assert_eq!(device.put(&whole).0, 200);
    device.expect(&["{\"version\":\"0.2.1\"", "\"state\":\"confirmed\""]);
    assert_eq!(device.brightness(), "44");
}

#[test]
fn image_that_fails_returns_to_old_one() {
    let device = device("failing-images", "");
    device.set_brightness(55);
    for (fault, reason) in [
        (Fault::Panics, "the new firmware panicked"),
        (Fault::Hangs, "the new firmware stood still until the watchdog restarted it"),
        (Fault::NeverJoins, "the new firmware got no address in the network"),
        (Fault::AnswersNothing, "the new firmware left a request unanswered"),
        (Fault::FailsCheck, "the check of the new firmware failed"),
    ] {
        assert_eq!(device.put(&signed("0.2.1", fault)).0, 200);
        device.expect(&[
            &format!("{{\"version\":\"{FIRST}\""),
            "\"slot\":\"ota_0\",\"state\":\"confirmed\"",
            &format!("\"last\":{{\"version\":\"0.2.1\",\"outcome\":\"returned\",\"reason\":\"{reason}\"}}"),
            "\"refusal\":null",
        ]);
        assert_eq!(device.brightness(), "55");
    }
}

#[test]
fn image_that_panics_returns_with_rollback_on() {
    let device = device("rollback-on", "instep.rollback=on");
    assert_eq!(device.put(&signed("0.2.1", Fault::Panics)).0, 200);
    device.expect(&[
        &format!("{{\"version\":\"{FIRST}\""),
        "\"last\":{\"version\":\"0.2.1\",\"outcome\":\"returned\",\"reason\":\"the new firmware restarted, or the power failed, before it had proved itself\"}",
    ]);
}

#[test]
fn power_cut_leaves_whole_image() {
    let mut device = device("power-cuts", "");
    device.set_brightness(66);
    let image = signed("0.2.1", Fault::None);
    // In the middle of an upload.
    let mut client = TcpStream::connect(device.addr).expect("cannot connect");
    let head =
        format!("PUT /firmware HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", image.len());
    client.write_all(head.as_bytes()).expect("cannot send");
    client.write_all(&image[..image.len() / 2]).expect("cannot send");
    let half = SLOTS[1].start + u32::try_from(image.len() / 4).unwrap();
    let is_written = || device.flash.read(half, 64).expect("cannot read the flash") != [0xff; 64];
    wait_until(SOON, is_written, || "no sector was written");
    // The brightness is stored, too, within 5 s.
    std::thread::sleep(Duration::from_secs(6));
    device.switch_off();
    device.switch_on();
    device.expect(&[&format!("{{\"version\":\"{FIRST}\""), "\"state\":\"confirmed\"", "\"last\":null"]);
    assert_eq!(device.brightness(), "66");

    // At the first start of the new image, before anything confirms it.
    assert_eq!(device.put(&image).0, 200);
    device.machine().expect(&["This firmware is on trial, at its start 1"]);
    device.switch_off();
    device.switch_on();
    device.machine().expect(&["This firmware is on trial, at its start 2"]);
    device.expect(&["{\"version\":\"0.2.1\"", "\"state\":\"confirmed\""]);
    assert_eq!(device.brightness(), "66");
}

#[test]
fn image_is_confirmed_if_nobody_asks() {
    let device = device("nobody-asks", "");
    assert_eq!(device.put(&signed("0.2.1", Fault::None)).0, 200);
    device.machine().expect(&["on trial", "This firmware stays: it had an address, and nobody asked"]);
    device.expect(&["\"reason\":\"it had an address, and nobody asked\""]);
}

#[test]
fn signature_is_behind_image() {
    let image = unsigned("0.2.1", Fault::None);
    assert_eq!(sign(image.clone()).len(), image.len() + SIGNATURE);
}

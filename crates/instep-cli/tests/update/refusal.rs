//! Images that are not sent, or not accepted.

use crate::call::*;
use std::process::Stdio;
use std::time::Duration;
use test_support::Folder;
use updatable_device::{Device, Sample, Setup};

#[test]
fn image_for_something_else_is_not_sent() {
    let device = setup().start();
    let folder = Folder::new("update-not-for-it");
    let new = || Sample::new("0.3.0");
    let name = device.addr.to_string();
    for (sample, option, sentence) in [
        (
            Sample { board: "esp32c3-devkit", ..new() },
            "",
            "the image is for the board esp32c3-devkit, the device is devkit",
        ),
        (
            Sample { chip: instep_update::Chip::ESP32C6, ..new() },
            "",
            "the image is for ESP32-C6, the device has ESP32-C3",
        ),
        (
            Sample { application: "lamp", ..new() },
            "--other-application",
            "the image has the application lamp, the device garden; add --other-application to replace it",
        ),
        (
            Sample::new("0.1.9"),
            "--downgrade",
            "the image has version 0.1.9, which is lower than 0.2.0; add --downgrade to replace it",
        ),
        (
            Sample { length: 300_000, ..new() },
            "",
            "the image has 300464 bytes, and the device has room for 262144; build a smaller one",
        ),
    ] {
        let image = write(&folder, &sample);
        expect(
            &run(&[&name, &image]),
            2,
            &format!("instep update: nothing was sent to {name}: {sentence}\n"),
        );
        if option.is_empty() {
            continue;
        }
        let device = setup().start();
        expect(&run(&[option, &device.addr.to_string(), &image]), 0, "");
        assert!(firmware(&device).contains(sample.application) && firmware(&device).contains(sample.version));
    }
    assert!(firmware(&device).starts_with("{\"version\":\"0.2.0\","));
}

#[test]
fn file_that_is_no_whole_image_is_not_sent() {
    let device = setup().start();
    let folder = Folder::new("update-no-image");
    let path = folder.file("image.bin");
    let whole = Sample::new("0.3.0").make();
    let mut flipped = whole.clone();
    flipped[10_000] ^= 4;
    for (bytes, says) in [
        (&whole[..20_000], "This image is incomplete; send it again."),
        (&flipped, "This image is damaged: its checksum is wrong; send it again."),
        (b"<html>", "This file is not a firmware image."),
        (b"\x7fELF\x01", "this is an ELF file; name the image that was made from it (.bin)"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = format!("instep update: cannot use the image {path}: {says}\n");
        expect(&run(&[&device.addr.to_string(), &path]), 2, &error);
    }
    let missing = run(&[&device.addr.to_string(), "/none/image.bin"]);
    assert_eq!(missing.code, 2);
    assert!(
        missing.error.contains("cannot use the image /none/image.bin: No such file"),
        "{}",
        missing.error
    );
}

#[test]
fn device_that_takes_no_image_ends_with_1_and_its_sentence() {
    let folder = Folder::new("update-refused");
    let image = write(&folder, &Sample::new("0.3.0"));
    // Without a password, nobody may.
    let device = Setup { is_open: false, ..setup() }.start();
    let refused = |device: &Device, sentence: &str| {
        format!("instep update: {} refused the update: {sentence}\n", device.addr)
    };
    expect(
        &run(&[&device.addr.to_string(), &image]),
        1,
        &refused(&device, "updates need a password, and this device has none: set one first"),
    );
    // There is no second slot.
    let device = Setup { capacity: None, ..setup() }.start();
    expect(
        &run(&[&device.addr.to_string(), &image]),
        1,
        &refused(&device, "this device has no room for a second image: update it by cable"),
    );
    // Only signed images are accepted.
    let key = instep_update::PublicKey::new([9; 32]);
    let device = Setup { key: Some(key), ..setup() }.start();
    expect(
        &run(&[&device.addr.to_string(), &image]),
        1,
        &refused(&device, "This image is not signed; this device accepts signed images only."),
    );
    // Another image comes.
    let device = Setup { sector_time: Duration::from_secs(1), ..setup() }.start();
    let addr = device.addr.to_string();
    let mut first = command(&[&addr, &image]).stdout(Stdio::null()).spawn().unwrap();
    wait_for_upload(&device);
    expect(
        &run(&[&addr, &image]),
        1,
        &refused(&device, "another image is being received: try again when it has ended"),
    );
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn wrong_call_ends_with_2() {
    for args in [
        &[][..],
        &["garden.local"],
        &["ftp://garden.local", "image.bin"],
        &["garden.local", "i", "--wait", "x"],
    ] {
        assert_eq!(run(args).code, 2, "{args:?}");
    }
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for text in ["Exit codes:", "INSTEP_PASSWORD", "--downgrade", "--other-application", "--tls-ca", "--wait"]
    {
        assert!(help.out.contains(text), "{text}");
    }
}

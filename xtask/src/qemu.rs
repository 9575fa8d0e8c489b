//! The bare-metal image in QEMU, for use by hand and for tests.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::autobahn;
use crate::bare_metal::toolchain;
use crate::browser::{self, leave_out};
use crate::esptool;
use crate::node_wot;
use crate::own_network;
use crate::qemu_image::{Built, build, build_image, build_stub, in_board};
use crate::report::{Outcome, Report};
use crate::tools::{Tools, cargo, run};

/// Tests of the command that the image must also pass.
const COMMAND_TESTS: [&str; 14] = [
    "applications",
    "backlog",
    "churn",
    "handshake",
    "http",
    "inbox_flood",
    "log_lines",
    "login",
    "many_clients",
    "origin",
    "pages",
    "protocol_errors",
    "rest",
    "things",
];
/// Tests of these files that do not run on a device, with the reason.
const NOT_FOR_A_DEVICE: [(&str, &str); 19] = [
    ("compression_is_negotiated_as_browsers_offer_it", "a device does not compress"),
    ("page_and_socket_may_use_two_ports_of_server", "the image listens on one port"),
    ("ten_thousand_visits_leak_nothing", "the test measures a process of Linux"),
    ("two_hundred_slow_or_silent_sockets_delay_no_client", "a device has 14 sockets"),
    ("concurrent_requests_are_done_or_get_503", "the test opens more connections than a device has"),
    ("public_address_needs_password_or_open", "a device listens to its network in any case"),
    ("cookie_over_tls_is_secure_and_causes_no_warning", "a device has no TLS"),
    ("password_may_come_from_file", "a device has no files"),
    ("password_and_session_appear_nowhere", "the test is about options of the command"),
    ("bom_and_newline_are_no_part_of_password", "a device has no files"),
    ("session_holds_at_each_program_with_the_key", "a device has no files"),
    ("wrong_session_key_is_explained", "a device has no files"),
    ("answers_have_date_header", "a device has no clock"),
    ("client_reusing_connections_never_meets_closed_one", "the limits of a device are those of its firmware"),
    ("request_sent_while_server_was_stopped_is_answered", "an emulated network stops with the device"),
    ("broker_is_reached_over_tls", "a device has no TLS"),
    ("metrics_count_connections", "a device has no metrics"),
    ("password_at_broker_may_come_from_file", "a device has no files"),
    ("password_in_an_address_is_refused_and_not_printed", "the test is about options of the command"),
];
/// Build-time settings of an image for a test.
const SETTINGS: [(&str, &str); 5] = [
    ("INSTEP_APP", "led-plain"),
    ("INSTEP_NAME", "lamp"),
    ("INSTEP_PASSWORD", "open sesame"),
    ("INSTEP_ALLOW_HOST", "lamp.test, other.test"),
    ("INSTEP_PAGE", "tests/board/page.html"),
];

/// Build-time settings of an image for more clients than usual, for a test.
const FOR_16: [(&str, &str); 1] = [("INSTEP_CLIENTS", "16")];

/// Feature of an image that is the client of an MQTT broker.
const MQTT: &str = "mqtt";
/// Test of the command that such an image must also pass.
const BROKER_TEST: &str = "broker";
/// Feature of an image that can be updated over HTTP.
const UPDATE: &str = "update";
/// Build-time settings of an image for tests of updates.
///
/// The key is that of the tests, which sign images with `SEED` (`tests/board/tests/update/images.rs`).
const FOR_UPDATES: [(&str, &str); 3] = [
    ("INSTEP_APP", "lamp"),
    ("INSTEP_UPDATE", "open"),
    ("INSTEP_UPDATE_KEY", "7d6454cf7666b168a2df0642f5717280d6636c80478a9b7c430f9a088f4b96a4"),
];

/// Boots an application and shows its log, until Ctrl-C.
///
/// With a file for the flash, the boot stub starts the application from a slot.
pub(crate) fn show(app: &str, flash: Option<PathBuf>, tools: &mut Tools) -> Outcome {
    // Without a flash there is no slot for another image.
    let features: &[&str] = if flash.is_some() { &[MQTT, UPDATE] } else { &[MQTT] };
    let Built { image, launcher } = build(tools, features)?;
    let mut qemu = Command::new(launcher);
    if let Some(flash) = flash {
        let [stub, _] = build_stub(tools)?;
        qemu.env("INSTEP_FLASH", flash).env("INSTEP_BOOT_STUB", stub);
    }
    run(qemu.args(["serve", "--app", app, "--addr", "127.0.0.1:8080"]).env("INSTEP_IMAGE", image))
}

/// Builds the image, boots it, and tests it.
///
/// With `full`, it also runs the tests that take minutes.
pub(crate) fn all(full: bool, report: &mut Report, tools: &mut Tools) {
    let images = report.step_for("qemu image", || {
        let with_settings = build_other(tools, &[], &SETTINGS, "with-settings")?;
        let for_16 = build_other(tools, &[], &FOR_16, "for-16")?;
        let update = build_other(tools, &[UPDATE], &FOR_UPDATES, "update")?;
        let mqtt = build_other(tools, &[MQTT], &[], "mqtt")?;
        let own_network = own_network::build(tools)?;
        let [stub, machine_test] = build_stub(tools)?;
        // The usual image is built last, because every build writes the same file, and this image must stay there.
        Ok((with_settings, for_16, update, mqtt, own_network, stub, machine_test, build(tools, &[])?))
    });
    report.step("qemu lints", || lint(tools));
    let Some((with_settings, for_16, update, mqtt, own_network, stub, machine_test, built)) = images else {
        return;
    };
    let Built { image, launcher } = built;
    report.step("qemu image by esptool", || esptool::check_machine(&update, tools));
    report.step("qemu tests", || {
        let mut tests = cargo(&["test", "--package", "board-tests", "--features", "board", "--no-fail-fast"]);
        tests.env("INSTEP_BIN", &launcher).env("INSTEP_IMAGE", &image);
        tests.env("INSTEP_OWN_NETWORK_IMAGE", &own_network).env("INSTEP_IMAGE_FOR_16", &for_16);
        tests.env("INSTEP_BOOT_STUB", &stub).env("INSTEP_MACHINE_TEST", &machine_test);
        tests.env("INSTEP_UPDATE_IMAGE", &update);
        // Each test uses two cores, because its machine needs one.
        tests.args(["--", "--test-threads=2"]).env("INSTEP_IMAGE_WITH_SETTINGS", &with_settings);
        run(tests.args(full.then_some("--include-ignored")))
    });
    report.step("qemu: tests of the command", || test_command(&COMMAND_TESTS, &launcher, &image));
    report.step("qemu: tests with a broker", || test_command(&[BROKER_TEST], &launcher, &mqtt));
    report.step("qemu node-wot", || node_wot::test_device(tools, &launcher, &image));
    report.step("qemu browser", || browser::test_device(tools, &launcher, &image));
    report.step("qemu browser: its own network", || browser::test_own_network(tools, &own_network));
    report.step("qemu autobahn", || autobahn::test_device(Path::new(&launcher), &image));
}

/// Runs tests of the command with the image.
fn test_command(names: &[&str], launcher: &OsStr, image: &Path) -> Outcome {
    let mut tests = cargo(&["test", "--package", "instep-cli", "--no-fail-fast"]);
    tests.args(names.iter().flat_map(|name| ["--test", name])).args(["--", "--test-threads=2"]);
    leave_out(&mut tests, &NOT_FOR_A_DEVICE);
    tests.env("INSTEP_BIN", launcher).env("INSTEP_IMAGE", image);
    run(tests.env("INSTEP_TARGET", "device"))
}

/// Runs Clippy, with the toolchain that builds the image.
fn lint(tools: &mut Tools) -> Outcome {
    let toolchain = toolchain(tools)?;
    let mut clippy = toolchain.clippy(tools)?;
    // The images without them are compiled for the tests.
    clippy.args(["--workspace", "--release", "--features", UPDATE, "--features", MQTT]);
    in_board(&mut clippy, toolchain);
    run(clippy.args(["--", "-D", "warnings"]))
}

/// Builds the image with these features and settings, and copies it to a path of its own.
fn build_other(
    tools: &mut Tools,
    features: &[&str],
    settings: &[(&str, &str)],
    name: &str,
) -> Outcome<PathBuf> {
    let image = build_image(tools, features, settings)?;
    let kept = image.with_extension(name);
    std::fs::copy(&image, &kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    Ok(kept)
}

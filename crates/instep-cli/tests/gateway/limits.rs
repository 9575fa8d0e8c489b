//! Limits and options of a gateway.

use crate::house::{gateway, get, silent_device, wait_for_device};
use crate::served::INSTEP;
use std::process::{Command, Stdio};
use test_support::mosquitto::Mosquitto;
use test_support::{SOON, wait_until};

#[test]
fn devices_above_the_limit_are_left_out_and_told_once() {
    let Some(broker) = Mosquitto::start() else { return };
    let gateway = gateway(&broker.url()).arg("--limit").arg("devices=2").start();
    for id in ["one", "two", "three", "four"] {
        silent_device(&broker, id);
        if id != "three" && id != "four" {
            wait_for_device(gateway.addr(), id);
        }
    }
    let is_told = |line: &str| line.starts_with("The broker tells of more than 2 devices");
    gateway.wait_for_line(is_told, SOON);
    assert_eq!(
        ["one", "two", "three", "four"].map(|id| get(gateway.addr(), &format!("/{id}/")).status),
        [200, 200, 404, 404]
    );
    assert_eq!(gateway.lines().iter().filter(|line| is_told(line)).count(), 1);
    // A device that is removed makes room for one of those.
    let mut client = broker.client();
    client.publish("instep/one/thing", "", true);
    let shown = || ["three", "four"].map(|id| get(gateway.addr(), &format!("/{id}/")).status == 200);
    wait_until(SOON, || shown() != [false, false], || "no other device is taken in");
    assert_eq!(shown().into_iter().filter(|is_shown| *is_shown).count(), 1);
}

#[test]
fn invalid_call_is_refused_with_a_sentence() {
    for (arguments, sentence) in [
        (&[][..], "a gateway needs a broker; add --mqtt mqtt://HOST"),
        (&["--mqtt", "http://a"], "begins with neither mqtt:// nor mqtts://"),
        (&["--mqtt", "mqtt://user:secret@a"], "has a password, which others could read"),
        (&["--mqtt", "mqtt://a", "--app", "lamp"], "unexpected argument '--app'"),
        (&["--mqtt", "mqtt://a", "--limit", "devices=0"], "devices must be from 1 to 1000000"),
        (&["--mqtt", "mqtt://a", "--addr", "0.0.0.0:0"], "other machines can reach it; set a password"),
        (
            &["--mqtt", "mqtt://a", "--mqtt-password-file", "/nowhere"],
            "cannot read the password file /nowhere",
        ),
    ] {
        let mut command = Command::new(INSTEP);
        command.arg("gateway").args(arguments).env_remove("INSTEP_MQTT_PASSWORD").stdin(Stdio::null());
        let output = command.output().expect("cannot run the command");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(sentence), "{arguments:?}: {text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn help_has_the_limits_of_a_gateway() {
    let output = Command::new(INSTEP).args(["gateway", "--help"]).output().expect("cannot run the command");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("fleet_bytes   536870912  bytes of all values"), "{text}");
}

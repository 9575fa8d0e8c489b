//! `instep simulate` with mosquitto.
//!
//! Without mosquitto, the test with a broker is skipped.

use std::process::{Child, Command, Stdio};
use test_support::SOON;
use test_support::mosquitto::Mosquitto;

/// The command, which ends when dropped.
struct Simulated(Child);

impl Drop for Simulated {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn simulate(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_instep"));
    command.arg("simulate").args(arguments).env_remove("INSTEP_MQTT_PASSWORD").stdin(Stdio::null());
    command
}

#[test]
fn simulated_devices_publish_and_obey() {
    let Some(broker) = Mosquitto::start() else { return };
    let url = broker.url();
    let mut command = simulate(&["--devices", "3", "--interval", "0.05", "--mqtt", &url]);
    let devices = Simulated(command.stdout(Stdio::null()).spawn().expect("cannot start the command"));
    let mut client = broker.client();
    for number in 1..=3 {
        let id = format!("simulated-{number:06}");
        client.subscribe(&format!("instep/{id}"));
        client.expect(&format!("instep/{id}"), "online");
        let led = format!("instep/{id}/led");
        client.subscribe(&led);
        client.expect(&led, r#"{"label":"led","value":false}"#);
        client.publish(&format!("{led}/set"), "true", false);
        client.expect(&led, r#"{"label":"led","value":true}"#);
    }
    let power = "instep/simulated-000002/power";
    client.subscribe(power);
    let first = client.next(SOON).expect("there is no value").payload;
    let other = std::iter::from_fn(|| client.next(SOON)).find(|message| message.payload != first);
    assert!(other.is_some(), "the value does not change");
    // Home Assistant is not told.
    client.subscribe("homeassistant/#");
    drop(devices);
    client.expect("instep/simulated-000003", "offline");
    assert!(!client.all(SOON / 10).iter().any(|(topic, _)| topic.starts_with("homeassistant")));
}

#[test]
fn invalid_call_is_refused_with_a_sentence() {
    for (arguments, sentence) in [
        (&["--mqtt", "http://a"][..], "the address in --mqtt begins with neither mqtt:// nor mqtts://"),
        (
            &["--mqtt", "mqtt://user:secret@a"],
            "the address in --mqtt has a password, which others could read",
        ),
        (&["--mqtt", "mqtt://a", "--devices", "0"], "0 is not in 1..=100000"),
        (&["--mqtt", "mqtt://a", "--interval", "soon"], "write a number of seconds, such as 0.5"),
        (
            &["--mqtt", "mqtt://a", "--mqtt-password-file", "/nowhere"],
            "cannot read the password file /nowhere",
        ),
    ] {
        let output = simulate(arguments).output().expect("cannot run the command");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(sentence), "{arguments:?}: {text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

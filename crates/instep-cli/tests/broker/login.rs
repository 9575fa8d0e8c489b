//! Log-in at a broker, and who may command a device.

use crate::lamp::{LED, SET, device, led};
use std::time::Duration;
use test_support::mosquitto::{Client, Mosquitto, passwords, url_of};
use test_support::{Builder, SOON};

/// Each failure has its sentence.
#[test]
fn log_says_why_there_is_no_connection() {
    let Some(file) = passwords(&[("lamp", "Tr0mbone-77")]) else { return };
    let lines = "allow_anonymous false\npassword_file FOLDER/passwords";
    let Some(broker) = Mosquitto::with(lines, &[("passwords", &file)]) else { return };
    let url = broker.url().replace("mqtt://", "mqtt://lamp@");
    let wrong = device(&url).variable("INSTEP_MQTT_PASSWORD", "wrong").start();
    wrong.expect_line(&format!(
        "Cannot connect to the broker {url}: it refused the user name or the password; correct them, or allow this user in the broker"
    ));
    let right = device(&url).variable("INSTEP_MQTT_PASSWORD", "Tr0mbone-77").start();
    right.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
    assert!(!right.lines().concat().contains("Tr0mbone-77"), "the password is in the log");
    let closed = url_of(test_support::free_addr());
    let server = device(&closed).start();
    server.expect_line(&format!(
        "Cannot connect to the broker {closed}: nothing listens there; start the broker, or correct the port"
    ));
    let server = device("mqtt://nowhere.invalid").start();
    server.wait_for_line(
        |line| line == "Cannot connect to the broker mqtt://nowhere.invalid:1883: there is no such host; correct the name, or use an IP address",
        3 * SOON,
    );
}

#[test]
fn password_at_broker_may_come_from_file() {
    let Some(file) = passwords(&[("lamp", "Tr0mbone-77")]) else { return };
    let lines = "allow_anonymous false\npassword_file FOLDER/passwords";
    let Some(broker) = Mosquitto::with(lines, &[("passwords", &file)]) else { return };
    let password = broker.folder.write("device-password", "Tr0mbone-77\n");
    let url = broker.url().replace("mqtt://", "mqtt://lamp@");
    let server = device(&url).arg("--mqtt-password-file").arg(password).start();
    server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
}

/// A device with a password takes no commands from a broker, unless it is told to.
#[test]
fn password_of_device_turns_commands_off() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    client.subscribe(LED);
    for (option, commands) in [(None, false), (Some("--mqtt-commands"), true)] {
        let mut device = device(&broker.url()).variable("INSTEP_PASSWORD", "a long password");
        device = option.into_iter().fold(device, Builder::arg);
        let server = device.start();
        client.expect(LED, &led(false));
        server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
        let said = server.lines().iter().any(|line| line.starts_with("The broker's commands are ignored"));
        assert_eq!(said, !commands);
        client.publish(SET, "true", false);
        if commands {
            client.expect(LED, &led(true));
        } else {
            assert_eq!(client.all(Duration::from_millis(500)), []);
        }
    }
}

/// With the files of docs/guide/mqtt.
#[test]
fn access_list_lets_device_write_only_its_own_topics() {
    let Some(file) = passwords(&[("lamp-1", "one"), ("lamp-2", "two"), ("homeassistant", "ha")]) else {
        return;
    };
    let shown = include_str!("../../../../docs/guide/mqtt/mosquitto.conf");
    let acl = include_bytes!("../../../../docs/guide/mqtt/acl");
    let lines = shown.replace("listener 1883\n", "").replace("/etc/mosquitto/", "FOLDER/");
    let Some(broker) = Mosquitto::with(&lines, &[("passwords", &file), ("acl", acl)]) else { return };
    let url = broker.url().replace("mqtt://", "mqtt://lamp-1@");
    let server = device(&url).variable("INSTEP_MQTT_PASSWORD", "one").start();
    server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
    let mut home = Client::connect(broker.addr, Some(("homeassistant", "ha")));
    home.subscribe("instep/#");
    home.expect("instep/lamp-1", "online");
    home.publish(SET, "true", false);
    home.expect(LED, &led(true));
    let mut other = Client::connect(broker.addr, Some(("lamp-2", "two")));
    // Only the message at its own topic arrives.
    other.publish(SET, "false", false);
    other.publish(LED, led(false), true);
    other.publish("instep/lamp-2/led", led(false), true);
    home.expect("instep/lamp-2/led", &led(false));
    let others = home.all(Duration::from_millis(500));
    assert!(!others.iter().any(|(topic, _)| topic == LED || topic == SET), "{others:?}");
}

#[test]
fn broker_is_reached_over_tls() {
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("no certificate");
    let (chain, key) = (certificate.cert.pem(), certificate.signing_key.serialize_pem());
    let lines = "allow_anonymous true\ncertfile FOLDER/cert.pem\nkeyfile FOLDER/key.pem";
    let files: [(&str, &[u8]); 2] = [("cert.pem", chain.as_bytes()), ("key.pem", key.as_bytes())];
    let Some(broker) = Mosquitto::with(lines, &files) else { return };
    let url = format!("mqtts://localhost:{}", broker.addr.port());
    let trusted = device(&url).variable("SSL_CERT_FILE", broker.folder.file("cert.pem")).start();
    trusted.expect_line(&format!("Connected to the broker {url}; the device is instep/lamp-1"));
    let other = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("no certificate");
    let other = broker.folder.write("other.pem", other.cert.pem());
    let distrusting = device(&url).variable("SSL_CERT_FILE", other).start();
    distrusting.wait_for_line(
        |line| line.starts_with(&format!("Cannot connect to the broker {url}: TLS failed: ")),
        3 * SOON,
    );
}

#[test]
fn password_in_an_address_is_refused_and_not_printed() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_instep"))
        .args(["config", "--mqtt", "mqtt://lamp:Tr0mbone-77@127.0.0.1"])
        .output()
        .unwrap();
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!output.status.success() && printed.contains("\"***\" has a password"), "{printed}");
    assert!(!printed.contains("Tr0mbone-77"), "{printed}");
}

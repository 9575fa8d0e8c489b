//! `instep serve --mqtt` with mosquitto; and the image of a device, by the same tests.
//!
//! Without mosquitto, the tests are skipped.

mod mosquitto;
mod scraped;
mod served;

use mosquitto::{Client, Mosquitto, passwords, url_of};
use scraped::{Scrape, metrics_addr};
use served::{get, with};
use std::io::{ErrorKind, Read as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use test_support::{Builder, SOON, Server, WebSocket};

/// Time in which a device is back after its broker is: the waiting times before its first retries, and some more.
const BACK: Duration = Duration::from_secs(20);
const LED: &str = "instep/lamp-1/led";
const SET: &str = "instep/lamp-1/led/set";

/// Returns the application `workshop` as the device `lamp-1` at this broker.
fn device(url: &str) -> Builder {
    with(&["--app", "workshop", "--mqtt", url, "--mqtt-id", "lamp-1"])
}

fn start(broker: &Mosquitto) -> Server {
    let server = device(&broker.url()).start();
    server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
    server
}

fn led(on: bool) -> String {
    format!(r#"{{"label":"led","value":{on}}}"#)
}

/// Reads a page's frames until this one comes.
#[track_caller]
fn expect_frame(page: &mut WebSocket, frame: &str) {
    page.read_text_until(|text| text == frame);
}

#[test]
fn values_are_retained_right_after_start() {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    let mut frames = vec![page.read_text()];
    while !frames.last().is_some_and(|frame| frame.starts_with(r#"{"label":"name""#)) {
        frames.push(page.read_text());
    }
    let mut client = broker.client();
    client.subscribe("instep/lamp-1/thing/td");
    let description = client.next(SOON).expect("there is no description");
    assert!(description.retain);
    let description: serde_json::Value =
        serde_json::from_slice(&description.payload).expect("the description is no JSON");
    assert_eq!(description["title"], "Workshop");
    assert!(description.get("base").is_none() && description.get("security").is_none());
    client.subscribe("instep/lamp-1/#");
    client.expect("instep/lamp-1", "online");
    // The first frame and the changing temperature aside, they are the same bytes.
    let frames =
        frames.into_iter().filter(|frame| !frame.contains("temperature") && !frame.contains("\"thing\""));
    for frame in frames {
        let label = frame.split('"').nth(3).expect("a frame has a label").to_owned();
        let mut client = broker.client();
        client.subscribe(&format!("instep/lamp-1/{label}"));
        assert!(client.expect(&format!("instep/lamp-1/{label}"), &frame).retain);
    }
}

#[test]
fn command_changes_page_and_value() {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    let mut client = broker.client();
    client.subscribe(LED);
    client.publish(SET, "true", false);
    client.expect(LED, &led(true));
    expect_frame(&mut page, &led(true));
    server.expect_line(r#"[MQTT] Received: {"label":"led","value":true,"id":0}"#);
    page.send_text(&led(false));
    client.expect(LED, &led(false));
    let answer = "instep/lamp-1/thing/answer/test/1";
    client.subscribe("instep/lamp-1/thing/answer/#");
    client.ask(SET, &led(true), answer);
    let message = client.expect(answer, r#"{"label":"ok","id":0}"#);
    let data = message.properties.and_then(|properties| properties.correlation_data);
    assert_eq!(data.as_deref(), Some(&b"17"[..]));
    client.ask(SET, "1", answer);
    let message = client.next(SOON).expect("there is no answer");
    assert!(message.payload.starts_with(br#"{"label":"error","id":0,"value":{"code":"wrong-type""#));
}

/// A command that was sent retained is done once, and not again after the device has come back.
#[test]
fn stored_command_is_done_once() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    client.publish(SET, "true", true);
    let mut server = start(&broker);
    client.subscribe(LED);
    client.expect(LED, &led(false));
    client.publish(SET, "true", true);
    client.expect(LED, &led(true));
    server.restart();
    client.expect(LED, &led(false));
    let values = client.all(Duration::from_millis(500));
    assert!(values.iter().all(|(_, frame)| *frame == led(false)), "{values:?}");
}

#[test]
fn device_that_ends_is_offline() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut server = start(&broker);
    let mut client = broker.client();
    client.subscribe("instep/lamp-1");
    client.expect("instep/lamp-1", "online");
    server.kill();
    client.expect("instep/lamp-1", "offline");
    server.restart();
    client.expect("instep/lamp-1", "online");
    server.stop();
    client.expect("instep/lamp-1", "offline");
}

/// The page never notices, and every value is right at the end, although the broker has lost its store.
#[test]
fn broker_that_was_restarted_gets_everything() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    expect_frame(&mut page, &led(false));
    broker.kill();
    server.wait_for_line(|line| line.starts_with("Disconnected from the broker"), SOON);
    page.send_text(r#"{"label":"led","value":true,"id":1}"#);
    expect_frame(&mut page, r#"{"label":"ok","id":1}"#);
    broker.restart();
    let mut client = broker.client();
    client.subscribe("instep/lamp-1/#");
    client.expect_within(LED, &led(true), BACK);
    client.expect("instep/lamp-1", "online");
    client.publish(SET, "false", false);
    expect_frame(&mut page, &led(false));
}

#[test]
fn metrics_count_connections() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let server = device(&broker.url()).arg("--metrics").arg("0").start();
    server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
    let metrics = metrics_addr(&server);
    let counted = |connected, connections| {
        Scrape::until(metrics, |scrape| {
            let values =
                ["instep_mqtt_connected", "instep_mqtt_connections_total"].map(|name| scrape.value(name));
            values == [connected, connections]
        });
    };
    counted(1, 1);
    let health = || get(server.addr(), "/healthz?verbose").text().to_owned();
    assert_eq!(health(), "ok\nbroker: connected\n");
    broker.kill();
    counted(0, 1);
    assert_eq!(health(), "ok\nbroker: not connected\n");
    broker.restart();
    server.wait_for_line(|line| line.starts_with("Disconnected from the broker"), SOON);
    counted(1, 2);
}

/// For 5 s nobody gets anything, and then the latest value. The connection stays.
#[test]
fn short_cut_of_the_network_costs_nothing() {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    expect_frame(&mut page, &led(false));
    broker.freeze(true);
    let cut = Instant::now();
    let mut on = false;
    while cut.elapsed() < Duration::from_secs(5) {
        on = !on;
        page.send_text(&led(on));
        expect_frame(&mut page, &led(on));
        std::thread::sleep(Duration::from_millis(200));
    }
    broker.freeze(false);
    let mut client = broker.client();
    client.subscribe(LED);
    client.expect(LED, &led(on));
    client.publish(SET, led(!on), false);
    client.expect(LED, &led(!on));
    assert!(!server.lines().iter().any(|line| line.starts_with("Disconnected")), "the connection was lost");
}

/// A cut that is too long for the connection ends it, and the device connects again.
#[test]
fn long_cut_of_the_network_ends_the_connection() {
    cut(Duration::ZERO);
}

#[test]
#[ignore = "it takes more than a minute"]
fn cut_of_60_seconds_ends_the_connection() {
    cut(Duration::from_secs(60));
}

/// Cuts the network until the device has noticed it, at least for a time.
fn cut(min: Duration) {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    broker.freeze(true);
    let end = Instant::now() + min;
    let line = format!(
        "Disconnected from the broker {}: it did not answer for too long; check the network and the broker",
        broker.url()
    );
    server.wait_for_line(|said| said == line, Duration::from_secs(30));
    let mut page = WebSocket::connect(server.addr(), "/ws");
    page.send_text(&led(true));
    expect_frame(&mut page, &led(true));
    std::thread::sleep(end.saturating_duration_since(Instant::now()));
    broker.freeze(false);
    let mut client = broker.client();
    client.subscribe("instep/lamp-1/#");
    client.expect_within(LED, &led(true), BACK + min);
    client.expect("instep/lamp-1", "online");
}

#[test]
fn broker_that_says_nothing_is_left_and_page_does_not_notice() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("cannot listen");
    let url = url_of(silent.local_addr().expect("no address"));
    let server = device(&url).start();
    let mut page = WebSocket::connect(server.addr(), "/ws");
    page.send_text(&led(true));
    expect_frame(&mut page, &led(true));
    let line = format!(
        "Cannot connect to the broker {url}: it accepted the connection and said nothing; check that the address is that of an MQTT broker"
    );
    server.wait_for_line(|said| said == line, Duration::from_secs(15));
    page.send_text(&led(false));
    expect_frame(&mut page, &led(false));
}

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

#[test]
fn broker_that_takes_small_packets_gets_the_rest() {
    let Some(broker) = Mosquitto::with("allow_anonymous true\nmax_packet_size 100", &[]) else { return };
    let server = start(&broker);
    server.wait_for_line(
        |line| line.starts_with("The broker does not get ") && line.contains("packets of at most 100 bytes"),
        SOON,
    );
    let mut client = broker.client();
    client.subscribe(LED);
    // From now on the device takes commands.
    client.expect(LED, &led(false));
    client.publish(SET, "true", false);
    client.expect(LED, &led(true));
}

/// The device serves its page, says why in the log, and connects once there is room.
#[test]
fn broker_that_is_full_is_tried_again() {
    let Some(broker) = Mosquitto::with("allow_anonymous true\nmax_connections 2\n", &[]) else { return };
    // mosquitto 2.0.11 may count one too few, after the connection by which its start was seen.
    let connect = |_| {
        let mut stream = TcpStream::connect(broker.addr).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(500))).ok()?;
        stream.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock).then_some(stream)
    };
    let others: Vec<_> = (0..10).map_while(connect).collect();
    let server = device(&broker.url()).start();
    server.wait_for_line(|line| line.starts_with("Cannot connect to the broker"), 3 * SOON);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    expect_frame(&mut page, &led(false));
    drop(others);
    server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
}

/// mosquitto does not say that another client has the id.
#[test]
fn two_devices_of_one_id_are_noticed() {
    let Some(broker) = Mosquitto::start() else { return };
    let servers = [start(&broker), start(&broker)];
    let is_noticed = |line: &str| line.contains("another device may have the id lamp-1");
    let noticed = || servers.iter().any(|server| server.lines().iter().any(|line| is_noticed(line)));
    test_support::wait_until(Duration::from_secs(40), noticed, || "no device noticed the other one");
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
    let shown = include_str!("../../../docs/guide/mqtt/mosquitto.conf");
    let acl = include_bytes!("../../../docs/guide/mqtt/acl");
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

/// What is stored at the device's topics does not disturb it, and is replaced where the device has something to say.
#[test]
fn junk_at_every_topic_is_replaced() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    let junk = vec![b'x'; 1 << 20];
    for topic in ["", "/led", "/led/set", "/thing", "/thing/td", "/missed", "/set", "/none/set"] {
        client.publish(&format!("instep/lamp-1{topic}"), &junk, true);
    }
    let server = start(&broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    expect_frame(&mut page, &led(false));
    // Live, too: the broker does not pass on what is longer than the device takes.
    for topic in ["", "/led/set", "/thing"] {
        client.publish(&format!("instep/lamp-1{topic}"), &junk, false);
        client.publish(&format!("instep/lamp-1{topic}"), [0xff, 0, b'{'], false);
    }
    client.publish(SET, "true", false);
    expect_frame(&mut page, &led(true));
    let mut reader = broker.client();
    reader.subscribe(LED);
    reader.expect(LED, &led(true));
    reader.subscribe("instep/lamp-1");
    reader.expect("instep/lamp-1", "online");
    reader.subscribe("instep/lamp-1/thing");
    let thing =
        std::iter::from_fn(|| reader.next(SOON)).find(|message| message.payload.starts_with(b"{\"label\""));
    assert!(thing.is_some(), "the frame thing did not come back");
}

/// A relay must not click after the network was away: the connection is dropped with the command in it.
#[test]
fn command_is_not_done_late() {
    let Some(broker) = Mosquitto::start() else { return };
    let server = start(&broker);
    let mut client = broker.client();
    client.subscribe("instep/lamp-1/#");
    client.expect("instep/lamp-1", "online");
    server.freeze();
    let stat = format!("/proc/{}/stat", server.pid());
    let is_stopped = || std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "));
    test_support::wait_until(SOON, is_stopped, || "the server was not stopped");
    client.publish(SET, "true", false);
    // The broker gives the device up after one and a half keep-alives.
    client.expect_within("instep/lamp-1", "offline", Duration::from_secs(25));
    server.thaw();
    client.expect_within("instep/lamp-1", "online", BACK);
    let late = client.all(Duration::from_millis(500));
    assert!(!late.contains(&(LED.into(), led(true))), "{late:?}");
    assert!(!server.lines().iter().any(|line| line.starts_with("[MQTT]")), "the command was done");
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

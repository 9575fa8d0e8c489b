//! Home Assistant itself, which finds a device by mosquitto.
//!
//! `cargo xtask ha-test` fetches it.

mod served;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use served::with;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use test_support::mosquitto::Mosquitto;
use test_support::{Builder, Folder, SOON, Server, WebSocket, free_addr, http, wait_for, wait_until};

/// Time in which Home Assistant starts, on a busy machine.
const STARTS_WITHIN: Duration = Duration::from_secs(180);
/// Time in which Home Assistant shows a change.
const SHOWS_WITHIN: Duration = Duration::from_secs(30);
const CLIENT: &str = "http://localhost/";

/// Home Assistant, which ends when dropped.
struct HomeAssistant {
    process: Child,
    addr: SocketAddr,
    token: String,
    folder: Folder,
}

impl HomeAssistant {
    /// Starts Home Assistant with this broker, and logs in.
    fn start(broker: &Mosquitto) -> Self {
        let (addr, folder) = (free_addr(), Folder::new("home-assistant"));
        let configuration = format!(
            "homeassistant:\n  name: Test\n  latitude: 0\n  longitude: 0\n  elevation: 0\n  unit_system: metric\n  \
             time_zone: UTC\nhttp:\n  server_host: 127.0.0.1\n  server_port: {}\napi:\nwebsocket_api:\nlogger:\n  default: warning\n",
            addr.port()
        );
        folder.write("configuration.yaml", configuration);
        let message =
            |payload| json!({"topic": "homeassistant/status", "payload": payload, "qos": 0, "retain": false});
        let entry = json!({
            "created_at": "2025-01-01T00:00:00+00:00", "modified_at": "2025-01-01T00:00:00+00:00",
            "domain": "mqtt", "title": "broker", "version": 1, "minor_version": 2, "source": "user", "entry_id": "broker",
            "data": {"broker": "127.0.0.1", "port": broker.addr.port(), "protocol": "5"},
            "options": {
                "discovery": true, "discovery_prefix": "homeassistant",
                "birth_message": message("online"), "will_message": message("offline"),
            },
            "disabled_by": null, "discovery_keys": {}, "subentries": [], "unique_id": null,
            "pref_disable_new_entities": false, "pref_disable_polling": false,
        });
        let entries = json!({
            "version": 1, "minor_version": 5, "key": "core.config_entries", "data": {"entries": [entry]},
        });
        folder.write(".storage/core.config_entries", entries.to_string());
        let process = spawn(&folder);
        let mut home = Self { process, addr, token: String::new(), folder };
        home.expect_listening();
        home.log_in();
        home
    }

    /// Ends it as a person would, and starts it again after `meanwhile`.
    fn restart(&mut self, meanwhile: impl FnOnce()) {
        let pid = Pid::from_child(&self.process);
        kill_process(pid, Signal::TERM).expect("cannot end Home Assistant");
        self.process.wait().expect("cannot wait for Home Assistant");
        meanwhile();
        self.process = spawn(&self.folder);
        self.expect_listening();
    }

    fn expect_listening(&self) {
        wait_for(
            STARTS_WITHIN,
            || TcpStream::connect(self.addr).ok(),
            || format!("it does not listen: {}", self.log()),
        );
    }

    fn log_in(&mut self) {
        let user = json!({"client_id": CLIENT, "name": "Test", "username": "test", "password": "test", "language": "en"});
        let answer = wait_for(
            STARTS_WITHIN,
            || {
                Some(self.request("POST", "/api/onboarding/users", "application/json", &user.to_string()))
                    .filter(Value::is_object)
            },
            || format!("nobody can log in: {}", self.log()),
        );
        let code = answer["auth_code"].as_str().expect("there is no code").to_owned();
        let form = format!("grant_type=authorization_code&client_id={CLIENT}&code={code}");
        let answer = self.request("POST", "/auth/token", "application/x-www-form-urlencoded", &form);
        answer["access_token"].as_str().expect("there is no token").clone_into(&mut self.token);
    }

    /// Returns the JSON of an answer, or null.
    fn request(&self, method: &str, path: &str, content_type: &str, body: &str) -> Value {
        let authorization = if self.token.is_empty() {
            String::new()
        } else {
            format!("Authorization: Bearer {}\r\n", self.token)
        };
        let response = http(
            self.addr,
            format!(
                "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Type: {content_type}\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            ),
        );
        serde_json::from_slice(&response.body).unwrap_or(Value::Null)
    }

    fn states(&self) -> Vec<Value> {
        self.request("GET", "/api/states", "application/json", "").as_array().cloned().unwrap_or_default()
    }

    /// Returns the states of the device's entities, by domain and name.
    fn state(&self, domain: &str, name: &str) -> Option<Value> {
        self.states().into_iter().find(|state| {
            let is_of = state["entity_id"].as_str().is_some_and(|id| id.split('.').next() == Some(domain));
            is_of && state["attributes"]["friendly_name"].as_str().is_some_and(|full| full.ends_with(name))
        })
    }

    /// Waits until an entity has this state.
    #[track_caller]
    fn expect(&self, domain: &str, name: &str, wanted: &str) -> Value {
        let is = |state: &Value| state["state"] == wanted;
        wait_for(
            SHOWS_WITHIN,
            || self.state(domain, name).filter(is),
            || format!("{domain} {name} is not {wanted}: {:#?}\n{}", self.state(domain, name), self.log()),
        )
    }

    /// Waits until there is such an entity, in any state.
    #[track_caller]
    fn expect_there(&self, domain: &str, name: &str) -> Value {
        wait_for(
            SHOWS_WITHIN,
            || self.state(domain, name),
            || format!("there is no {domain} {name}: {:#?}\n{}", self.states(), self.log()),
        )
    }

    /// Waits until there is no such entity.
    #[track_caller]
    fn expect_none(&self, domain: &str, name: &str) {
        wait_for(
            SHOWS_WITHIN,
            || self.state(domain, name).is_none().then_some(()),
            || format!("{domain} {name} is still there: {:#?}", self.state(domain, name)),
        );
    }

    /// Calls a service for an entity.
    #[track_caller]
    fn call(&self, domain: &str, name: &str, service: &str, mut data: Value) {
        let state = self.state(domain, name).unwrap_or_else(|| panic!("there is no {domain} {name}"));
        data["entity_id"] = state["entity_id"].clone();
        self.request(
            "POST",
            &format!("/api/services/{domain}/{service}"),
            "application/json",
            &data.to_string(),
        );
    }

    /// Checks that it logged no error.
    #[track_caller]
    fn expect_no_error(&self) {
        let log = self.log();
        // The camera's library has nothing to do with this.
        let is_wrong = |line: &&str| line.contains(" ERROR ") && !line.contains("libturbojpeg");
        let wrong: Vec<_> = log.lines().filter(is_wrong).collect();
        assert_eq!(wrong, [""; 0], "{log}");
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }
}

/// Starts the program, which appends to its log.
fn spawn(folder: &Folder) -> Child {
    let venv = PathBuf::from(
        std::env::var_os("HOME_ASSISTANT").expect("HOME_ASSISTANT is not set; run `cargo xtask ha-test`"),
    );
    let mut command = Command::new(venv.join("bin/hass"));
    command.args(["--skip-pip", "--config", &folder.file("")]).stdin(Stdio::null());
    let log = fs::File::options().create(true).append(true).open(folder.join("output"));
    let log = log.expect("cannot create a file");
    command.stdout(log.try_clone().expect("cannot share a file")).stderr(log);
    command.spawn().expect("cannot start Home Assistant")
}

impl Drop for HomeAssistant {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn device(app: &str, broker: &Mosquitto) -> Builder {
    with(&["--app", app, "--mqtt", &broker.url(), "--mqtt-id", "house-1"])
}

fn start(app: &str, broker: &Mosquitto) -> Server {
    let server = device(app, broker).start();
    server.wait_for_line(|line| line.starts_with("Connected to the broker"), 3 * SOON);
    server
}

#[track_caller]
fn expect_frame(page: &mut WebSocket, frame: &str) {
    page.read_text_until(|text| text == frame);
}

#[test]
#[ignore = "it needs Home Assistant: `cargo xtask ha-test`"]
fn home_assistant_finds_uses_and_forgets_a_device() {
    let lines = "allow_anonymous true\npersistence true\npersistence_location FOLDER\nautosave_on_changes true\nautosave_interval 1";
    let mut broker = Mosquitto::with(lines, &[]).expect("mosquitto is missing");
    let mut births = broker.client();
    births.subscribe("homeassistant/status");
    let home = HomeAssistant::start(&broker);
    births.expect_within("homeassistant/status", "online", STARTS_WITHIN);
    let mut server = start("workshop", &broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");

    // Every kind is found.
    for (domain, name, state) in [
        ("switch", "Lamp", "off"),
        ("number", "Brightness", "50"),
        ("number", "Speed", "0"),
        ("binary_sensor", "Turning", "off"),
        ("select", "Mode", "day"),
        ("text", "Name", "Workshop"),
        ("button", "Blink", "unknown"),
        ("text", "Say", "unknown"),
        ("event", "Said", "unknown"),
        ("update", "Firmware", "off"),
    ] {
        home.expect(domain, name, state);
    }
    let version = home.expect_there("update", "Firmware");
    assert_eq!(version["attributes"]["installed_version"], env!("CARGO_PKG_VERSION"));
    let temperature = home.expect_there("sensor", "Temperature");
    assert_eq!(temperature["attributes"]["unit_of_measurement"], "°C");
    home.expect_there("event", "Log");
    home.expect_there("binary_sensor", "Door");

    // A change in Home Assistant is seen on a page.
    home.call("switch", "Lamp", "turn_on", json!({}));
    expect_frame(&mut page, r#"{"label":"led","value":true}"#);
    home.call("number", "Brightness", "set_value", json!({"value": 7}));
    expect_frame(&mut page, r#"{"label":"brightness","value":7}"#);
    home.call("select", "Mode", "select_option", json!({"option": "away"}));
    expect_frame(&mut page, r#"{"label":"mode","value":"away"}"#);
    home.call("text", "Name", "set_value", json!({"value": "Ü \"q\" 🙂"}));
    expect_frame(&mut page, r#"{"label":"name","value":"Ü \"q\" 🙂"}"#);
    home.expect("text", "Name", "Ü \"q\" 🙂");
    home.call("button", "Blink", "press", json!({}));
    page.read_text_until(|text| text.contains("It blinks"));
    home.call("text", "Say", "set_value", json!({"value": "hello"}));
    page.read_text_until(|text| text.starts_with(r#"{"label":"said","value":"hello""#));
    let said = wait_for(
        SHOWS_WITHIN,
        || home.state("event", "Said").filter(|said| said["attributes"]["value"] == "hello"),
        || format!("nothing was said: {:#?}", home.state("event", "Said")),
    );
    assert_eq!(said["attributes"]["event_type"], "said");

    // A change on a page is seen in Home Assistant.
    page.send_text(r#"{"label":"led","value":true}"#);
    home.expect("switch", "Lamp", "on");

    // Unavailable and back.
    server.kill();
    home.expect("switch", "Lamp", "unavailable");
    server.restart();
    home.expect("switch", "Lamp", "off");

    // The broker is restarted with its store and without it.
    for with_store in [true, false] {
        broker.kill();
        if !with_store {
            fs::remove_file(broker.folder.join("mosquitto.db")).expect("there is no store");
        }
        home.expect("switch", "Lamp", "unavailable");
        broker.restart();
        let mut client = broker.client();
        client.subscribe("homeassistant/status");
        client.subscribe("instep/house-1/thing/discovered");
        // Home Assistant and the device are both back, in any order.
        let mut back = [false, false];
        let both = Instant::now() + SHOWS_WITHIN;
        while back != [true, true] {
            let message = client.next(both.saturating_duration_since(Instant::now()));
            let topic = message.unwrap_or_else(|| panic!("not both are back: {back:?}")).topic;
            back[usize::from(topic != "homeassistant/status")] = true;
        }
        home.expect("switch", "Lamp", "off");
    }

    // Another image has another title and other controls: no ghost.
    server.stop();
    let server = start("chat", &broker);
    for (domain, name) in [
        ("switch", "Lamp"),
        ("number", "Speed"),
        ("select", "Mode"),
        ("sensor", "Temperature"),
        ("event", "Log"),
    ] {
        home.expect_none(domain, name);
    }
    let is_gone = |state: &Value| state["state"] == "unavailable";
    wait_until(SHOWS_WITHIN, || !home.states().iter().any(is_gone), || format!("{:#?}", home.states()));
    let is_renamed = |state: &Value| state["attributes"]["friendly_name"] == "Chat Firmware";
    wait_for(
        SHOWS_WITHIN,
        || home.state("update", "Firmware").filter(is_renamed),
        || format!("it is not renamed: {:#?}", home.states()),
    );
    server.stop();
    home.expect_no_error();
}

#[test]
#[ignore = "it needs Home Assistant: `cargo xtask test --full`"]
fn home_assistant_restarts_and_has_the_device() {
    let broker = Mosquitto::with("allow_anonymous true", &[]).expect("mosquitto is missing");
    let mut home = HomeAssistant::start(&broker);
    let server = start("workshop", &broker);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    home.expect("switch", "Lamp", "off");
    home.call("switch", "Lamp", "turn_on", json!({}));
    expect_frame(&mut page, r#"{"label":"led","value":true}"#);
    home.expect("switch", "Lamp", "on");
    let before = home.states().len();
    // It hears of what changed while it was away, because values are retained.
    home.restart(|| page.send_text(r#"{"label":"led","value":false}"#));
    home.expect("switch", "Lamp", "off");
    home.expect("number", "Brightness", "50");
    home.call("switch", "Lamp", "turn_on", json!({}));
    expect_frame(&mut page, r#"{"label":"led","value":true}"#);
    assert_eq!(home.states().len(), before, "{:#?}", home.states());
    server.stop();
    home.expect_no_error();
}

//! State that survives the end of the program, and errors if it cannot.

mod served;

use instep_settings::{FileStorage, Kept, KeptName, Saver, Settings};
use serde_json::{Value, json};
use served::{INSTEP, get, serve};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use test_support::{Folder, SOON, Server, WebSocket, wait_until};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Starts `led-plain` with its state in this file.
fn keeping(file: &Path, power_up: &str) -> Server {
    serve(&["--app", "led-plain", "--state-file", text(file), "--power-up", power_up])
}

/// Returns the first message for a new client, 1 or 0.
fn state(server: &Server) -> String {
    WebSocket::connect(server.addr(), "/ws").read_text()
}

fn toggle(server: &Server) {
    let mut client = WebSocket::connect(server.addr(), "/ws");
    let before = client.read_text();
    client.send_text("toggle");
    assert_ne!(client.read_text(), before);
}

/// Waits for the next write to the file, which takes at most 5 s.
fn stored(file: &Path) {
    wait_until(Duration::from_secs(15), || file.exists(), || "the state was not stored");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn end(mut server: Server) {
    server.terminate();
    assert_eq!(server.wait_for_exit(SOON).code(), Some(0));
}

/// Runs the command to its end.
///
/// Returns its status, standard output and standard error.
fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(INSTEP).args(args).stdin(Stdio::null()).output().expect("cannot run the command");
    let text = |bytes| String::from_utf8(bytes).expect("not UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn output_is_restored_until_reset() {
    let folder = Folder::new("keep-last");
    let file = folder.join("state");
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "0", "a state without a file");
    toggle(&server);
    end(server);
    for _ in 0..2 {
        let server = keeping(&file, "last");
        assert_eq!(state(&server), "1");
        assert!(get(server.addr(), "/").text().contains(">ON</strong>"), "the page shows another state");
        end(server);
    }
    let server = keeping(&file, "off");
    assert_eq!(state(&server), "0", "the persisted state was used");
    end(server);
    let reset = &["reset", "--state-file", text(&file)];
    assert_eq!(run(reset), (Some(0), format!("Removed the values in {}\n", file.display()), String::new()));
    assert_eq!(run(reset), (Some(0), format!("No values in {}\n", file.display()), String::new()));
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "0");
    end(server);
}

#[test]
fn killed_server_has_stored_state_of_seconds_ago() {
    let folder = Folder::new("keep-killed");
    let file = folder.join("state");
    let mut server = keeping(&file, "last");
    toggle(&server);
    stored(&file);
    server.kill();
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "1");
}

#[test]
fn closed_terminal_ends_server_cleanly() {
    let folder = Folder::new("keep-hang-up");
    let file = folder.join("state");
    let args = ["--app", "led-plain", "--state-file", text(&file), "--power-up", "last"];
    let terminal = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/served/in_terminal.sh");
    let mut server = Server::with(&args).binary(terminal).variable("IN_TERMINAL", INSTEP).start();
    toggle(&server);
    server.hang_up();
    // A shell also passes SIGHUP on.
    server.hang_up();
    assert_eq!(server.wait_for_exit(SOON).code(), Some(0));
    assert!(server.lines().contains(&"Stopping".into()), "{:?}", server.lines());
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "1");
}

#[test]
fn nohup_keeps_server_running_without_terminal() {
    let folder = Folder::new("keep-nohup");
    let file = folder.join("state");
    let args = ["--app", "led-plain", "--state-file", text(&file), "--power-up", "last"];
    let nohup = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/served/nohup.sh");
    let server = Server::with(&args).binary(nohup).variable("UNDER_NOHUP", INSTEP).start();
    server.hang_up();
    toggle(&server);
    assert_eq!(state(&server), "1", "the server stopped");
    assert!(!server.lines().contains(&"Stopping".into()), "{:?}", server.lines());
    end(server);
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "1");
}

#[test]
fn symbolic_link_as_state_file_stays_a_link() {
    let folder = Folder::new("keep-link");
    let (link, target) = (folder.join("state"), folder.join("target"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let server = keeping(&link, "last");
    toggle(&server);
    end(server);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && target.exists());
    let server = keeping(&link, "last");
    assert_eq!(state(&server), "1");
}

/// Starts an application with a Thing that keeps its properties in this file.
fn thing(app: &str, file: &Path) -> Server {
    serve(&["--app", app, "--state-file", text(file)])
}

/// Returns the values of all properties.
fn properties(server: &Server) -> Value {
    serde_json::from_str(get(server.addr(), "/properties").text()).expect("not JSON")
}

/// Writes a property, and returns the answer.
fn write(server: &Server, name: &str, value: &Value) -> String {
    let mut client = WebSocket::connect(server.addr(), "/ws");
    client.send_text(&json!({"label": name, "value": value, "id": 7}).to_string());
    loop {
        let frame = client.read_text();
        if frame.contains(r#""id":7"#) {
            return frame;
        }
    }
}

#[test]
fn persistent_properties_survive_restart_others_reset() {
    let folder = Folder::new("keep-thing");
    let file = folder.join("state");
    let server = thing("workshop", &file);
    let before = properties(&server);
    assert_eq!((&before["mode"], &before["name"]), (&json!("day"), &json!("Workshop")));
    let name = "Zoë's \"shed\"\n";
    for (property, value) in
        [("mode", json!("away")), ("name", json!(name)), ("brightness", json!(7)), ("led", json!(true))]
    {
        assert_eq!(write(&server, property, &value), r#"{"label":"ok","id":7}"#);
    }
    assert!(write(&server, "name", &json!("")).contains("refused"));
    end(server);
    for _ in 0..2 {
        let server = thing("workshop", &file);
        let now = properties(&server);
        assert_eq!((&now["mode"], &now["name"]), (&json!("away"), &json!(name)), "{now}");
        assert_eq!((&now["brightness"], &now["led"]), (&before["brightness"], &before["led"]), "{now}");
        server.expect_line("mode is restored");
        end(server);
    }
    // Another application has other properties, and leaves these alone.
    let server = thing("lamp", &file);
    assert_eq!(properties(&server)["brightness"], json!(100));
    assert_eq!(write(&server, "brightness", &json!(30)), r#"{"label":"ok","id":7}"#);
    end(server);
    let server = thing("lamp", &file);
    assert_eq!(properties(&server)["brightness"], json!(30));
    end(server);
    let server = thing("workshop", &file);
    assert_eq!(properties(&server)["name"], json!(name));
    end(server);
    assert_eq!(run(&["reset", "--state-file", text(&file)]).0, Some(0));
    let server = thing("workshop", &file);
    let now = properties(&server);
    assert_eq!((&now["mode"], &now["name"]), (&before["mode"], &before["name"]), "{now}");
    end(server);
    assert!(!file.exists(), "a default was persisted");
}

#[test]
fn killed_thing_has_stored_values_of_seconds_ago() {
    let folder = Folder::new("keep-thing-killed");
    let file = folder.join("state");
    let mut server = thing("workshop", &file);
    assert_eq!(write(&server, "mode", &json!("night")), r#"{"label":"ok","id":7}"#);
    stored(&file);
    server.kill();
    let server = thing("workshop", &file);
    assert_eq!(properties(&server)["mode"], json!("night"));
}

#[test]
fn invalid_stored_value_warns_once_and_default_stays() {
    let folder = Folder::new("keep-thing-other");
    let file = folder.join("state");
    // The file has a choice of another version.
    let settings = Settings::new();
    let mut saver = block_on(Saver::open(&settings, FileStorage::new(&file).unwrap())).0;
    Kept::by(&settings).keep(KeptName::new("mode"), b"dusk").unwrap();
    block_on(saver.save()).unwrap();
    let before = fs::read(&file).unwrap();
    let server = thing("workshop", &file);
    let says = "mode is not restored: the stored value does not fit the declaration";
    server.expect_line(says);
    assert_eq!(properties(&server)["mode"], json!("day"));
    assert_eq!(server.lines().iter().filter(|line| line.contains(says)).count(), 1);
    end(server);
    assert_eq!(fs::read(&file).unwrap(), before, "a value that an older version may understand was erased");
}

#[test]
fn every_output_can_start_on_without_state_file() {
    for (app, first) in
        [("led-plain", "1"), ("led-state", "1"), ("led-json", r#"{"label":"ledStatus","value":"LED ON"}"#)]
    {
        let server = serve(&["--app", app, "--power-up", "on"]);
        let mut client = WebSocket::connect(server.addr(), "/ws");
        let first_messages =
            [client.read_text(), if app == "led-json" { client.read_text() } else { String::new() }];
        assert!(first_messages.contains(&first.to_owned()), "{app}: {first_messages:?}");
    }
}

#[test]
fn damaged_file_is_reported_and_server_runs() {
    let folder = Folder::new("keep-damaged");
    let file = folder.join("state");
    fs::write(&file, "instep settings\n\x01\0and nonsense").unwrap();
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "0");
    let reports = server.lines().into_iter().filter(|line| line.contains("damaged")).count();
    assert_eq!(reports, 1, "{:?}", server.lines());
    toggle(&server);
    end(server);
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "1");
    assert!(!server.lines().iter().any(|line| line.contains("damaged")));
}

#[test]
fn unwritable_state_file_is_reported_at_start() {
    let folder = Folder::new("keep-refused");
    let nowhere = folder.join("none/state");
    let foreign = folder.join("notes.txt");
    fs::write(&foreign, "milk and butter").unwrap();
    for (args, says) in [
        (&["serve", "--state-file", text(&nowhere)][..], "none/state"),
        (&["serve", "--state-file", text(&folder)], "keep-refused"),
        (&["serve", "--state-file", text(&foreign)], "notes.txt"),
        (&["serve", "--power-up", "last"], "--state-file"),
        (&["serve", "--power-up", "first"], "off, on or last"),
        (&["reset"], "--state-file"),
    ] {
        let (status, out, error) = run(args);
        assert_eq!((status, &*out), (Some(2), ""), "{args:?}: {error}");
        assert!(error.contains(says) && error.lines().count() == 1, "{args:?}: {error}");
    }
    let (status, _, error) = run(&["reset", "--state-file", text(&foreign)]);
    assert_eq!(status, Some(1), "{error}");
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "milk and butter");
}

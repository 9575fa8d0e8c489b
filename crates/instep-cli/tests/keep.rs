//! What survives the end of the program, and what is said if it cannot.

mod served;

use instep_settings::{FileStorage, Kept, KeptName, Saver, Settings};
use serde_json::{Value, json};
use served::{INSTEP, get, serve};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use test_support::{SOON, Server, WebSocket};

/// An empty folder for a test of that name.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("keep-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A server of `led-plain` that keeps its state in this file.
fn keeping(file: &Path, power_up: &str) -> Server {
    serve(&["--app", "led-plain", "--state-file", text(file), "--power-up", power_up])
}

/// What a new client is told: 1 or 0.
fn state(server: &Server) -> String {
    WebSocket::connect(server.addr(), "/ws").read_text()
}

fn toggle(server: &Server) {
    let mut client = WebSocket::connect(server.addr(), "/ws");
    let before = client.read_text();
    client.send_text("toggle");
    assert_ne!(client.read_text(), before);
}

/// Waits until something is stored: every 5 s at most.
fn stored(file: &Path) {
    let begin = Instant::now();
    while !file.exists() {
        assert!(begin.elapsed() < Duration::from_secs(15), "it is not stored");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn end(mut server: Server) {
    server.terminate();
    assert_eq!(server.wait_for_exit(SOON).code(), Some(0));
}

/// Runs the command to its end: its status, and what it says on standard output and on standard error.
fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(INSTEP).args(args).stdin(Stdio::null()).output().expect("the command runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_output_is_as_it_was_until_it_is_reset() {
    let file = folder("last").join("state");
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "0", "nothing is known of it");
    toggle(&server);
    end(server);
    for _ in 0..2 {
        let server = keeping(&file, "last");
        assert_eq!(state(&server), "1");
        assert!(get(server.addr(), "/").text().contains(">ON</strong>"), "the page says so, too");
        end(server);
    }
    let server = keeping(&file, "off");
    assert_eq!(state(&server), "0", "whatever is kept");
    end(server);
    let reset = &["reset", "--state-file", text(&file)];
    assert_eq!(run(reset), (Some(0), format!("Removed the values in {}\n", file.display()), String::new()));
    assert_eq!(run(reset), (Some(0), format!("No values in {}\n", file.display()), String::new()));
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "0");
    end(server);
}

#[test]
fn a_server_that_is_killed_has_kept_what_is_some_seconds_old() {
    let file = folder("killed").join("state");
    let mut server = keeping(&file, "last");
    toggle(&server);
    stored(&file);
    server.kill();
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "1");
}

#[test]
fn a_terminal_that_is_closed_ends_it_well() {
    let file = folder("hang-up").join("state");
    let args = ["--app", "led-plain", "--state-file", text(&file), "--power-up", "last"];
    let terminal = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/served/in_terminal.sh");
    let mut server = Server::with(&args).binary(terminal).variable("IN_TERMINAL", INSTEP).start();
    toggle(&server);
    server.hang_up();
    // A shell passes it on, too.
    server.hang_up();
    assert_eq!(server.wait_for_exit(SOON).code(), Some(0));
    assert!(server.lines().contains(&"Stopping".into()), "{:?}", server.lines());
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "1");
}

#[test]
fn nohup_keeps_it_running_when_the_terminal_is_closed() {
    let file = folder("nohup").join("state");
    let args = ["--app", "led-plain", "--state-file", text(&file), "--power-up", "last"];
    let nohup = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/served/nohup.sh");
    let server = Server::with(&args).binary(nohup).variable("UNDER_NOHUP", INSTEP).start();
    server.hang_up();
    toggle(&server);
    assert_eq!(state(&server), "1", "it goes on");
    assert!(!server.lines().contains(&"Stopping".into()), "{:?}", server.lines());
    end(server);
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "1");
}

#[test]
fn a_state_file_that_is_a_symbolic_link_stays_one() {
    let folder = folder("link");
    let (link, target) = (folder.join("state"), folder.join("target"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let server = keeping(&link, "last");
    toggle(&server);
    end(server);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && target.exists());
    let server = keeping(&link, "last");
    assert_eq!(state(&server), "1");
}

/// A server of a Thing that keeps its properties in this file.
fn thing(app: &str, file: &Path) -> Server {
    serve(&["--app", app, "--state-file", text(file)])
}

/// The values of all properties.
fn properties(server: &Server) -> Value {
    serde_json::from_str(get(server.addr(), "/properties").text()).expect("JSON")
}

/// Writes a property, and waits for the answer.
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
fn what_a_thing_keeps_survives_and_the_rest_begins_anew() {
    let file = folder("thing").join("state");
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
    // Another application has other properties, and leaves those alone.
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
    assert!(!file.exists(), "nothing was changed, so nothing is kept: the defaults are the application's");
}

#[test]
fn a_thing_that_is_killed_has_kept_what_is_some_seconds_old() {
    let file = folder("thing-killed").join("state");
    let mut server = thing("workshop", &file);
    assert_eq!(write(&server, "mode", &json!("night")), r#"{"label":"ok","id":7}"#);
    stored(&file);
    server.kill();
    let server = thing("workshop", &file);
    assert_eq!(properties(&server)["mode"], json!("night"));
}

#[test]
fn a_kept_value_that_does_not_fit_is_told_of_once_and_the_default_stays() {
    let file = folder("thing-other").join("state");
    // As if another version had another word for it.
    let settings = Settings::new();
    let mut saver = block_on(Saver::open(&settings, FileStorage::new(&file).unwrap())).0;
    Kept::by(&settings).keep(KeptName::new("mode"), b"dusk").unwrap();
    block_on(saver.save()).unwrap();
    let before = fs::read(&file).unwrap();
    let server = thing("workshop", &file);
    let says = "mode is not restored: what was kept does not fit what is declared now";
    server.expect_line(says);
    assert_eq!(properties(&server)["mode"], json!("day"));
    assert_eq!(server.lines().iter().filter(|line| line.contains(says)).count(), 1);
    end(server);
    assert_eq!(fs::read(&file).unwrap(), before, "an older version may have the word");
}

#[test]
fn every_output_can_be_on_at_the_start_and_needs_no_file_for_it() {
    for (app, first) in
        [("led-plain", "1"), ("led-state", "1"), ("led-json", r#"{"label":"ledStatus","value":"LED ON"}"#)]
    {
        let server = serve(&["--app", app, "--power-up", "on"]);
        let mut client = WebSocket::connect(server.addr(), "/ws");
        let told = [client.read_text(), if app == "led-json" { client.read_text() } else { String::new() }];
        assert!(told.contains(&first.to_owned()), "{app}: {told:?}");
    }
}

#[test]
fn a_damaged_file_is_told_of_and_the_server_runs() {
    let file = folder("damaged").join("state");
    fs::write(&file, "instep settings\n\x01\0and nonsense").unwrap();
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "0");
    let told = server.lines().into_iter().filter(|line| line.contains("damaged")).count();
    assert_eq!(told, 1, "{:?}", server.lines());
    toggle(&server);
    end(server);
    let server = keeping(&file, "last");
    assert_eq!(state(&server), "1");
    assert!(!server.lines().iter().any(|line| line.contains("damaged")));
}

#[test]
fn what_cannot_be_kept_is_told_at_the_start() {
    let folder = folder("refused");
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

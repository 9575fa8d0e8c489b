//! The Thing Description as a generic program uses it.
//!
//! The program is node-wot, the W3C's reference client, which `cargo xtask node-wot` fetches.

mod served;

use serde_json::{Value, json};
use served::{get, serve};
use std::path::{Path, PathBuf};
use std::process::Command;
use test_support::{SOON, Server, target};

/// Returns the folder of node-wot.
fn node_modules() -> PathBuf {
    let folder = std::env::var_os("NODE_WOT")
        .expect("NODE_WOT is not set; run `cargo xtask node-wot`, which fetches node-wot");
    Path::new(&folder).join("node_modules")
}

/// Returns what the client did with the server's Thing.
#[track_caller]
fn consume(server: &Server) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web_of_things/consume.js");
    let address = format!("http://{}/.well-known/wot", server.addr());
    let output = Command::new("node")
        .args([script.as_os_str(), address.as_ref()])
        .env("NODE_PATH", node_modules())
        .output()
        .expect("cannot run Node.js");
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{wrong}");
    serde_json::from_str(said.lines().last().expect("the client printed nothing")).expect("not JSON")
}

/// Returns the names in alphabetical order, because the client keeps no order.
fn names(list: &Value) -> Vec<&str> {
    let mut names: Vec<_> = list.as_array().expect("not a list").iter().filter_map(Value::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
#[ignore = "it needs node-wot: `cargo xtask node-wot`"]
fn reference_client_uses_everything_of_thing() {
    // A device has eight client slots, and each stream uses one.
    let workshop = target().clients > 12;
    let (app, read_only, written): (_, &[&str], &[&str]) = if workshop {
        ("workshop", &["door", "temperature", "turning"], &["brightness", "led", "mode", "name", "speed"])
    } else {
        ("lamp", &[], &["brightness", "led"])
    };
    let server = serve(&["--app", app]);
    let did = consume(&server);
    let mut all = [read_only, written].concat();
    all.sort_unstable();
    for what in ["read", "readAll", "observed"] {
        assert_eq!(names(&did[what]), all, "{what}");
    }
    assert_eq!(names(&did["written"]), written);
    assert_eq!(names(&did["refused"]), read_only);
    assert_eq!(names(&did["invoked"]), if workshop { vec!["blink", "say"] } else { vec!["blink"] });
    assert_eq!(names(&did["subscribed"]), if workshop { vec!["lines", "said"] } else { vec![] });
    if workshop {
        assert_eq!(did["said"], json!(["hello"]));
    }
    // Each stream was a client, and is gone.
    let streams = all.len() + names(&did["subscribed"]).len();
    for client in 1..=streams {
        server.wait_for_line(|line| line == format!("[{client}] Disconnected"), SOON);
    }
    let values: Value = serde_json::from_str(get(server.addr(), "/properties").text()).expect("not JSON");
    assert_eq!(values["brightness"], json!(if workshop { 51 } else { 99 }));
}

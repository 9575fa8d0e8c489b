//! The list of devices and the directory, over sockets.

use instep::{Access, Limits};
use instep_gateway::{Admittance, Fleet, FleetLimits, List};
use instep_mqtt::{DeviceId, Heard};
use instep_tokio::{Server, SocketLimits};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use test_support::{WebSocket, http};

static ACCESS: Access = Access::new("gateway");

fn id(text: &str) -> DeviceId {
    DeviceId::new(text).expect("the id is valid")
}

/// Lets the fleet hear of a device.
fn announce(fleet: &Fleet, device: &str, title: &str) {
    let (id, text) =
        (id(device), format!(r#"{{"title":"{title}","version":{{"instance":"1.2"}},"properties":{{}}}}"#));
    let frame = br#"{"label":"thing","value":{"wire":1,"hash":"0123456789abcdef","start":"00000001"}}"#;
    fleet.hear(Heard::Thing { id, frame });
    fleet.hear(Heard::Description { id, text: text.as_bytes() });
    fleet.hear(Heard::State { id, online: true });
}

/// Starts a gateway's list with room for `devices`.
fn start(devices: usize) -> (Arc<Fleet>, SocketAddr) {
    let mut limits = FleetLimits::default();
    limits.devices = devices;
    let fleet = Fleet::new(limits);
    fleet.hear(Heard::Opened);
    let list = List::new(&fleet, Admittance::Local);
    let server = Server::new(list.app(), &ACCESS, List::limits(Limits::LINUX), SocketLimits::default(), 2);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("no runtime");
    std::thread::spawn(move || {
        let mut inbox = server.inbox().expect("the inbox was taken");
        runtime().block_on(list.run(server.device(), &mut inbox))
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
    let addr = listener.local_addr().expect("no address");
    std::thread::spawn(move || runtime().block_on(server.serve(vec![listener], std::future::pending())));
    (fleet, addr)
}

/// Returns the value of the next frame with that label.
fn next(socket: &mut WebSocket, label: &str) -> Value {
    loop {
        let frame: Value = serde_json::from_str(&socket.read_text()).expect("not JSON");
        if frame["label"] == label {
            return frame["value"].clone();
        }
    }
}

fn get(addr: SocketAddr, path: &str) -> Value {
    let answer = http(addr, format!("GET {path} HTTP/1.1\r\nHost: gateway:81\r\n\r\n"));
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{path}");
    serde_json::from_str(answer.text()).unwrap_or_else(|error| panic!("{error}: {}", answer.text()))
}

#[test]
fn list_follows_the_fleet() {
    let (fleet, addr) = start(2);
    announce(&fleet, "lamp", "Lamp");
    let mut socket = WebSocket::connect(addr, "/ws");
    let lamp = loop {
        let lamp = next(&mut socket, "device");
        if lamp["online"] == true && lamp["version"] == "1.2" {
            break lamp;
        }
    };
    assert_eq!((&lamp["id"], &lamp["title"]), (&json!("lamp"), &json!("Lamp")));
    fleet.hear(Heard::State { id: id("lamp"), online: false });
    let changed = next(&mut socket, "device");
    assert_eq!(
        (&changed["place"], &changed["online"], &changed["seen"]),
        (&lamp["place"], &json!(false), &json!(true))
    );

    // A device that is gone frees its place for another, and who comes later hears only of that one.
    fleet.hear(Heard::Thing { id: id("lamp"), frame: b"" });
    assert_eq!(next(&mut socket, "device"), json!({ "place": lamp["place"] }));
    announce(&fleet, "pump", "Pump");
    let pump = next(&mut socket, "device");
    assert_eq!((&pump["place"], &pump["id"]), (&lamp["place"], &json!("pump")));
    let mut late = WebSocket::connect(addr, "/ws");
    assert_eq!(next(&mut late, "device")["id"], "pump");

    // The gateway says that there is no more room, and that the broker is away.
    announce(&fleet, "valve", "Valve");
    let full = |socket: &mut WebSocket| loop {
        let gateway = next(socket, "gateway");
        if gateway["devices"] == 2 {
            break gateway;
        }
    };
    assert_eq!(full(&mut socket)["full"], true);
    fleet.close();
    let gateway = next(&mut socket, "gateway");
    assert_eq!((&gateway["broker"], &gateway["guarded"]), (&json!(false), &json!(false)));
}

#[test]
fn page_and_its_files_are_served() {
    let (_, addr) = start(2);
    for (path, content) in [("/", "list.js"), ("/list.js", "Collator"), ("/instep.js", "WebSocket")] {
        let answer = http(addr, format!("GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n"));
        assert!(answer.status == 200 && answer.text().contains(content), "{path}");
    }
    for path in ["/panel.js", "/thing", "/thingsx", "/things/", "/things/nobody"] {
        assert_eq!(http(addr, format!("GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n")).status, 404, "{path}");
    }
    assert_eq!(http(addr, "POST /things HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n\r\n").status, 405);
}

#[test]
fn directory_lists_descriptions_in_parts() {
    let (fleet, addr) = start(1000);
    assert_eq!(get(addr, "/things"), json!([]));
    for number in 0..250 {
        // Longer than any buffer, together.
        announce(&fleet, &format!("lamp-{number:03}"), &format!("{number} {}", "x".repeat(1000)));
    }
    let things = get(addr, "/things");
    let things = things.as_array().expect("not an array");
    assert_eq!(things.len(), 250);
    assert_eq!(things[7]["id"], "urn:instep:lamp-007");
    assert_eq!(things[7]["base"], "http://gateway:81/lamp-007/.well-known/");
    assert_eq!((&things[7]["security"], &things[7]["version"]["instance"]), (&json!("nosec"), &json!("1.2")));

    let some = get(addr, "/things?offset=248&limit=9");
    let ids: Vec<_> = some.as_array().unwrap().iter().map(|thing| thing["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["urn:instep:lamp-248", "urn:instep:lamp-249"]);
    assert_eq!(get(addr, "/things?offset=250"), json!([]));
    assert_eq!(get(addr, "/things?offset=251"), json!([]));

    // A collection says where its next part is.
    let (mut path, mut members) = (String::from("/things?format=collection"), Vec::new());
    loop {
        let part = get(addr, &path);
        assert_eq!((&part["@type"], &part["total"]), (&json!("ThingCollection"), &json!(250)));
        members.extend(part["members"].as_array().unwrap().iter().map(|thing| thing["id"].clone()));
        match part["next"].as_str() {
            Some(next) => path = format!("/things{next}"),
            None => break,
        }
    }
    assert_eq!(members.len(), 250);
    assert_eq!(members, things.iter().map(|thing| thing["id"].clone()).collect::<Vec<_>>());

    for path in ["/things/lamp-007", "/things/urn:instep:lamp-007"] {
        assert_eq!(get(addr, path), things[7], "{path}");
    }
}

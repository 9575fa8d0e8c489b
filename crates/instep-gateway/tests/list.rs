//! The list of devices and the directory, over sockets.

mod served;

use instep::Limits;
use instep_gateway::{Fleet, FleetLimits, GatewayLimits, List};
use instep_mqtt::Heard;
use serde_json::{Value, json};
use served::{Idle, Served, id};
use std::net::SocketAddr;
use test_support::{WebSocket, http};

/// Lets the fleet hear of a device.
fn announce(fleet: &Fleet, device: &str, title: &str) {
    let text = format!(r#"{{"title":"{title}","version":{{"instance":"1.2"}},"properties":{{}}}}"#);
    served::announce(fleet, device, &text);
}

/// Starts a gateway's list with room for `devices`.
fn start(devices: usize) -> Served {
    let fleet = FleetLimits::default().with_devices(devices);
    Idle::new(fleet, GatewayLimits::default(), List::limits(Limits::LINUX)).start()
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
    let served = start(2);
    let (fleet, addr) = (&served.fleet, served.addr);
    announce(fleet, "lamp", "Lamp");
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
    announce(fleet, "pump", "Pump");
    let pump = next(&mut socket, "device");
    assert_eq!((&pump["place"], &pump["id"]), (&lamp["place"], &json!("pump")));
    let mut late = WebSocket::connect(addr, "/ws");
    assert_eq!(next(&mut late, "device")["id"], "pump");

    // The gateway says that there is no more room, and that the broker is away.
    announce(fleet, "valve", "Valve");
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
    let served = start(2);
    let addr = served.addr;
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
    let served = start(1000);
    let (fleet, addr) = (&served.fleet, served.addr);
    assert_eq!(get(addr, "/things"), json!([]));
    for number in 0..250 {
        // Longer than any buffer, together.
        announce(fleet, &format!("lamp-{number:03}"), &format!("{number} {}", "x".repeat(1000)));
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

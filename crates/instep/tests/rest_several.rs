//! `PUT /properties`: several properties in one request, on the simulated link.

mod guarded;
mod link;
mod thing_request;
mod workshop;

use guarded::exchange_with;
use instep::thing::{Interaction, Kind, Thing};
use instep::{App, Inbox, Limits, Responder};
use link::{Peer, Simulation, inbox};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use thing_request::{JSON, ask, request_text};
use workshop::{asked, received, simulation};

const PATH: &str = "/properties";

/// Thing with more properties than an inbox or an object holds.
static MANY: Thing = Thing::new(
    "Many",
    &[
        switch("a0"),
        switch("a1"),
        switch("a2"),
        switch("a3"),
        switch("a4"),
        switch("a5"),
        switch("a6"),
        switch("a7"),
        switch("a8"),
        switch("b0"),
        switch("b1"),
        switch("b2"),
        switch("b3"),
        switch("b4"),
        switch("b5"),
        switch("b6"),
        switch("b7"),
    ],
);
const MANY_APP: App = App::new("many", "for tests").thing(&MANY);
/// Thing without a writable property.
static SENSOR: Thing = Thing::new("Sensor", &[Interaction::new("door", "Door", Kind::BinarySensor)]);
const SENSOR_APP: App = App::new("sensor", "for tests").thing(&SENSOR);

const fn switch(name: &'static str) -> Interaction {
    Interaction::new(name, "A switch", Kind::Switch)
}

fn put(simulation: &mut Simulation, body: &str) -> Peer {
    let mut peer = simulation.client();
    peer.send(simulation, request_text("PUT", PATH, JSON, body).as_bytes());
    peer
}

/// Returns an object with the first `count` properties of [`MANY`].
fn first(count: usize) -> String {
    let names = [
        "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7",
    ];
    let members: Vec<_> = names[..count].iter().map(|name| format!("\"{name}\":true")).collect();
    format!("{{{}}}", members.join(","))
}

/// Returns the property of [`MANY`] that is
/// written next, after answering the one before.
fn next<'r>(inbox: &mut Inbox<'r>) -> Option<(&'static str, Responder<'r>)> {
    let mut next = pin!(inbox.recv_request(&MANY));
    match Future::poll(next.as_mut(), &mut Context::from_waker(Waker::noop())) {
        Poll::Ready((request, responder)) => Some((request.name, responder)),
        Poll::Pending => None,
    }
}

#[test]
fn properties_are_written_in_order_before_answer() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    let mut peer =
        put(&mut simulation, r#" {"level" : -1.50e1,"n\u0061me":"\"x","led":true , "mode":"night"} "#);
    for command in ["Level(-15.0)", r#"Name("\"x")"#, "Led(true)", "Mode(\"night\")"] {
        assert!(peer.received.is_empty());
        let (received, responder) = received(&simulation, &mut inbox).expect("it is in the inbox");
        assert_eq!(received, command);
        // The first write has no answer yet, and the next one waits for it.
        peer.turn(&mut simulation);
        if command != "Mode(\"night\")" {
            let answer = responder.defer();
            assert_eq!(asked(&simulation, &mut inbox), None);
            answer.done();
        }
        peer.turn(&mut simulation);
    }
    assert_eq!(asked(&simulation, &mut inbox), None);
    let answer = exchange_with(&mut simulation, &mut peer, "");
    assert_eq!((answer.status, answer.body.as_str(), answer.header("Connection")), (204, "", None));
    let again = exchange_with(&mut simulation, &mut peer, &request_text("GET", PATH, "", ""));
    assert_eq!(again.status, 200, "the connection did not stay open");
    let (_, nothing) = ask(&mut simulation, &mut inbox, "PUT", PATH, JSON, "{}", |_| {});
    assert_eq!(nothing.status, 204);
}

#[test]
fn one_wrong_value_prevents_all_writes() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    for (body, status, code, name) in [
        (r#"{"led":true,"none":1}"#, 422, "unknown", ""),
        (r#"{"led":true,"heat":1}"#, 422, "read-only", "heat"),
        (r#"{"led":true,"blink":null}"#, 422, "unknown", ""),
        (r#"{"led":true,"said":"a"}"#, 422, "unknown", ""),
        (r#"{"led":true,"level":"1"}"#, 400, "wrong-type", "level"),
        (r#"{"led":null,"level":1}"#, 400, "wrong-type", "led"),
        (r#"{"led":true,"level":101}"#, 422, "out-of-range", "level"),
        (r#"{"led":true,"level":0.25}"#, 422, "out-of-range", "level"),
        (r#"{"led":true,"mode":"dusk"}"#, 422, "out-of-range", "mode"),
        (r#"{"led":true,"name":"123456789"}"#, 422, "too-long", "name"),
        (r#"{"led":true,"led":false}"#, 400, "duplicate-key", ""),
        (r#"{"led":true,"l\u0065d":false}"#, 400, "duplicate-key", ""),
        (r#"{"led":[[[[1]]]]}"#, 400, "too-deep", ""),
        (r#"{"led":true"#, 400, "not-json", ""),
        (r#"{"led":true}}"#, 400, "not-json", ""),
        ("", 400, "not-json", ""),
        ("true", 400, "wrong-type", ""),
        (r#"[{"led":true}]"#, 400, "wrong-type", ""),
    ] {
        let (command, answer) = ask(&mut simulation, &mut inbox, "PUT", PATH, JSON, body, |_| {});
        assert_eq!((command.as_str(), answer.status), ("", status), "{body}: {}", answer.all);
        let name = if name.is_empty() { String::new() } else { format!(",\"name\":\"{name}\"") };
        assert!(
            answer.body.starts_with(&format!("{{\"code\":\"{code}\"{name},\"message\":\"")),
            "{}",
            answer.body
        );
        assert!(answer.body.ends_with("\"}"), "{}", answer.body);
    }
    let (_, typed) = ask(&mut simulation, &mut inbox, "PUT", PATH, "", r#"{"led":true}"#, |_| {});
    assert_eq!(typed.status, 415);
    for (method, allow) in [("POST", "GET, HEAD, PUT"), ("DELETE", "GET, HEAD, PUT")] {
        let answer = guarded::request(&mut simulation, method, PATH, JSON, "{}");
        assert_eq!((answer.status, answer.header("Allow")), (405, Some(allow)));
    }
    let mut sensor = Simulation::with_app(&SENSOR_APP, Limits::DEVICE);
    let answer = guarded::request(&mut sensor, "PUT", PATH, JSON, "{}");
    assert_eq!((answer.status, answer.header("Allow")), (405, Some("GET, HEAD")));
}

#[test]
fn refused_properties_are_listed_beside_written_ones() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    let mut peer = put(&mut simulation, r#"{"name":"","led":true,"level":1,"mode":"day"}"#);
    for refused in [true, false, true, false] {
        let (_, responder) = received(&simulation, &mut inbox).expect("it is in the inbox");
        if refused {
            responder.refuse("it is hot");
        } else {
            responder.respond(2.5);
        }
        peer.turn(&mut simulation);
    }
    let answer = exchange_with(&mut simulation, &mut peer, "");
    assert_eq!((answer.status, answer.header("Content-Type")), (409, Some("application/json")));
    assert_eq!(
        answer.body,
        r#"{"code":"refused","message":"the device refuses some of these","refused":["name","level"],"done":["led","mode"]}"#
    );
    let mut peer = put(&mut simulation, r#"{"led":true}"#);
    received(&simulation, &mut inbox).expect("it is in the inbox").1.refuse("no");
    let answer = exchange_with(&mut simulation, &mut peer, "");
    assert!(answer.body.ends_with(r#""refused":["led"],"done":[]}"#), "{}", answer.body);
}

#[test]
fn names_beyond_room_of_answer_are_left_out() {
    const fn long(name: &'static str) -> Interaction {
        assert!(name.len() == 32);
        switch(name)
    }
    static LONG: Thing = Thing::new(
        "Long",
        &[
            long("a0123456789012345678901234567890"),
            long("b0123456789012345678901234567890"),
            long("c0123456789012345678901234567890"),
            long("d0123456789012345678901234567890"),
            long("e0123456789012345678901234567890"),
            long("f0123456789012345678901234567890"),
            long("g0123456789012345678901234567890"),
            long("h0123456789012345678901234567890"),
            long("i0123456789012345678901234567890"),
            long("j0123456789012345678901234567890"),
            long("k0123456789012345678901234567890"),
            long("l0123456789012345678901234567890"),
            long("m0123456789012345678901234567890"),
            long("n0123456789012345678901234567890"),
            long("o0123456789012345678901234567890"),
            long("p0123456789012345678901234567890"),
        ],
    );
    const LONG_APP: App = App::new("long", "for tests").thing(&LONG);
    for (last, count) in [('h', 8), ('p', 16)] {
        let mut simulation =
            Simulation::with_app(&LONG_APP, Limits::DEVICE.with_message(2_000).with_inbox(64));
        let mut inbox = inbox(&simulation);
        let members: Vec<_> =
            ('a'..=last).map(|first| format!("\"{first}0123456789012345678901234567890\":true")).collect();
        let mut peer = put(&mut simulation, &format!("{{{}}}", members.join(",")));
        let mut asked = 0;
        while let Poll::Ready((_, responder)) =
            Future::poll(pin!(inbox.recv_request(&LONG)), &mut Context::from_waker(Waker::noop()))
        {
            asked += 1;
            responder.refuse("no");
            peer.turn(&mut simulation);
        }
        let answer = exchange_with(&mut simulation, &mut peer, "");
        assert_eq!((asked, answer.status), (count, 409), "{}", answer.all);
        assert!(
            answer.body.starts_with(r#"{"code":"refused","#) && answer.body.ends_with('}'),
            "{}",
            answer.body
        );
        assert_eq!(answer.body.contains("h0123456789"), count == 8, "{}", answer.body);
    }
}

#[test]
fn inbox_and_object_limit_number_of_properties() {
    for (limits, count, status) in [
        (Limits::DEVICE, 8, 204),
        (Limits::DEVICE, 9, 413),
        (Limits::DEVICE.with_message(2_000), 17, 413),
        (Limits::DEVICE.with_message(2_000).with_inbox(64), 16, 204),
        (Limits::DEVICE.with_message(2_000).with_inbox(64), 17, 413),
    ] {
        let mut simulation = Simulation::with_app(&MANY_APP, limits);
        let mut inbox = inbox(&simulation);
        let mut peer = put(&mut simulation, &first(count));
        let mut done = 0;
        while let Some((_, responder)) = next(&mut inbox) {
            done += 1;
            responder.done();
            peer.turn(&mut simulation);
        }
        let answer = exchange_with(&mut simulation, &mut peer, "");
        assert_eq!(answer.status, status, "{count}: {}", answer.all);
        assert_eq!(done, if status == 204 { count } else { 0 });
        assert!(status == 204 || answer.body.starts_with(r#"{"code":"too-long""#));
    }
    // A value that is too long for a message together with its frame.
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    let long = format!(r#"{{"led":true,"level":1.{}}}"#, "0".repeat(485));
    let (_, answer) = ask(&mut simulation, &mut inbox, "PUT", PATH, JSON, &long, |_| {});
    assert_eq!(answer.status, 413, "{}", answer.all);
}

#[test]
fn inbox_slots_are_reserved_for_all_properties_or_none() {
    let mut simulation = Simulation::with_app(&MANY_APP, Limits::DEVICE);
    let mut inbox = inbox(&simulation);
    let mut others: Vec<_> = (0..6).map(|_| simulation.open("/ws")).collect();
    for other in &mut others {
        other.send(&mut simulation, &link::frame(0x81, br#"{"label":"b7","value":true}"#));
    }
    let mut too_many = put(&mut simulation, &first(3));
    let answer = exchange_with(&mut simulation, &mut too_many, "");
    assert_eq!((answer.status, answer.header("Retry-After")), (503, Some("5")), "{}", answer.all);
    let mut two = put(&mut simulation, &first(2));
    assert!(two.received.is_empty(), "refused although inbox slots are free");
    // A later client waits, although the second property is not in the inbox yet.
    let mut late = simulation.open("/ws");
    late.send(&mut simulation, &link::frame(0x81, br#"{"label":"b6","value":true}"#));
    let mut taken = Vec::new();
    while let Some((name, responder)) = next(&mut inbox) {
        taken.push(name);
        responder.done();
        two.turn(&mut simulation);
        late.turn(&mut simulation);
    }
    assert_eq!(taken.iter().filter(|name| **name == "b7").count(), 6);
    let mut rest: Vec<_> = taken.into_iter().filter(|name| *name != "b7").collect();
    rest.sort_unstable();
    assert_eq!(rest, ["a0", "a1", "b6"]);
    assert_eq!(exchange_with(&mut simulation, &mut two, "").status, 204);
}

/// Checks that all inbox slots are free.
fn check_that_nothing_is_kept(simulation: &mut Simulation, inbox: &mut Inbox<'_>) {
    assert!(next(inbox).is_none(), "the rest was written");
    let mut peer = put(simulation, &first(8));
    let mut done = 0;
    while let Some((_, responder)) = next(inbox) {
        done += 1;
        responder.done();
        peer.turn(simulation);
    }
    assert_eq!((done, exchange_with(simulation, &mut peer, "").status), (8, 204));
}

#[test]
fn client_leaving_cancels_remaining_writes() {
    for taken in 0..8 {
        let mut simulation = Simulation::with_app(&MANY_APP, Limits::DEVICE);
        let mut inbox = inbox(&simulation);
        let mut peer = put(&mut simulation, &first(8));
        for index in 0..taken {
            let (_, responder) = next(&mut inbox).expect("it is in the inbox");
            // The last one is with the application when the client leaves.
            if index + 1 < taken {
                responder.done();
                peer.turn(&mut simulation);
            }
        }
        peer.client.abandon(&mut simulation.context());
        check_that_nothing_is_kept(&mut simulation, &mut inbox);
    }
}

#[test]
fn all_writes_share_five_seconds() {
    let mut simulation = Simulation::with_app(&MANY_APP, Limits::DEVICE);
    let mut inbox = inbox(&simulation);
    let mut peer = put(&mut simulation, &first(4));
    let (_, responder) = next(&mut inbox).expect("it is in the inbox");
    simulation.now = 4_900;
    responder.done();
    peer.turn(&mut simulation);
    assert!(next(&mut inbox).is_some());
    peer.turn(&mut simulation);
    assert!(peer.received.is_empty());
    simulation.now = 5_000;
    let answer = exchange_with(&mut simulation, &mut peer, "");
    assert_eq!(answer.status, 503, "{}", answer.all);
    check_that_nothing_is_kept(&mut simulation, &mut inbox);
}

//! The frames of a Thing, as docs/reference/wire.md
//! has them: messages of clients, and their answers.

mod link;
mod workshop;

use instep::Inbox;
use link::{Peer, Simulation, frame, inbox};
use workshop::{Bench, asked, open, received, said, texts};

#[test]
fn each_kind_is_written_as_declared() {
    let mut simulation = workshop::simulation();
    let (mut inbox, mut peer) = (inbox(&simulation), open(&mut simulation));
    for (message, command) in [
        (r#"{"label":"led","value":true}"#, "Led(true)"),
        (r#"{"value":false,"label":"led"}"#, "Led(false)"),
        (" { \"label\" : \"l\\u0065d\" ,\n\"value\" : true } ", "Led(true)"),
        (r#"{"label":"led","value":true,"later":{"a":[[1]]},"id":null}"#, "Led(true)"),
        (r#"{"label":"level","value":42}"#, "Level(42.0)"),
        (r#"{"label":"level","value":-20}"#, "Level(-20.0)"),
        (r#"{"label":"level","value":1e2}"#, "Level(100.0)"),
        (r#"{"label":"level","value":0.50}"#, "Level(0.5)"),
        (r#"{"label":"mode","value":"night"}"#, r#"Mode("night")"#),
        (r#"{"label":"mode","value":"ni\u0067ht"}"#, r#"Mode("night")"#),
        (r#"{"label":"name","value":""}"#, r#"Name("")"#),
        (r#"{"label":"name","value":"\"\u00e9\ud83d\ude00\n"}"#, r#"Name("\"é😀\n")"#),
        (r#"{"label":"name","value":"12345678"}"#, r#"Name("12345678")"#),
        (r#"{"label":"blink"}"#, "Blink"),
        (r#"{"label":"blink","value":null}"#, "Blink"),
        (r#"{"label":"say","value":"hello"}"#, r#"Say("hello")"#),
    ] {
        peer.send(&mut simulation, &frame(0x81, message.as_bytes()));
        assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some(command), "{message}");
        assert_eq!(asked(&simulation, &mut inbox), None);
        assert_eq!(said(&mut simulation, &mut peer), [""; 0], "an answer without an id to {message}");
    }
}

#[test]
fn wrong_frame_is_explained_to_its_sender_only() {
    let mut simulation = workshop::simulation();
    let (mut inbox, mut peer) = (inbox(&simulation), open(&mut simulation));
    let mut other = open(&mut simulation);
    let revision = simulation.device.counts().revision;
    for (message, id, code, name, text) in [
        ("toggle", "", "not-json", "", "this is not JSON, at byte 0"),
        ("", "", "not-json", "", "this is not JSON, at byte 0"),
        (r#"{"label":"led","value":true"#, "", "not-json", "", "this is not JSON, at byte 27"),
        ("[[[[[1]]]]]", "", "too-deep", "", "more than 4 levels deep, at byte 4"),
        (
            r#"{"label":"led","value":1,"value":true}"#,
            "",
            "duplicate-key",
            "",
            "the key at byte 25 stands there twice",
        ),
        (
            r#"{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0}"#,
            "",
            "too-long",
            "",
            "the object at byte 0 has more than 16 members",
        ),
        ("1", "", "wrong-type", "", r#"send an object with a label, such as {\"label\":\"NAME\"}"#),
        (r#"{"id":3}"#, "3", "missing-value", "", "there is no label, which says what is meant"),
        (r#"{"label":7}"#, "", "wrong-type", "", "label is not a string"),
        (
            r#"{"label":"led","value":true,"id":"7"}"#,
            "",
            "wrong-type",
            "",
            "id is not a whole number from 0 to 2^53 - 1",
        ),
        (
            r#"{"label":"led","value":true,"id":-1}"#,
            "",
            "wrong-type",
            "",
            "id is not a whole number from 0 to 2^53 - 1",
        ),
        (
            r#"{"label":"led","value":true,"id":0.5}"#,
            "",
            "wrong-type",
            "",
            "id is not a whole number from 0 to 2^53 - 1",
        ),
        (
            r#"{"label":"led","value":true,"id":9007199254740992}"#,
            "",
            "wrong-type",
            "",
            "id is not a whole number from 0 to 2^53 - 1",
        ),
        (r#"{"label":"lamp","value":true,"id":7}"#, "7", "unknown", "", r#"there is no \"lamp\""#),
        (
            r#"{"label":"<b>\"\n","id":9007199254740991}"#,
            "9007199254740991",
            "unknown",
            "",
            r#"there is no \"\\u003cb\\u003e\\\"\\n\""#,
        ),
        (
            r#"{"label":"a label that is much longer than any name may be"}"#,
            "",
            "unknown",
            "",
            r#"there is no \"a label that is much longer than any nam…\""#,
        ),
        (r#"{"label":"alive"}"#, "", "unknown", "", r#"there is no \"alive\""#),
        (r#"{"label":"led","id":0}"#, "0", "missing-value", "led", "there is no value: led is true or false"),
        (r#"{"label":"led","value":1,"id":7}"#, "7", "wrong-type", "led", "led is true or false"),
        (r#"{"label":"led","value":null,"id":7}"#, "7", "wrong-type", "led", "led is true or false"),
        (
            r#"{"label":"level","value":"42","id":7}"#,
            "7",
            "wrong-type",
            "level",
            "level is a number from -20 to 100 in steps of 0.5",
        ),
        (
            r#"{"label":"level","value":100.5,"id":7}"#,
            "7",
            "out-of-range",
            "level",
            "level is a number from -20 to 100 in steps of 0.5",
        ),
        (
            r#"{"label":"level","value":-20.5}"#,
            "",
            "out-of-range",
            "level",
            "level is a number from -20 to 100 in steps of 0.5",
        ),
        (
            r#"{"label":"level","value":0.2}"#,
            "",
            "out-of-range",
            "level",
            "level is a number from -20 to 100 in steps of 0.5",
        ),
        (
            r#"{"label":"level","value":0.25}"#,
            "",
            "out-of-range",
            "level",
            "level is a number from -20 to 100 in steps of 0.5",
        ),
        (
            r#"{"label":"level","value":1e999}"#,
            "",
            "out-of-range",
            "level",
            "level is a number from -20 to 100 in steps of 0.5",
        ),
        (r#"{"label":"mode","value":"Night"}"#, "", "out-of-range", "mode", "mode is one of day, night"),
        (r#"{"label":"mode","value":0}"#, "", "wrong-type", "mode", "mode is one of day, night"),
        (
            r#"{"label":"name","value":"123456789"}"#,
            "",
            "too-long",
            "name",
            "name is text of at most 8 bytes",
        ),
        (r#"{"label":"name","value":"ééééé"}"#, "", "too-long", "name", "name is text of at most 8 bytes"),
        (r#"{"label":"name","value":["a"]}"#, "", "wrong-type", "name", "name is text of at most 8 bytes"),
        (
            r#"{"label":"say"}"#,
            "",
            "missing-value",
            "say",
            "there is no value: say is text of at most 16 bytes",
        ),
        (
            r#"{"label":"blink","value":true}"#,
            "",
            "wrong-type",
            "blink",
            "blink is an action without a value",
        ),
        (r#"{"label":"heat","value":21,"id":7}"#, "7", "read-only", "heat", "heat is only read"),
        (r#"{"label":"door","value":true}"#, "", "read-only", "door", "door is only read"),
        (
            r#"{"label":"said","value":"x"}"#,
            "",
            "read-only",
            "said",
            "said is an event: only the device tells it",
        ),
        (
            r#"{"label":"lines","value":"x"}"#,
            "",
            "read-only",
            "lines",
            "lines is an event: only the device tells it",
        ),
    ] {
        peer.send(&mut simulation, &frame(0x81, message.as_bytes()));
        assert_eq!(asked(&simulation, &mut inbox), None, "{message}");
        assert_eq!(said(&mut simulation, &mut peer), [workshop::error(id, code, name, text)], "{message}");
        assert_eq!(said(&mut simulation, &mut other), [""; 0], "{message}");
    }
    peer.send(&mut simulation, &frame(0x82, br#"{"label":"led","value":true}"#));
    assert_eq!(asked(&simulation, &mut inbox), None);
    let bytes = workshop::error("", "not-json", "", "this is not JSON: send text, not bytes");
    assert_eq!(said(&mut simulation, &mut peer), [bytes]);
    assert_eq!(simulation.device.counts().revision, revision, "a wrong frame was published");
    // Both clients stay connected.
    for peer in [&mut peer, &mut other] {
        peer.send(&mut simulation, &frame(0x81, br#"{"label":"led","value":true}"#));
        assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Led(true)"));
    }
}

#[test]
fn answer_follows_values_published_before_it() {
    let mut simulation = workshop::simulation();
    let (mut inbox, mut peer) = (inbox(&simulation), open(&mut simulation));
    let mut other = open(&mut simulation);
    let bench = Bench::new(simulation.device);
    peer.send(&mut simulation, &frame(0x81, br#"{"label":"led","value":true,"id":7}"#));
    assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Led(true)"));
    assert_eq!(said(&mut simulation, &mut peer), [""; 0], "answered before it was done");
    bench.led(true);
    bench.said("on");
    assert_eq!(asked(&simulation, &mut inbox), None);
    let published = [r#"{"label":"led","value":true}"#, r#"{"label":"said","value":"on"}"#];
    assert_eq!(said(&mut simulation, &mut peer), [published[0], published[1], r#"{"label":"ok","id":7}"#]);
    assert_eq!(said(&mut simulation, &mut other), published);
}

#[test]
fn application_may_answer_refuse_or_defer() {
    let mut simulation = workshop::simulation();
    let (mut inbox, mut peer) = (inbox(&simulation), open(&mut simulation));
    let ask = |simulation: &mut Simulation, inbox: &mut Inbox<'static>, peer: &mut Peer, id: &str| {
        let message = format!(r#"{{"label":"say","value":"?"{id}}}"#);
        peer.send(simulation, &frame(0x81, message.as_bytes()));
        let (command, responder) = received(simulation, inbox).unwrap();
        assert_eq!(command, r#"Say("?")"#);
        responder
    };
    let expect =
        |simulation: &mut Simulation, inbox: &mut Inbox<'static>, peer: &mut Peer, frames: &[&str]| {
            assert_eq!(asked(simulation, inbox), None);
            assert_eq!(said(simulation, peer), frames);
        };
    ask(&mut simulation, &mut inbox, &mut peer, r#","id":1"#).respond(&"a \"word\"");
    expect(&mut simulation, &mut inbox, &mut peer, &[r#"{"label":"ok","id":1,"value":"a \"word\""}"#]);
    for (number, json) in [(0.0, "0"), (-2.5, "-2.5"), (1e300, "null"), (f64::NAN, "null"), (0.1, "0.1")] {
        ask(&mut simulation, &mut inbox, &mut peer, r#","id":2"#).respond(number);
        expect(
            &mut simulation,
            &mut inbox,
            &mut peer,
            &[&format!(r#"{{"label":"ok","id":2,"value":{json}}}"#)],
        );
    }
    ask(&mut simulation, &mut inbox, &mut peer, "").respond(true);
    expect(&mut simulation, &mut inbox, &mut peer, &[]);
    let responder = ask(&mut simulation, &mut inbox, &mut peer, r#","id":3"#);
    responder.refuse("the motor is <blocked>");
    responder.refuse("only once");
    expect(
        &mut simulation,
        &mut inbox,
        &mut peer,
        &[&workshop::error("3", "refused", "say", r"the motor is \u003cblocked\u003e")],
    );
    ask(&mut simulation, &mut inbox, &mut peer, "").refuse(format_args!("{}", "x".repeat(200)));
    let cut = format!("{}…", "x".repeat(256 - 144));
    expect(&mut simulation, &mut inbox, &mut peer, &[&workshop::error("", "refused", "say", &cut)]);
    // A deferred answer, with other commands meanwhile.
    let responder = ask(&mut simulation, &mut inbox, &mut peer, r#","id":4"#);
    let later = responder.defer();
    responder.refuse("there is one answer");
    responder.defer().refuse("a second answer is owed");
    ask(&mut simulation, &mut inbox, &mut peer, r#","id":5"#);
    expect(&mut simulation, &mut inbox, &mut peer, &[r#"{"label":"ok","id":5}"#]);
    later.done();
    expect(&mut simulation, &mut inbox, &mut peer, &[r#"{"label":"ok","id":4}"#]);
    // A late answer and the next one at the same moment both have room.
    let later = ask(&mut simulation, &mut inbox, &mut peer, r#","id":4"#).defer();
    ask(&mut simulation, &mut inbox, &mut peer, r#","id":5"#);
    later.respond(true);
    let both = [r#"{"label":"ok","id":4,"value":true}"#, r#"{"label":"ok","id":5}"#];
    expect(&mut simulation, &mut inbox, &mut peer, &both);
    // A request that the next receive answered cannot be answered any more.
    let late = ask(&mut simulation, &mut inbox, &mut peer, r#","id":7"#);
    expect(&mut simulation, &mut inbox, &mut peer, &[r#"{"label":"ok","id":7}"#]);
    late.refuse("too late");
    ask(&mut simulation, &mut inbox, &mut peer, r#","id":8"#);
    late.respond(true);
    expect(&mut simulation, &mut inbox, &mut peer, &[r#"{"label":"ok","id":8}"#]);
    // Who client that has left is owed no answer.
    ask(&mut simulation, &mut inbox, &mut peer, r#","id":6"#);
    peer.client.abandon(&mut simulation.context());
    let mut next = open(&mut simulation);
    expect(&mut simulation, &mut inbox, &mut next, &[]);
}

#[test]
fn cancelled_wait_for_request_loses_nothing() {
    let mut simulation = workshop::simulation();
    let (mut inbox, mut peer) = (inbox(&simulation), open(&mut simulation));
    for id in 0..20 {
        assert_eq!(asked(&simulation, &mut inbox), None);
        peer.send(&mut simulation, &frame(0x81, format!(r#"{{"label":"blink","id":{id}}}"#).as_bytes()));
        assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Blink"));
    }
    assert_eq!(asked(&simulation, &mut inbox), None);
    let answers: Vec<_> = (0..20).map(|id| format!(r#"{{"label":"ok","id":{id}}}"#)).collect();
    assert_eq!(said(&mut simulation, &mut peer), answers);
}

#[test]
fn waiting_write_is_replaced_by_latest() {
    let mut simulation = workshop::simulation();
    let (mut inbox, mut peer) = (inbox(&simulation), open(&mut simulation));
    let level = |value: i32| frame(0x81, format!(r#"{{"label":"level","value":{value}}}"#).as_bytes());
    for value in 0..60 {
        peer.send(&mut simulation, &level(value));
        assert!(peer.last.unwrap().wants_read, "reading stopped");
    }
    // A wrong frame replaces no other, and another property waits its turn, as do the frames behind it.
    peer.send(&mut simulation, &frame(0x81, br#"{"label":"level","value":1000}"#));
    assert!(!peer.last.unwrap().wants_read);
    peer.send(&mut simulation, &frame(0x81, br#"{"label":"led","value":true}"#));
    peer.send(&mut simulation, &level(60));
    peer.send(&mut simulation, &level(61));
    let mut commands = Vec::new();
    for _ in 0..20 {
        commands.extend(asked(&simulation, &mut inbox));
        simulation.follow();
        peer.client.expect_reply();
        peer.turn(&mut simulation);
    }
    assert_eq!(commands, ["Level(59.0)", "Led(true)", "Level(61.0)"]);
    let error =
        workshop::error("", "out-of-range", "level", "level is a number from -20 to 100 in steps of 0.5");
    assert_eq!(texts(&mut peer), [error]);
}

#[test]
fn write_with_id_and_action_are_never_superseded() {
    let mut simulation = workshop::simulation();
    let (mut inbox, mut peer) = (inbox(&simulation), open(&mut simulation));
    for message in [
        r#"{"label":"level","value":1}"#,
        r#"{"label":"level","value":2,"id":1}"#,
        r#"{"label":"level","value":3}"#,
        r#"{"label":"say","value":"a"}"#,
        r#"{"label":"say","value":"b"}"#,
        r#"{"label":"blink"}"#,
        r#"{"label":"blink"}"#,
    ] {
        peer.send(&mut simulation, &frame(0x81, message.as_bytes()));
    }
    let mut commands = Vec::new();
    for _ in 0..20 {
        commands.extend(asked(&simulation, &mut inbox));
        simulation.follow();
        peer.client.expect_reply();
        peer.turn(&mut simulation);
    }
    let all = ["Level(1.0)", "Level(2.0)", "Level(3.0)", r#"Say("a")"#, r#"Say("b")"#, "Blink", "Blink"];
    assert_eq!(commands, all);
    assert_eq!(texts(&mut peer), [r#"{"label":"ok","id":1}"#]);
}

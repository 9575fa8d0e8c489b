//! The frames of a Thing, as docs/wire.md has them: what clients send, what they are answered, what they are told unasked.

mod link;
mod workshop;

use instep::{App, Inbox, Limits, Severity};
use link::{Peer, World, frame, inbox};
use workshop::{Bench, asked, open, said, texts};

#[test]
fn the_first_frame_says_which_thing_it_is_and_then_come_all_values() {
    const OTHER: App = App::new("bench", "for tests").thing(&Bench::THING).version("1.2.3");
    const SAME: App = App::new("bench", "of another name").version("1.2.3").thing(&Bench::THING);
    let hash = |app: &'static App| {
        let mut world = World::with_app(app, Limits::DEVICE);
        Bench::new(world.device).led(true);
        let mut peer = world.open("/ws");
        let frames = texts(&mut peer);
        assert_eq!(frames[1..], [r#"{"label":"led","value":true}"#]);
        let hash = frames[0].strip_prefix(r#"{"label":"thing","value":{"wire":1,"hash":""#).unwrap();
        let hash = hash.strip_suffix(r#""}}"#).unwrap().to_string();
        assert_eq!(hash.len(), 16);
        u64::from_str_radix(&hash, 16).unwrap()
    };
    assert_eq!(hash(&workshop::APP), hash(&workshop::APP));
    assert_eq!(hash(&OTHER), hash(&SAME));
    assert_ne!(hash(&workshop::APP), hash(&OTHER), "another version may be another Thing");
}

#[test]
fn plain_endpoints_hear_nothing_of_all_this() {
    let mut world = World::new(Limits::DEVICE);
    let mut peer = world.open("/ws");
    assert_eq!(peer.last.unwrap().wake_at.as_millis(), 10_000, "the first ping");
    world.now = 9_000;
    peer.turn(&mut world);
    assert_eq!(peer.take(), b"");
}

#[test]
fn each_kind_is_written_as_it_was_declared() {
    let mut world = workshop::world();
    let (mut inbox, mut peer) = (inbox(&world), open(&mut world));
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
        peer.send(&mut world, &frame(0x81, message.as_bytes()));
        assert_eq!(asked(&world, &mut inbox).as_deref(), Some(command), "{message}");
        assert_eq!(asked(&world, &mut inbox), None);
        assert_eq!(said(&mut world, &mut peer), [""; 0], "nobody asked for an answer to {message}");
    }
}

#[test]
fn what_is_wrong_is_told_to_its_sender_alone_and_changes_nothing() {
    let mut world = workshop::world();
    let (mut inbox, mut peer) = (inbox(&world), open(&mut world));
    let mut other = open(&mut world);
    let revision = world.device.counts().revision;
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
        peer.send(&mut world, &frame(0x81, message.as_bytes()));
        assert_eq!(asked(&world, &mut inbox), None, "{message}");
        assert_eq!(said(&mut world, &mut peer), [workshop::error(id, code, name, text)], "{message}");
        assert_eq!(said(&mut world, &mut other), [""; 0], "{message}");
    }
    peer.send(&mut world, &frame(0x82, br#"{"label":"led","value":true}"#));
    assert_eq!(asked(&world, &mut inbox), None);
    let bytes = workshop::error("", "not-json", "", "this is not JSON: send text, not bytes");
    assert_eq!(said(&mut world, &mut peer), [bytes]);
    assert_eq!(world.device.counts().revision, revision, "nothing was published");
    // Both go on.
    for peer in [&mut peer, &mut other] {
        peer.send(&mut world, &frame(0x81, br#"{"label":"led","value":true}"#));
        assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Led(true)"));
    }
}

#[test]
fn an_answer_comes_when_the_application_goes_on_and_after_what_it_published() {
    let mut world = workshop::world();
    let (mut inbox, mut peer) = (inbox(&world), open(&mut world));
    let mut other = open(&mut world);
    let bench = Bench::new(world.device);
    peer.send(&mut world, &frame(0x81, br#"{"label":"led","value":true,"id":7}"#));
    assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Led(true)"));
    assert_eq!(said(&mut world, &mut peer), [""; 0], "it is not done yet");
    bench.led(true);
    bench.said("on");
    assert_eq!(asked(&world, &mut inbox), None);
    let published = [r#"{"label":"led","value":true}"#, r#"{"label":"said","value":"on"}"#];
    assert_eq!(said(&mut world, &mut peer), [published[0], published[1], r#"{"label":"ok","id":7}"#]);
    assert_eq!(said(&mut world, &mut other), published);
}

#[test]
fn the_application_answers_refuses_or_answers_later() {
    let mut world = workshop::world();
    let (mut inbox, mut peer) = (inbox(&world), open(&mut world));
    let ask = |world: &mut World, inbox: &mut Inbox<'_>, peer: &mut Peer, id: &str| {
        let message = format!(r#"{{"label":"say","value":"?"{id}}}"#);
        peer.send(world, &frame(0x81, message.as_bytes()));
        assert_eq!(asked(world, inbox).as_deref(), Some(r#"Say("?")"#));
    };
    let expect = |world: &mut World, inbox: &mut Inbox<'_>, peer: &mut Peer, frames: &[&str]| {
        assert_eq!(asked(world, inbox), None);
        assert_eq!(said(world, peer), frames);
    };
    ask(&mut world, &mut inbox, &mut peer, r#","id":1"#);
    inbox.answer(&"a \"word\"");
    expect(&mut world, &mut inbox, &mut peer, &[r#"{"label":"ok","id":1,"value":"a \"word\""}"#]);
    for (number, json) in [(0.0, "0"), (-2.5, "-2.5"), (1e300, "null"), (f64::NAN, "null"), (0.1, "0.1")] {
        ask(&mut world, &mut inbox, &mut peer, r#","id":2"#);
        inbox.answer(number);
        expect(&mut world, &mut inbox, &mut peer, &[&format!(r#"{{"label":"ok","id":2,"value":{json}}}"#)]);
    }
    ask(&mut world, &mut inbox, &mut peer, "");
    inbox.answer(true);
    expect(&mut world, &mut inbox, &mut peer, &[]);
    ask(&mut world, &mut inbox, &mut peer, r#","id":3"#);
    inbox.refuse("the motor is <blocked>");
    inbox.refuse("only once");
    expect(
        &mut world,
        &mut inbox,
        &mut peer,
        &[&workshop::error("3", "refused", "say", r"the motor is \u003cblocked\u003e")],
    );
    ask(&mut world, &mut inbox, &mut peer, "");
    inbox.refuse(format_args!("{}", "x".repeat(200)));
    let cut = format!("{}…", "x".repeat(256 - 144));
    expect(&mut world, &mut inbox, &mut peer, &[&workshop::error("", "refused", "say", &cut)]);
    // One that takes its time: others come meanwhile.
    ask(&mut world, &mut inbox, &mut peer, r#","id":4"#);
    let later = inbox.answer_later().unwrap();
    assert!(inbox.answer_later().is_none(), "there is one answer");
    ask(&mut world, &mut inbox, &mut peer, r#","id":5"#);
    expect(&mut world, &mut inbox, &mut peer, &[r#"{"label":"ok","id":5}"#]);
    later.done();
    expect(&mut world, &mut inbox, &mut peer, &[r#"{"label":"ok","id":4}"#]);
    // Who is gone is owed nothing.
    ask(&mut world, &mut inbox, &mut peer, r#","id":6"#);
    peer.client.abandon(&mut world.surroundings());
    let mut next = open(&mut world);
    expect(&mut world, &mut inbox, &mut next, &[]);
}

#[test]
fn a_wait_for_a_request_that_is_given_up_loses_nothing() {
    let mut world = workshop::world();
    let (mut inbox, mut peer) = (inbox(&world), open(&mut world));
    for id in 0..20 {
        assert_eq!(asked(&world, &mut inbox), None);
        peer.send(&mut world, &frame(0x81, format!(r#"{{"label":"blink","id":{id}}}"#).as_bytes()));
        assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Blink"));
    }
    assert_eq!(asked(&world, &mut inbox), None);
    let answers: Vec<_> = (0..20).map(|id| format!(r#"{{"label":"ok","id":{id}}}"#)).collect();
    assert_eq!(said(&mut world, &mut peer), answers);
}

#[test]
fn a_device_that_has_nothing_to_say_says_that_it_is_alive() {
    let mut world = workshop::world();
    let mut peer = open(&mut world);
    let bench = Bench::new(world.device);
    let alive = [r#"{"label":"alive"}"#];
    assert_eq!(peer.turn(&mut world).wake_at.as_millis(), 5_000);
    world.now = 4_999;
    assert_eq!(said(&mut world, &mut peer), [""; 0]);
    world.now = 5_000;
    assert_eq!(said(&mut world, &mut peer), alive);
    assert_eq!(peer.last.unwrap().wake_at.as_millis(), 10_000);
    world.now = 8_000;
    bench.led(true);
    assert_eq!(said(&mut world, &mut peer), [r#"{"label":"led","value":true}"#]);
    // From there on the time counts; that of pings does not.
    world.now = 12_999;
    assert_eq!(texts_without_pings(&mut world, &mut peer), [""; 0]);
    world.now = 13_000;
    assert_eq!(texts_without_pings(&mut world, &mut peer), alive);
    // An event or an answer is as good.
    world.now = 17_000;
    bench.said("x");
    assert_eq!(texts_without_pings(&mut world, &mut peer).len(), 1);
    world.now = 21_999;
    assert_eq!(texts_without_pings(&mut world, &mut peer), [""; 0]);
    world.now = 22_000;
    assert_eq!(texts_without_pings(&mut world, &mut peer), alive);
}

/// A pong keeps it from being dropped.
fn texts_without_pings(world: &mut World, peer: &mut Peer) -> Vec<String> {
    peer.send(world, &frame(0x8a, b""));
    texts(peer)
}

#[test]
fn who_does_not_read_gets_no_frames_that_say_so() {
    let mut world = workshop::world();
    let mut peer = open(&mut world);
    peer.window = 3;
    Bench::new(world.device).led(true);
    peer.turn(&mut world);
    for now in [5_000, 9_000] {
        world.now = now;
        peer.turn(&mut world);
    }
    peer.window = usize::MAX;
    assert_eq!(said(&mut world, &mut peer), [r#"{"label":"led","value":true}"#]);
}

#[test]
fn who_missed_events_is_told_before_those_that_follow() {
    let mut world = workshop::world();
    let bench = Bench::new(world.device);
    let mut peer = open(&mut world);
    peer.window = 1;
    bench.said(0);
    peer.turn(&mut world);
    for number in 1..=28 {
        bench.said(number);
    }
    // Still stuck within the first one.
    peer.turn(&mut world);
    peer.window = usize::MAX;
    let frames = said(&mut world, &mut peer);
    let event = |number: i32| format!(r#"{{"label":"said","value":"{number}"}}"#);
    let mut wanted = vec![event(0), r#"{"label":"missed","value":12}"#.to_string()];
    wanted.extend((13..=28).map(event));
    assert_eq!(frames, wanted);
    assert_eq!(world.device.counts().events_missed, 12);
    assert_eq!(said(&mut world, &mut peer), [""; 0]);
}

#[test]
fn what_was_missed_is_told_before_a_reply_too() {
    let mut world = workshop::world();
    let (mut inbox, mut peer) = (inbox(&world), open(&mut world));
    let bench = Bench::new(world.device);
    peer.send(&mut world, &frame(0x81, br#"{"label":"blink","id":7}"#));
    assert_eq!(asked(&world, &mut inbox).as_deref(), Some("Blink"));
    for number in 0..20 {
        bench.said(number);
    }
    assert_eq!(asked(&world, &mut inbox), None);
    let frames = said(&mut world, &mut peer);
    assert_eq!(frames.len(), 18);
    assert_eq!(frames[0], r#"{"label":"missed","value":4}"#);
    assert_eq!(frames[17], r#"{"label":"ok","id":7}"#);
}

#[test]
fn of_writes_that_wait_the_latest_wins() {
    let mut world = workshop::world();
    let (mut inbox, mut peer) = (inbox(&world), open(&mut world));
    let level = |value: i32| frame(0x81, format!(r#"{{"label":"level","value":{value}}}"#).as_bytes());
    for value in 0..60 {
        peer.send(&mut world, &level(value));
        assert!(peer.last.unwrap().wants_read, "it is read from all the while");
    }
    // What is wrong takes no other's place, and another property waits its turn. So does what comes behind it.
    peer.send(&mut world, &frame(0x81, br#"{"label":"level","value":1000}"#));
    assert!(!peer.last.unwrap().wants_read);
    peer.send(&mut world, &frame(0x81, br#"{"label":"led","value":true}"#));
    peer.send(&mut world, &level(60));
    peer.send(&mut world, &level(61));
    let mut commands = Vec::new();
    for _ in 0..20 {
        commands.extend(asked(&world, &mut inbox));
        world.follow();
        peer.client.expect_reply();
        peer.turn(&mut world);
    }
    assert_eq!(commands, ["Level(59.0)", "Led(true)", "Level(61.0)"]);
    let error =
        workshop::error("", "out-of-range", "level", "level is a number from -20 to 100 in steps of 0.5");
    assert_eq!(texts(&mut peer), [error]);
}

#[test]
fn neither_what_asks_for_an_answer_nor_an_action_is_passed_over() {
    let mut world = workshop::world();
    let (mut inbox, mut peer) = (inbox(&world), open(&mut world));
    for message in [
        r#"{"label":"level","value":1}"#,
        r#"{"label":"level","value":2,"id":1}"#,
        r#"{"label":"level","value":3}"#,
        r#"{"label":"say","value":"a"}"#,
        r#"{"label":"say","value":"b"}"#,
        r#"{"label":"blink"}"#,
        r#"{"label":"blink"}"#,
    ] {
        peer.send(&mut world, &frame(0x81, message.as_bytes()));
    }
    let mut commands = Vec::new();
    for _ in 0..20 {
        commands.extend(asked(&world, &mut inbox));
        world.follow();
        peer.client.expect_reply();
        peer.turn(&mut world);
    }
    let all = ["Level(1.0)", "Level(2.0)", "Level(3.0)", r#"Say("a")"#, r#"Say("b")"#, "Blink", "Blink"];
    assert_eq!(commands, all);
    assert_eq!(texts(&mut peer), [r#"{"label":"ok","id":1}"#]);
}

#[test]
fn what_the_application_says_comes_out_as_declared() {
    let mut world = workshop::world();
    let mut peer = open(&mut world);
    let bench = Bench::new(world.device);
    let mut expect = |json: &str| {
        let frames = said(&mut world, &mut peer);
        assert_eq!(frames, if json.is_empty() { vec![] } else { vec![json] });
    };
    bench.led(None);
    expect(r#"{"label":"led","value":null}"#);
    bench.level(12.34);
    expect(r#"{"label":"level","value":12.3}"#);
    bench.heat(21.55);
    expect(r#"{"label":"heat","value":21.55}"#);
    bench.heat(f64::NAN);
    expect(r#"{"label":"heat","value":null}"#);
    bench.heat(None);
    expect(r#"{"label":"heat","value":null}"#);
    bench.door(true);
    expect(r#"{"label":"door","value":true}"#);
    bench.mode("night");
    expect(r#"{"label":"mode","value":"night"}"#);
    bench.mode("nigh");
    expect("");
    bench.mode("nights");
    expect("");
    bench.name(format_args!("<{}>", "b"));
    expect(r#"{"label":"name","value":"\u003cb\u003e"}"#);
    bench.said("\u{2028}");
    expect(r#"{"label":"said","value":"\u2028"}"#);
    bench.lines(Severity::Warning, "hot");
    expect(r#"{"label":"lines","value":{"severity":"warning","message":"hot"}}"#);
    bench.lines(Severity::Error, "x".repeat(300));
    let cut = "x".repeat(256 - 96);
    expect(&format!(r#"{{"label":"lines","value":{{"severity":"error","message":"{cut}…"}}}}"#));
    // Nothing of these is anything.
    Bench::THING.publish(world.device, "led", 1.0);
    Bench::THING.publish(world.device, "heat", true);
    Bench::THING.publish(world.device, "blink", true);
    Bench::THING.publish(world.device, "other", true);
    Bench::THING.tell(world.device, "lines", "x");
    Bench::THING.log(world.device, "said", Severity::Info, "x");
    assert_eq!(said(&mut world, &mut peer), [""; 0]);
}

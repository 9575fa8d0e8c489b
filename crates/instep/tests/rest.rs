//! The Thing by plain HTTP, as docs/contracts.md
//! section 4 has it, on the simulated link.

mod guarded;
mod link;
mod thing_request;
mod workshop;

use guarded::{exchange_with, get, request};
use instep::{Limits, Responder};
use link::{Simulation, inbox};
use thing_request::{JSON, ask, request_text, unchunk};
use workshop::{Bench, asked, simulation};

#[test]
fn values_are_read_alone_and_together() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    for path in ["led", "level", "mode", "name", "heat", "door"] {
        let answer = get(&mut simulation, &format!("/properties/{path}"), "");
        assert_eq!((answer.status, answer.body.as_str()), (200, "null"), "a value without a publish");
    }
    bench.led(true);
    bench.level(-2.5);
    bench.mode("night");
    bench.name("a\"}<");
    bench.heat(21.5);
    bench.heat(f64::NAN);
    for (path, value) in [
        ("led", "true"),
        ("level", "-2.5"),
        ("mode", "\"night\""),
        ("name", r#""a\"}\u003c""#),
        ("heat", "null"),
        ("door", "null"),
    ] {
        let answer = get(&mut simulation, &format!("/properties/{path}"), "");
        assert_eq!((answer.status, answer.body.as_str()), (200, value), "{path}");
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        assert_eq!(answer.header("Content-Length"), Some(value.len().to_string().as_str()));
        let head = request(&mut simulation, "HEAD", &format!("/properties/{path}"), "", "");
        assert_eq!((head.status, head.body.as_str()), (200, ""));
    }
    let all = get(&mut simulation, "/properties", "");
    assert_eq!(all.status, 200);
    assert_eq!(all.header("Content-Type"), Some("application/json"));
    let expected = r#"{"led":true,"level":-2.5,"mode":"night","name":"a\"}\u003c","heat":null,"door":null}"#;
    assert_eq!(unchunk(&all.body), expected);
    let mut old = simulation.client();
    let answer = exchange_with(&mut simulation, &mut old, "GET /properties HTTP/1.0\r\n\r\n");
    assert_eq!((answer.header("Connection"), answer.body.as_str()), (Some("close"), expected));
}

#[test]
fn all_values_arrive_whole_through_any_window() {
    let mut simulation = simulation();
    Bench::new(simulation.device).name("12345678");
    let whole = get(&mut simulation, "/properties", "").all;
    for window in [1, 7, 100] {
        let mut peer = simulation.client();
        peer.window = 0;
        peer.send(&mut simulation, request_text("GET", "/properties", "", "").as_bytes());
        while peer.received.len() < whole.len() {
            peer.window = window;
            let before = peer.received.len();
            peer.turn(&mut simulation);
            assert!(peer.received.len() > before, "stuck");
        }
        assert_eq!(String::from_utf8(peer.take()).unwrap(), whole);
    }
}

#[test]
fn write_is_answered_when_application_is_done() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    for (method, path, body, command) in [
        ("PUT", "/properties/led", "true", "Led(true)"),
        ("PUT", "/properties/led", " false\n", "Led(false)"),
        ("PUT", "/properties/level", "-1.50e1", "Level(-15.0)"),
        ("PUT", "/properties/mode", r#""d\u0061y""#, "Mode(\"day\")"),
        ("PUT", "/properties/name", r#""\"x\"""#, "Name(\"\\\"x\\\"\")"),
        ("POST", "/actions/blink", "", "Blink"),
        ("POST", "/actions/blink", "null", "Blink"),
        ("POST", "/actions/say", "\"hello\"", "Say(\"hello\")"),
    ] {
        let (asked, answer) = ask(&mut simulation, &mut inbox, method, path, JSON, body, |_| {});
        assert_eq!((asked.as_str(), answer.status), (command, 204), "{path} {body} {}", answer.all);
        assert_eq!((answer.header("Content-Length"), answer.body.as_str()), (None, ""));
    }
    let (_, output) = ask(&mut simulation, &mut inbox, "POST", "/actions/blink", "", "", |responder| {
        responder.respond(2.5);
    });
    assert_eq!((output.status, output.body.as_str()), (200, "2.5"));
    assert_eq!(output.header("Content-Type"), Some("application/json"));
    let refuse = |responder: Responder<'_>| responder.refuse("it is \"hot\"");
    let (_, refused) = ask(&mut simulation, &mut inbox, "POST", "/actions/blink", "", "", refuse);
    let body = r#"{"code":"refused","name":"blink","message":"it is \"hot\""}"#;
    assert_eq!((refused.status, refused.body.as_str()), (409, body));
}

#[test]
fn wrong_request_is_explained_and_changes_nothing() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    let led = "/properties/led";
    for (method, path, headers, body, status, code) in [
        ("PUT", led, JSON, "tru", 400, "not-json"),
        ("PUT", led, JSON, "true,\"id\":1", 400, "not-json"),
        ("PUT", led, JSON, "true}", 400, "not-json"),
        ("PUT", led, JSON, "[[[[[1]]]]]", 400, "too-deep"),
        ("PUT", led, JSON, "[[[[1]]]]", 400, "too-deep"),
        ("PUT", led, JSON, "[[[1]]]", 400, "wrong-type"),
        ("PUT", led, JSON, "{\"a\":1,\"a\":1}", 400, "duplicate-key"),
        ("PUT", led, JSON, "\"true\"", 400, "wrong-type"),
        ("PUT", led, JSON, "null", 400, "wrong-type"),
        ("PUT", led, JSON, "", 400, "missing-value"),
        ("PUT", "/properties/level", JSON, "101", 422, "out-of-range"),
        ("PUT", "/properties/level", JSON, "0.25", 422, "out-of-range"),
        ("PUT", "/properties/level", JSON, "1e999", 422, "out-of-range"),
        ("PUT", "/properties/mode", JSON, "\"dusk\"", 422, "out-of-range"),
        ("PUT", "/properties/name", JSON, "\"123456789\"", 422, "too-long"),
        ("POST", "/actions/say", JSON, "7", 400, "wrong-type"),
        ("POST", "/actions/say", JSON, "", 400, "missing-value"),
        ("POST", "/actions/blink", JSON, "1", 400, "wrong-type"),
        ("PUT", led, "", "true", 415, "not-json"),
        ("PUT", led, "Content-Type: text/plain\r\n", "true", 415, "not-json"),
        (
            "POST",
            "/actions/say",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            "\"a\"",
            415,
            "not-json",
        ),
        ("PUT", "/properties/none", JSON, "1", 404, "unknown"),
        ("GET", "/properties/none", "", "", 404, "unknown"),
        ("GET", "/properties/", "", "", 404, "unknown"),
        ("GET", "/properties/blink", "", "", 404, "unknown"),
        ("GET", "/properties/said", "", "", 404, "unknown"),
        ("GET", "/properties/l%2565d", "", "", 404, "unknown"),
        ("GET", "/properties/led/history", "", "", 404, "unknown"),
        ("POST", "/actions/led", JSON, "", 404, "unknown"),
        ("POST", "/actions/heat/history", JSON, "", 404, "unknown"),
        ("PUT", "/properties/heat", JSON, "1", 405, "read-only"),
        ("PUT", "/properties/heat/history", JSON, "1", 405, "read-only"),
        ("POST", "/properties", JSON, "{}", 405, "wrong-method"),
        ("DELETE", led, "", "", 405, "wrong-method"),
        ("POST", led, JSON, "true", 405, "wrong-method"),
        ("GET", "/actions/blink", "", "", 405, "wrong-method"),
        ("PUT", "/actions/blink", JSON, "", 405, "wrong-method"),
        ("POST", "/.well-known/wot", JSON, "", 405, "read-only"),
    ] {
        let (asked, answer) = ask(&mut simulation, &mut inbox, method, path, headers, body, |_| {});
        let say = format!("{method} {path} {body}: {}", answer.all);
        assert_eq!((asked.as_str(), answer.status), ("", status), "{say}");
        assert!(answer.body.starts_with(&format!("{{\"code\":\"{code}\"")), "{say}");
        assert!(answer.body.ends_with("\"}"), "{say}");
        assert_eq!(answer.header("Content-Type"), Some("application/json"), "{say}");
        assert_eq!(answer.header("Allow").is_some(), status == 405, "{say}");
    }
    assert_eq!(request(&mut simulation, "DELETE", led, "", "").header("Allow"), Some("GET, HEAD, PUT"));
    assert_eq!(
        request(&mut simulation, "PUT", "/properties/heat", "", "").header("Allow"),
        Some("GET, HEAD")
    );
    assert_eq!(get(&mut simulation, "/actions/say", "").header("Allow"), Some("POST"));
    let long = get(&mut simulation, &format!("/properties/{}\"<", "x".repeat(500)), "");
    assert!(long.status == 404 && long.body.len() < 200 && !long.body.contains('<'), "{}", long.body);
    assert_eq!(get(&mut simulation, "/propertiesx", "").status, 404);
}

#[test]
fn media_type_ignores_case_and_parameters() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    for header in ["Content-Type: Application/JSON; charset=utf-8\r\n", "content-type:application/json\r\n"] {
        let (_, answer) = ask(&mut simulation, &mut inbox, "PUT", "/properties/led", header, "true", |_| {});
        assert_eq!(answer.status, 204, "{header}");
    }
    let two = "Content-Type: application/json\r\nContent-Type: text/plain\r\n";
    let (_, answer) = ask(&mut simulation, &mut inbox, "PUT", "/properties/led", two, "true", |_| {});
    assert_eq!(answer.status, 415);
}

#[test]
fn body_limits_are_exact() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    let around = r#"{"label":"led","value":,"id":0}"#.len();
    for (length, status) in [(512 - around, 204), (513 - around, 413), (512, 413), (513, 413), (99_999, 413)]
    {
        let body = format!("true{}", " ".repeat(length - 4));
        let (_, answer) = ask(&mut simulation, &mut inbox, "PUT", "/properties/led", JSON, &body, |_| {});
        assert_eq!(answer.status, status, "{length}: {}", answer.all);
    }
}

#[test]
fn body_may_arrive_in_pieces_and_after_100_continue() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    let text = request_text("PUT", "/properties/name", JSON, "\"abc\"")
        + &request_text("GET", "/properties", "", "");
    for cut in 0..text.len() {
        let mut peer = simulation.client();
        peer.send(&mut simulation, &text.as_bytes()[..cut]);
        peer.send(&mut simulation, &text.as_bytes()[cut..]);
        assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Name(\"abc\")"), "cut at {cut}");
        asked(&simulation, &mut inbox);
        peer.turn(&mut simulation);
        let answers = String::from_utf8(peer.take()).unwrap();
        assert!(answers.starts_with("HTTP/1.1 204 ") && answers.contains("HTTP/1.1 200 "), "{answers}");
    }
    let mut peer = simulation.client();
    let expecting = format!("{JSON}Expect: 100-continue\r\n");
    let text = request_text("PUT", "/properties/name", &expecting, "\"abc\"");
    let (head, body) = text.split_at(text.len() - 5);
    peer.send(&mut simulation, head.as_bytes());
    assert_eq!(peer.take(), b"HTTP/1.1 100 Continue\r\n\r\n");
    peer.send(&mut simulation, body.as_bytes());
    assert!(asked(&simulation, &mut inbox).is_some());
    let done = asked(&simulation, &mut inbox);
    assert_eq!(done, None);
    let answer = exchange_with(&mut simulation, &mut peer, "");
    assert_eq!((answer.status, answer.header("Connection")), (204, None), "{}", answer.all);
    let again = exchange_with(&mut simulation, &mut peer, &request_text("GET", "/properties/led", "", ""));
    assert_eq!(again.status, 200);
}

#[test]
fn cross_origin_or_logged_out_request_gets_nothing() {
    let mut simulation = guarded::guard(workshop::simulation());
    let mut inbox = inbox(&simulation);
    let basic = format!("{}\r\n", guarded::BASIC);
    let elsewhere = format!("{basic}{JSON}Origin: http://evil.test\r\n");
    let image = format!("{basic}Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n");
    for (method, path, body) in [
        ("GET", "/properties", ""),
        ("GET", "/properties/led", ""),
        ("GET", "/properties/heat/history", ""),
        ("GET", "/.well-known/wot", ""),
        ("PUT", "/properties/led", "true"),
        ("POST", "/actions/blink", ""),
    ] {
        let reads = method == "GET";
        let case = |headers: &str, simulation: &mut Simulation| {
            request(simulation, method, path, headers, body).status
        };
        assert_eq!(case(JSON, &mut simulation), 401, "{path}");
        assert_eq!(case(&image, &mut simulation), 403, "{path}");
        if !reads {
            assert_eq!(case(&elsewhere, &mut simulation), 403, "{path}");
        }
        let named = request_text(method, path, &format!("{basic}{JSON}"), body).replace("lamp", "evil.test");
        let mut peer = simulation.client();
        assert_eq!(exchange_with(&mut simulation, &mut peer, &named).status, 421, "{path}");
    }
    assert_eq!(asked(&simulation, &mut inbox), None);
    // From now on the password is cached.
    assert_eq!(get(&mut simulation, "/properties/led", &basic).status, 200);
    let headers = format!("{basic}{JSON}");
    let (command, answer) =
        ask(&mut simulation, &mut inbox, "PUT", "/properties/led", &headers, "true", |_| {});
    assert_eq!((command.as_str(), answer.status), ("Led(true)", 204));
}

#[test]
fn history_shows_ages_and_gaps() {
    let mut simulation = simulation();
    let bench = Bench::new(simulation.device);
    let past = |simulation: &mut Simulation| unchunk(&get(simulation, "/properties/heat/history", "").body);
    assert_eq!(past(&mut simulation), "[]");
    for (now, value) in [(10_000, Some(20.126)), (11_000, None), (12_500, Some(-0.5)), (12_900, Some(1.0))] {
        simulation.now = now;
        bench.heat(value);
        simulation.follow();
    }
    simulation.now = 13_000;
    assert_eq!(past(&mut simulation), "[[3000,20.13],[2000,null],[100,1.00]]");
    bench.heat(2.0);
    simulation.now = 14_000;
    assert_eq!(past(&mut simulation), "[[3000,null],[1100,1.00],[0,2.00]]", "history is not up to date");
}

#[test]
fn cached_description_is_valid_until_it_changes() {
    let mut simulation = simulation();
    let first = get(&mut simulation, "/.well-known/wot", "");
    assert_eq!(first.header("Content-Length"), Some(first.body.len().to_string().as_str()));
    let etag = first.header("ETag").expect("no ETag").to_string();
    let again = get(&mut simulation, "/.well-known/wot", &format!("If-None-Match: {etag}\r\n"));
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let mut guarded = guarded::guard(workshop::simulation());
    let headers = format!("{}\r\nIf-None-Match: {etag}\r\n", guarded::BASIC);
    assert_eq!(
        get(&mut guarded, "/.well-known/wot", &headers).status,
        200,
        "a description with other security is the same"
    );
    for window in [1, 13, 700] {
        let mut peer = simulation.client();
        peer.window = 0;
        peer.send(&mut simulation, request_text("GET", "/.well-known/wot", "", "").as_bytes());
        while peer.received.len() < first.all.len() {
            peer.window = window;
            peer.turn(&mut simulation);
        }
        assert_eq!(String::from_utf8(peer.take()).unwrap(), first.all);
    }
}

#[test]
fn application_without_thing_has_no_rest_paths() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    for path in ["/.well-known/wot", "/properties", "/properties/led", "/actions/blink"] {
        assert_eq!(get(&mut simulation, path, "").status, 404, "{path}");
    }
}

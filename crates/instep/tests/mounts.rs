//! Several devices on one server, each below a path of its own. On the simulated link.

mod guarded;
mod link;
mod two_devices;

use instep::Inbox;
use link::frame;
use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use two_devices::{BEHIND, LAMP, Server, body};

#[test]
fn one_connection_asks_one_device_after_the_other() {
    let mut server = Server::new();
    for (path, expected) in [
        ("/", "all devices"),
        ("/lamp/", "a lamp"),
        ("/fan/", "a fan"),
        ("/lamp/properties/led", "true"),
        ("/fan/properties/led", "null"),
        ("/", "all devices"),
    ] {
        server.devices[0].device.publish(LAMP.topic_of("led").unwrap(), "{\"label\":\"led\",\"value\":true}");
        assert_eq!(body(&server.get(path)), expected, "{path}");
    }
}

#[test]
fn requests_in_one_read_are_answered_by_their_devices_in_order() {
    let mut server = Server::new();
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: lamp\r\n\r\n");
    let requests = ["/lamp/", "/", "/fan/", "/fan/", "/lamp/"].map(request).concat();
    // However the requests are split.
    let whole = server.send(requests.as_bytes());
    let bodies = ["a lamp", "all devices", "a fan", "a fan", "a lamp"];
    let places: Vec<_> = whole.match_indices("\r\n\r\n").map(|(at, _)| &whole[at + 4..]).collect();
    assert_eq!(places.len(), bodies.len(), "{whole}");
    assert!(places.iter().zip(bodies).all(|(place, body)| place.starts_with(body)), "{whole}");
    for split in 1..requests.len() {
        let mut server = Server::new();
        let first = server.send(&requests.as_bytes()[..split]);
        let rest = server.send(&requests.as_bytes()[split..]);
        assert_eq!(first + &rest, whole, "split at {split}");
    }
}

#[test]
fn answer_that_is_not_taken_is_whole_before_the_next_device_answers() {
    let mut server = Server::new();
    server.reads = false;
    let requests =
        "GET /lamp/.well-known/wot HTTP/1.1\r\nHost: lamp\r\n\r\nGET /fan/ HTTP/1.1\r\nHost: lamp\r\n\r\n";
    assert_eq!(server.send(requests.as_bytes()), "");
    assert_eq!(server.current, Some(0));
    server.reads = true;
    let answers = server.send(b"");
    assert!(answers.contains("\"title\":\"Lamp\"") && answers.ends_with("a fan"), "{answers}");
}

#[test]
fn path_without_a_slash_is_redirected_and_unknown_ids_are_404_with_a_sentence() {
    let mut server = Server::new();
    let answer = server.get("/lamp");
    assert!(answer.starts_with("HTTP/1.1 302 ") && answer.contains("\r\nLocation: lamp/\r\n"), "{answer}");
    for path in ["/other", "/other/", "/other/ws", "/other/properties/led"] {
        let answer = server.get(path);
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        assert!(body(&answer).starts_with("There is no device of this id here."), "{answer}");
    }
    assert!(server.get("/later/").starts_with("HTTP/1.1 503 "));
    assert!(body(&server.get("/lamp/other")) != body(&server.get("/other")));
}

#[test]
fn description_names_the_path_of_its_device() {
    let mut server = Server::new();
    for simulation in server.devices.iter_mut().chain([&mut server.root]) {
        simulation.access = &BEHIND;
    }
    for (path, headers, base) in [
        ("/lamp", "", "http://lamp/lamp/.well-known/"),
        ("/house/fan", "", "http://lamp/house/fan/.well-known/"),
        ("/fan", "X-Forwarded-Prefix: /office\r\n", "http://lamp/office/fan/.well-known/"),
    ] {
        let request = format!("GET {path}/.well-known/wot HTTP/1.1\r\nHost: lamp\r\n{headers}\r\n");
        let answer = server.send(request.as_bytes());
        assert!(answer.contains(&format!("\"base\":\"{base}\"")), "{answer}");
    }
    let answer = server.get("/house/lamp");
    assert!(answer.contains("\r\nLocation: lamp/\r\n"), "{answer}");
}

#[test]
fn socket_follows_its_device_with_that_ones_greeting_and_event_numbers() {
    let mut server = Server::new();
    let lamp = server.devices[0].device;
    let thing = r#"{"label":"thing","value":{"wire":1,"hash":"0123456789abcdef","start":"00c0ffee"}}"#;
    lamp.publish(LAMP.greeting_topic(), thing);
    let event = |seq: u32| format!("{{\"label\":\"said\",\"value\":\"x\",\"seq\":{seq}}}");
    lamp.emit(event(57));
    let answer = server.send(link::upgrade("/lamp/ws").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let greeting = answer.find(thing).expect("no greeting");
    assert!(greeting < answer.find("\"seq\":57").expect("no event of the backlog"));
    // Numbers in between were lost on the way to the gateway.
    lamp.emit(event(60));
    assert!(server.send(b"").contains("\"seq\":60"));
    let mut stream = Server::new();
    std::mem::swap(&mut stream.devices[0], &mut server.devices[0]);
    let last = "GET /lamp/events/said HTTP/1.1\r\nHost: lamp\r\nLast-Event-ID: 00c0ffee-59\r\n\r\n";
    lamp.set_boot_id(0x00c0_ffee);
    let answer = stream.send(last.as_bytes());
    assert!(answer.contains("id: 00c0ffee-59\n\nid: 00c0ffee-60\ndata: \"x\"\n\n"), "{answer}");
    // The same at the stream of everything, which says how many events have left the ring.
    let mut devices = Some(stream.devices);
    for (last, missed) in [(57, None), (50, Some(6)), (60, None), (70, None)] {
        let mut stream = Server::new();
        stream.devices = devices.take().expect("no devices");
        let answer = stream.get(&format!("/lamp/events?revision=00c0ffee-{last}"));
        let expected = missed.map(|missed: u32| format!("{{\"label\":\"missed\",\"value\":{missed}}}"));
        assert!(expected.is_none_or(|expected| answer.contains(&expected)), "{answer}");
        assert_eq!(answer.contains("missed"), missed.is_some(), "{answer}");
        assert_eq!(answer.contains("id: 00c0ffee-57\n"), last < 57, "{answer}");
        assert!(answer.contains("id: 00c0ffee-60\ndata: {\"label\":\"alive\""), "{answer}");
        devices = Some(stream.devices);
    }
}

#[test]
fn valid_requests_are_forwarded_as_they_came() {
    let mut server = Server::new();
    let device = server.devices[0].device;
    let mut inbox = link::inbox(&server.devices[0]);
    assert!(server.send(link::upgrade("/lamp/ws").as_bytes()).starts_with("HTTP/1.1 101 "));
    let text = r#"{ "value":true, "label":"led", "id":7, "more":[] }"#;
    assert!(server.send(&frame(0x81, br#"{"label":"other","id":6}"#)).is_empty());
    let forwarded = |inbox: &mut Inbox<'_>| {
        let mut next = pin!(inbox.recv_forwarded(&LAMP));
        match next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(found) => {
                Some((found.client, found.by_http, found.name, found.id, found.frame.to_owned()))
            }
            Poll::Pending => None,
        }
    };
    assert!(forwarded(&mut inbox).is_none());
    assert!(server.send(&frame(0x81, text.as_bytes())).contains("\"code\":\"unknown\""));
    let (client, by_http, name, id, sent) = forwarded(&mut inbox).expect("nothing was forwarded");
    assert_eq!((by_http, name, id, sent.as_str()), (false, "led", Some(7), text));
    let answer = r#"{"label":"ok","id":7}"#;
    device.send(client, answer).unwrap();
    assert!(server.send(b"").contains(answer));
}

/// The answer of the one device and the request for the other are in one turn.
#[test]
fn request_behind_one_that_waits_is_for_its_own_device() {
    let mut server = Server::new();
    let mut inbox = link::inbox(&server.devices[0]);
    let put = "PUT /lamp/properties/led HTTP/1.1\r\nHost: lamp\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue";
    for (path, body) in [("/", "all devices"), ("/fan/", "a fan"), ("/lamp/", "a lamp"), ("*", "")] {
        let requests = format!("{put}GET {path} HTTP/1.1\r\nHost: lamp\r\n\r\n");
        assert_eq!(server.send(requests.as_bytes()), "");
        {
            let mut next = pin!(inbox.recv_forwarded(&LAMP));
            let Poll::Ready(found) = next.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
                panic!("nothing was forwarded");
            };
            server.devices[0].device.send(found.client, "{\"label\":\"ok\",\"id\":0}").unwrap();
        }
        let answers = server.send(b"");
        assert!(answers.starts_with("HTTP/1.1 204 ") && answers.ends_with(body), "{path}: {answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{path}: {answers}");
    }
}

#[test]
fn request_by_http_that_is_not_answered_is_504() {
    let mut server = Server::new();
    let mut inbox = link::inbox(&server.devices[0]);
    let put = "PUT /lamp/properties/led HTTP/1.1\r\nHost: lamp\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue";
    for (code, status) in [("timeout", "504 "), ("offline", "503 "), ("refused", "409 ")] {
        assert_eq!(server.send(put.as_bytes()), "");
        {
            let mut next = pin!(inbox.recv_forwarded(&LAMP));
            let Poll::Ready(found) = next.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
                panic!("nothing was forwarded");
            };
            assert!(found.by_http && found.id == Some(0), "{found:?}");
            let error = format!(
                "{{\"label\":\"error\",\"id\":0,\"value\":{{\"code\":\"{code}\",\"message\":\"\"}}}}"
            );
            server.devices[0].device.send(found.client, error).unwrap();
        }
        let answer = server.send(b"");
        assert_eq!(&answer[9..13], status, "{answer}");
    }
    assert_eq!(server.send(put.as_bytes()), "");
    server.simulation().now = 5_000;
    let answer = server.send(b"");
    assert!(answer.starts_with("HTTP/1.1 504 ") && answer.contains("may have been carried out"), "{answer}");
}

#[test]
fn recycled_device_has_forgotten_everything() {
    let mut server = Server::new();
    let lamp = server.devices[0].device;
    lamp.publish(LAMP.topic_of("led").unwrap(), "{\"label\":\"led\",\"value\":true}");
    lamp.emit("an event");
    assert!(server.get("/lamp/properties/led").ends_with("true"));
    let inbox = link::inbox(&server.devices[0]);
    drop(inbox);
    lamp.recycle();
    server.devices[0].feed.clear();
    assert!(server.get("/lamp/properties/led").ends_with("null"));
    let answer = server.send(link::upgrade("/lamp/ws").as_bytes());
    assert!(!answer.contains("an event") && !answer.contains("led"), "{answer}");
    drop(link::inbox(&server.devices[0]));
}

#[test]
fn log_in_holds_for_all_devices_wherever_it_was() {
    let mut server = Server::new();
    server.root = guarded::guard(server.root);
    server.log_in = server.root.log_in;
    let page = "GET /lamp/?a=b HTTP/1.1\r\nHost: lamp\r\nAccept: text/html\r\n\r\n";
    let answer = server.send(page.as_bytes());
    assert!(answer.contains("\r\nLocation: /login?next=/lamp/%3Fa%3Db\r\n"), "{answer}");
    // Nobody learns without the log-in which devices there are, or opens one.
    for path in ["/lamp/ws", "/nobody/ws", "/lamp/healthz", "/lamp"] {
        assert!(server.get(path).starts_with("HTTP/1.1 401 "));
    }
    // A page of another origin can read what its WebSocket would get.
    for (path, status) in [
        ("/ws?why=http://lamp", 401),
        ("/lamp/ws?why=http://lamp", 401),
        ("/nobody/ws?why=http://lamp", 401),
        ("/lamp/ws?why=http://evil.test", 403),
        ("/nobody/ws?why=http://evil.test", 403),
    ] {
        let answer = server.get(path);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert!(answer.contains("\r\nAccess-Control-Allow-Origin: *\r\n"), "{path}: {answer}");
    }
    assert_eq!((server.admitted.get(), server.current), (0, None));
    // A tool sends the password with each request.
    for (path, expected) in
        [("/fan/properties/led", "null"), ("/nobody/", "There is no device of this id here.")]
    {
        let request = format!("GET {path} HTTP/1.1\r\nHost: lamp\r\n{}\r\n\r\n", guarded::BASIC);
        // The second time the password is known.
        let mut answer = server.send(request.as_bytes());
        guarded::check(&server.root);
        answer += &server.send(b"");
        assert!(body(&answer).starts_with(expected), "{answer}");
    }
    let answer = server.send(b"GET /lamp/login HTTP/1.1\r\nHost: lamp\r\nAccept: text/html\r\n\r\n");
    assert!(answer.contains("\r\nLocation: /login?next=/lamp/\r\n"), "{answer}");
    for device in ["fan", "lamp"] {
        server.send(guarded::form("/login?next=/fan/", "", guarded::FORM).as_bytes());
        guarded::check(&server.root);
        let answer = server.send(b"");
        assert!(
            answer.starts_with("HTTP/1.1 303 ") && answer.contains("\r\nLocation: /fan/\r\n"),
            "{answer}"
        );
        let (_, cookie) = answer.split_once("\r\nSet-Cookie: ").expect("no cookie");
        let (cookie, rest) = cookie.split_once(';').expect("no attributes");
        assert!(rest.contains("; Path=/; "), "{rest}");
        for (path, body) in [("/fan/", "a fan"), ("/lamp/", "a lamp"), ("/", "all devices")] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: lamp\r\nCookie: {cookie}\r\n\r\n");
            assert_eq!(self::body(&server.send(request.as_bytes())), body);
        }
        let before = server.revoked.get();
        let answer = server.send(
            guarded::form(&format!("/{device}/logout"), &format!("Cookie: {cookie}\r\n"), "").as_bytes(),
        );
        assert!(answer.contains("\r\nLocation: /login\r\n"), "{answer}");
        assert_eq!(server.revoked.get(), before + 1);
    }
}

//! Each application as its users see it: page, wire and log.

mod served;

use served::{expect_log, expect_nothing_but_pongs, get, request, serve};
use std::thread;
use std::time::{Duration, Instant};
use test_support::{Frame, Http, SOON, Server, WebSocket, http, opcode, target};

const PLAIN: &str = include_str!("../../../examples/apps/pages/led-plain.html");
const STATE: &str = include_str!("../../../examples/apps/pages/led-state.html");

#[test]
fn hello_serves_one_fixed_page() {
    let server = serve(&["--app", "hello"]);
    let page = get(server.addr(), "/");
    assert_eq!(page.status, 200);
    assert_eq!(page.text(), "<html><body><h1>Hello, world!</h1></body></html>");
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
    assert_eq!(get(server.addr(), "/ws").status, 404);
    let refused = WebSocket::try_connect(server.addr(), "/ws", &[])
        .expect_err("a WebSocket opened without an endpoint");
    assert_eq!(refused.status, 404);
}

#[test]
fn toggle_switches_led_and_sends_no_messages() {
    let server = serve(&["--app", "toggle"]);
    assert!(get(server.addr(), "/").text().contains("toggle"));
    let mut client = WebSocket::connect(server.addr(), "/ws");
    client.send_text("toggle");
    server.expect_line("LED ON");
    client.send_text("toggle");
    server.expect_line("LED OFF");
    expect_nothing_but_pongs(&mut client);
    expect_log(
        &server,
        &[
            &format!("[1] Connected from {}", target().here),
            "[1] Received: toggle",
            "LED ON",
            "[1] Received: toggle",
            "LED OFF",
        ],
    );
}

#[test]
fn command_matches_whole_text_message() {
    let server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0");
    for text in ["Toggle", "toggle ", " toggle", "toggle\n", "toggletoggle", "toggl", ""] {
        client.send_text(text);
    }
    client.send_binary(b"toggle");
    client.frame(true, 0, opcode::BINARY, Some([1, 2, 3, 4]), b"");
    server.expect_line("[1] Received: 0 bytes");
    expect_nothing_but_pongs(&mut client);
    client.send_text("toggle");
    assert_eq!(client.read_text(), "1");
    server.expect_line("LED ON");
    assert!(!server.lines().contains(&"LED OFF".to_owned()));
}

#[test]
fn led_plain_keeps_clients_and_page_in_step() {
    let server = serve(&["--app", "led-plain"]);
    let page = |state: &str, check: &str| {
        PLAIN.replace("%STATE%", state).replace("%CHECK%", check).replace("%ACCESS%", target().access)
    };
    assert_eq!(get(server.addr(), "/").text(), page("OFF", ""));
    let mut one = WebSocket::connect(server.addr(), "/ws");
    let mut two = WebSocket::connect(server.addr(), "/ws");
    assert_eq!((one.read_text(), two.read_text()), ("0".into(), "0".into()));
    one.send_text("toggle");
    assert_eq!((one.read_text(), two.read_text()), ("1".into(), "1".into()));
    let mut three = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(three.read_text(), "1");

    let response = get(server.addr(), "/");
    assert_eq!(response.text(), page("ON", "checked"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("etag"), None);
    assert_eq!(response.header("transfer-encoding"), Some("chunked"));
    let old = http(server.addr(), "GET / HTTP/1.0\r\n\r\n");
    assert_eq!((old.status, old.header("transfer-encoding")), (200, None));
    assert_eq!(old.text(), page("ON", "checked"), "HTTP/1.0 got another page");
    assert_eq!(get(server.addr(), "/ws").status, 426);
}

/// Reads one message of led-json, the LED's state or the count.
fn read_json(client: &mut WebSocket) -> Result<bool, u64> {
    let text = client.read_text();
    match text.as_str() {
        r#"{"label":"ledStatus","value":"LED ON"}"# => return Ok(true),
        r#"{"label":"ledStatus","value":"LED OFF"}"# => return Ok(false),
        _ => {}
    }
    let number = text.strip_prefix(r#"{"label":"count","value":"#).and_then(|rest| rest.strip_suffix('}'));
    let number = number.filter(|number| number.parse::<u64>().is_ok_and(|n| n.to_string() == *number));
    Err(number
        .unwrap_or_else(|| panic!("not a message of led-json: {text:?}"))
        .parse()
        .expect("not a number"))
}

#[test]
fn led_json_sends_both_topics_and_counts_seconds() {
    let before = Instant::now();
    let server = serve(&["--app", "led-json"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    let mut first = [read_json(&mut client), read_json(&mut client)];
    first.sort();
    let [Ok(false), Err(count)] = first else {
        panic!("a new client did not get each topic once: {first:?}")
    };
    assert!(count <= before.elapsed().as_secs(), "{count} is more than there were seconds");

    client.send_text("toggle");
    while read_json(&mut client) != Ok(true) {}
    let counts = [read_json(&mut client), read_json(&mut client)];
    let [Err(one), Err(two)] = counts else { panic!("not two counts: {counts:?}") };
    assert!(one > count && two > one, "{count}, {counts:?}");
    drop(client);

    // The count goes on without clients, so a returning client finds a higher one.
    server.expect_line("[1] Disconnected");
    let deadline = Instant::now() + SOON;
    loop {
        thread::sleep(Duration::from_millis(1100));
        let mut client = WebSocket::connect(server.addr(), "/ws");
        let mut again = [read_json(&mut client), read_json(&mut client)];
        again.sort();
        let [Ok(true), Err(count)] = again else {
            panic!("a returning client did not get each topic once: {again:?}")
        };
        if count > two {
            break;
        }
        assert!(Instant::now() < deadline, "the count stopped without clients: {two}, {count}");
    }
}

#[test]
fn led_words_tells_every_client_even_without_change() {
    let addresses = ["--addr", "127.0.0.1:0"].repeat(target().addresses.min(2));
    let server = serve(&[&["--app", "led-words"], &addresses[..]].concat());
    let [first, .., second] = [server.addrs(), server.addrs()].concat()[..] else {
        panic!("no second address")
    };
    let [first, second] = [&first, &second];
    let mut clients = [(first, "/ws"), (first, "/"), (second, "/ws"), (second, "/")]
        .map(|(addr, path)| WebSocket::connect(*addr, path));
    for client in &mut clients {
        expect_nothing_but_pongs(client);
    }
    for (sender, command, event) in [
        (0, "LED OFF", "LED is now OFF"),
        (1, "LED ON", "LED is now ON"),
        (2, "LED ON", "LED is now ON"),
        (3, "LED OFF", "LED is now OFF"),
    ] {
        clients[sender].send_text(command);
        for client in &mut clients {
            assert_eq!(client.read_text(), event);
        }
    }
    clients[0].send_text("led on");
    server.expect_line("[1] Received: led on");
    expect_nothing_but_pongs(&mut clients[0]);
    for addr in [first, second] {
        let page = get(*addr, "/");
        assert_eq!((page.status, page.text().contains("<html")), (200, true), "no page without an upgrade");
    }
}

#[test]
fn led_state_logs_greeting_and_sends_no_reply() {
    let page = |state: &str| STATE.replace("%STATE%", state).replace("%ACCESS%", target().access);
    let server = serve(&["--app", "led-state"]);
    assert_eq!(get(server.addr(), "/").text(), page("LOW"));
    let mut client = WebSocket::connect(server.addr(), "/ws");
    client.send_text("hello from the page");
    assert_eq!(client.read_text(), "0");
    server.expect_line("[1] Received: hello from the page");
    expect_nothing_but_pongs(&mut client);
    client.send_text("toggle");
    assert_eq!(client.read_text(), "1");
    assert_eq!(get(server.addr(), "/").text(), page("HIGH"));
    client.send_text("toggle");
    assert_eq!(client.read_text(), "0");
    assert_eq!(get(server.addr(), "/").text(), page("LOW"));
}

#[test]
fn soft_ap_echoes_messages_and_rest_of_path() {
    let server = serve(&["--app", "soft-ap"]);
    assert_eq!(get(server.addr(), "/").status, 200);
    for (path, rest) in [
        ("/any/thing", "thing"),
        ("/any/", ""),
        ("/any/a/b.html?c=d", "a/b.html"),
        ("/any/%3Cb%3E", "%3Cb%3E"),
        ("/any/*", "*"),
    ] {
        let response = get(server.addr(), path);
        assert_eq!((response.status, response.text()), (200, rest), "{path}");
        assert!(response.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
        let mut connection = Http::connect(server.addr());
        connection.send(request(path, &[]).replacen("GET", "HEAD", 1));
        assert_eq!(connection.read_head().header("content-length"), Some(&*rest.len().to_string()));
    }
    assert_eq!(get(server.addr(), "/any").status, 404);
    sends_back(&server, "/ws");
    server.expect_line("[1] Disconnected");
    let said = server.lines().into_iter().filter(|line| line.contains("Received")).collect::<Vec<_>>();
    assert_eq!(said, [""; 0], "an inline endpoint logged a message");
}

#[test]
fn echo_returns_messages_on_both_paths() {
    let server = serve(&["--app", "echo"]);
    for (client, path) in [(1, "/ws"), (2, "/")] {
        assert_eq!(get(server.addr(), path).status, 426);
        sends_back(&server, path);
        server.expect_line(&format!("[{client}] Disconnected"));
    }
    let here = target().here;
    let refused = format!(
        "Refused a handshake from {here}: it has no Upgrade: websocket, which a proxy has to pass on"
    );
    expect_log(
        &server,
        &[
            &refused,
            &format!("[1] Connected from {here}"),
            "[1] Disconnected",
            &refused,
            &format!("[2] Connected from {here}"),
            "[2] Disconnected",
        ],
    );
}

fn sends_back(server: &Server, path: &str) {
    const MASK: Option<[u8; 4]> = Some([0xde, 0xad, 0xbe, 0xef]);
    let mut client = WebSocket::connect(server.addr(), path);
    let every_byte: Vec<u8> = (0..=255).collect();
    for (opcode, payload) in [
        (opcode::TEXT, &b""[..]),
        (opcode::TEXT, "Grüße, € and 🐦\n\0".as_bytes()),
        (opcode::BINARY, b""),
        (opcode::BINARY, &every_byte),
    ] {
        client.frame(true, 0, opcode, MASK, payload);
        assert_eq!(client.read_message(test_support::SOON), (opcode, payload.to_vec()));
    }

    // The message has fragments that split a character, and a ping between them.
    let bird = "🐦".as_bytes();
    client.frame(false, 0, opcode::TEXT, MASK, &[b"a ", &bird[..3]].concat());
    client.send_ping(b"between");
    client.frame(false, 0, opcode::CONTINUATION, MASK, b"");
    client.frame(true, 0, opcode::CONTINUATION, MASK, &bird[3..]);
    let (mut message, mut pong, mut last) = (Vec::new(), Vec::new(), false);
    while !last || pong.is_empty() {
        let frame = client.read_frame(test_support::SOON);
        match frame.opcode {
            opcode::PONG => pong = frame.payload,
            _ => {
                message.extend(frame.payload);
                last = frame.fin;
            }
        }
    }
    assert_eq!((message, pong), ("a 🐦".into(), b"between".into()));

    // The message is longer than any buffer. A thread sends it, because the echo starts before the end is sent.
    let long: Vec<u8> =
        (0..1_u32 << 20).map(|index| index.to_le_bytes()[usize::from(index % 7 == 0)]).collect();
    let bytes = Frame::encode(true, 0, opcode::BINARY, MASK, &long);
    let mut tcp = client.tcp().try_clone().expect("cannot clone the socket");
    let sender = thread::spawn(move || std::io::Write::write_all(&mut tcp, &bytes));
    let (opcode, message) = client.read_message(test_support::SOON);
    assert!(opcode == opcode::BINARY && message == long, "a message of 1 MiB came back changed");
    sender.join().expect("the thread panicked").expect("cannot send everything");

    client.send_close(1000, "done");
    client.expect_close(1000);
}

//! A whole connection: a client's bytes in arbitrary pieces, while time passes, the
//! window of the link changes, and the application publishes and replies.
//!
//! Input: a mode, the length of a script, the script, and the bytes on the wire. Each byte of the script is a
//! step; at its end all remaining bytes arrive and are taken.

use crate::answers::{self, Response};
use crate::link::{LIMITS, Link, Simulation, TOPICS};
use crate::model::{self, Act, Reading, Rules, is_beginning};
use crate::request::Request;
use crate::script::{dress, first, split};
use instep::{Inbox, Instant, Message, Topics};
use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Kinds of connections: to the echo endpoint, to the
/// application, or from the first byte of a request.
const ECHO: u8 = 0;
const APPLICATION: u8 = 1;

/// Interpretation of an input, from its first byte.
#[derive(Clone, Copy)]
struct Mode {
    /// [`ECHO`], [`APPLICATION`] or another.
    what: u8,
    /// Whether the link takes nothing at first.
    narrow: bool,
    /// Whether permessage-deflate is negotiated.
    deflate: bool,
}

/// Checks the result of `data`.
pub(crate) fn check(data: &[u8]) {
    let (first, data) = first(data);
    let (script, wire) = split(data);
    let wire = if first & 4 != 0 { dress(wire) } else { wire.to_vec() };
    let mode = Mode { what: first & 3, narrow: first & 8 != 0, deflate: first & 16 != 0 };
    match mode.what {
        ECHO => echo(script, &wire, mode),
        APPLICATION => application(script, &wire, mode),
        _ => requests(script, &wire, mode),
    }
}

/// Opens a WebSocket, and checks the answer (RFC 6455 section 1.3).
pub(crate) fn upgrade(link: &mut Link<'_>, path: &str, deflate: bool) {
    let offer = if deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: lamp\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"
    );
    link.deliver(request.as_bytes());
    let (responses, rest) = answers::responses(&link.received, &[]);
    let [Response { status: 101, head, .. }] = &responses[..] else { panic!("{responses:?}") };
    assert!(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_eq!(head.contains("Sec-WebSocket-Extensions: permessage-deflate; "), deflate);
    link.received = rest.to_vec();
}

/// Checks that every message comes back.
fn echo(script: &[u8], wire: &[u8], Mode { deflate, narrow, .. }: Mode) {
    let expected = model::read(wire, Rules { deflate, limit: usize::MAX });
    let simulation = Simulation::new(deflate);
    let mut link = simulation.connect();
    upgrade(&mut link, "/echo", deflate);
    let stopped = run(&mut link, script, wire, narrow, &mut |link| {
        simulation
            .device
            .publish(Topics::new(TOPICS).at(0).expect("topic out of range"), "not for an echo client");
        link.follow();
    });
    let (done, rest) = answers::acts(&link.received);
    if deflate {
        let dropped = link.is_closed() && link.may_be_dropped();
        let given_up = matches!(done.last(), Some(Act::Close(code)) if link.may_be_given_up(*code));
        return compressed_echo(&done, &expected, stopped || dropped || given_up);
    }
    let close = matches!(done.last(), Some(Act::Close(_)));
    if stopped && matches!(done.last(), Some(Act::Close(1001))) && expected.close_code() != Some(1001) {
        assert!(is_beginning(&done[..done.len() - 1], &expected.acts), "{done:?}, but {expected:?}");
    } else if !close && link.is_closed() && (link.may_be_dropped() || stopped) {
        assert!(is_beginning(&done, &expected.acts), "{done:?}, but {expected:?}");
    } else {
        assert_eq!(rest, b"", "a frame is incomplete");
        assert!(expected.allows(&done), "{done:?}, but {expected:?}");
    }
}

/// Compares a compressed echo.
///
/// The output of a part of a message is unspecified, and so is the place of control frames.
fn compressed_echo(done: &[Act], expected: &Reading, cut_off: bool) {
    let done = Reading { acts: done.to_vec(), ..Reading::default() };
    let ([ours, theirs], [pongs, expected_pongs]) =
        ([&done, expected].map(Reading::messages), [&done, expected].map(Reading::pongs));
    if cut_off {
        assert!(
            theirs.starts_with(&ours) && expected_pongs.starts_with(&pongs),
            "{done:?}, but {expected:?}"
        );
    } else {
        assert_eq!((ours, pongs), (theirs, expected_pongs));
        assert!(expected.allows_close(done.close_code()), "{done:?}, but {expected:?}");
    }
}

/// Checks that the application gets every message,
/// and the client every message of the application.
fn application(script: &[u8], wire: &[u8], Mode { deflate, narrow, .. }: Mode) {
    let expected = model::read(wire, Rules { deflate, limit: LIMITS.message });
    let simulation = Simulation::new(deflate);
    let mut app = Application::new(simulation.inbox());
    app.publish(&simulation);
    let mut link = simulation.connect();
    upgrade(&mut link, "/ws", deflate);
    let mut step = 0;
    let stopped = run(&mut link, script, wire, narrow, &mut |link| {
        step += 1;
        if step % 3 == 0 {
            app.publish(&simulation);
        } else {
            app.take_message(&simulation);
        }
        link.follow();
    });
    // The application takes all waiting messages.
    loop {
        let taken = app.take_message(&simulation);
        link.follow();
        if !taken {
            break;
        }
    }
    let dropped = link.is_closed() && link.may_be_dropped();
    let (done, pongs, close) = app.check(&link.received, narrow || stopped || dropped);
    let given_up = deflate && close.is_some_and(|code| link.may_be_given_up(code));
    if stopped || dropped || given_up {
        assert!(expected.messages().starts_with(&app.received_messages));
        assert!(expected.pongs().starts_with(&pongs));
    } else {
        assert_eq!(app.received_messages, expected.messages());
        assert_eq!(link.messages, app.received_messages.len(), "messages are counted wrongly");
        assert_eq!(pongs, expected.pongs());
        assert!(expected.allows_close(close), "closed with {close:?}, but {expected:?}");
        assert_eq!(app.closed, close.is_some());
        if close.is_none() {
            assert_eq!(done, app.sent.len(), "replies");
        }
    }
}

/// Sends requests, or bytes of another protocol.
fn requests(script: &[u8], wire: &[u8], Mode { deflate, narrow, .. }: Mode) {
    let simulation = Simulation::new(deflate);
    let mut link = simulation.connect();
    link.deliver(wire);
    let (whole, frames) = read_answers(&link.received, wire);
    let acts = answers::acts(frames).0;

    let simulation = Simulation::new(deflate);
    let mut link = simulation.connect();
    let stopped = run(&mut link, script, wire, narrow, &mut |link| link.follow());
    let (parts, rest) = read_answers(&link.received, wire);
    let (part_acts, _) = if parts.last().is_some_and(|last| last.status == 101) {
        answers::acts(rest)
    } else {
        (Vec::new(), rest)
    };
    if link.now > 0 || stopped {
        return;
    }
    assert_eq!(parts, whole, "the answer depends on the split");
    if let Some(Response { status: 101, head, .. }) = whole.last() {
        let deflate = head.contains("permessage-deflate");
        let (end, echoes) = end_of_requests(wire, whole.len());
        let expected = model::read(&wire[end..], Rules { deflate, limit: usize::MAX });
        for acts in [&acts, &part_acts] {
            if echoes && deflate {
                compressed_echo(acts, &expected, false);
            } else if echoes {
                assert!(expected.allows(acts), "{acts:?}, but {expected:?}");
            }
        }
    }
}

/// Reads the responses, and returns them with the frames behind them.
fn read_answers<'b>(bytes: &'b [u8], wire: &[u8]) -> (Vec<Response>, &'b [u8]) {
    let (mut heads, mut rest) = (Vec::new(), wire);
    while let Some(request) = Request::read(&rest[empty_lines(rest)..]) {
        rest = &rest[empty_lines(rest)..];
        heads.push(request.method == "HEAD");
        rest = &rest[request.length..];
        rest = request.content(rest).map_or(&[], |content| &rest[content..]);
    }
    // An unreadable request still shows its method.
    heads.push(rest[empty_lines(rest)..].starts_with(b"HEAD "));
    answers::responses(bytes, &heads)
}

/// Returns the end of the `count`-th request, and whether its target is the echo.
fn end_of_requests(wire: &[u8], count: usize) -> (usize, bool) {
    let (mut end, mut echoes) = (0, false);
    for _ in 0..count {
        end += empty_lines(&wire[end..]);
        let request =
            Request::read(&wire[end..]).expect("an unreadable request was answered without an error");
        echoes = request.place().is_some_and(|(_, path, _)| path == "/echo");
        end += request.length;
        end += request.content(&wire[end..]).expect("the request was answered before its content arrived");
    }
    (end, echoes)
}

/// Returns the bytes of line ends before a request,
/// complete or not, which the server skips.
fn empty_lines(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Performs the script, then delivers the rest to a link that takes everything.
///
/// `act` is the application's turn. Returns whether one of the ends stopped before that.
fn run(
    link: &mut Link<'_>,
    script: &[u8],
    wire: &[u8],
    narrow: bool,
    act: &mut dyn FnMut(&mut Link<'_>),
) -> bool {
    let mut rest = wire;
    let mut stopped = false;
    if narrow {
        link.window = 0;
    }
    for step in script {
        let amount = usize::from(step >> 3);
        match step & 7 {
            kind @ 0..=2 => {
                let length = (amount + 1) << [0, 0, 5][usize::from(kind)];
                let (part, tail) = rest.split_at(length.min(rest.len()));
                if link.deliver(part) {
                    rest = tail;
                }
            }
            3 => link.widen(amount),
            4 => {
                if link.last.is_some_and(|turn| turn.wake_at != Instant::NEVER) && amount == 0 {
                    link.wait(link.last.map_or(0, |turn| turn.wake_at.as_millis()));
                } else {
                    link.wait(link.now + amount as u64 * amount as u64 * 50);
                }
            }
            5 | 6 => act(link),
            _ if amount == 31 => {
                link.stop();
                stopped = true;
            }
            _ if amount == 30 => {
                link.end();
                stopped = true;
                rest = &[];
            }
            _ => link.wait(link.now),
        }
    }
    link.widen(usize::MAX);
    // Bytes that a client sends after the end of its direction do not arrive.
    for _ in 0..wire.len() + 100 {
        if link.is_closed() || (rest.is_empty() && link.is_settled()) {
            break;
        }
        if link.deliver(rest) {
            rest = &[];
        } else {
            act(link);
        }
    }
    assert!(
        link.is_closed() || (rest.is_empty() && link.is_settled()),
        "the connection makes no progress: {:?}, {} bytes wait",
        link.last,
        link.waiting.len() + rest.len()
    );
    stopped
}

/// Application that replies to its messages.
///
/// Each of its own messages begins with a number, and a letter for its kind.
struct Application<'w> {
    inbox: Inbox<'w>,
    number: usize,
    /// Received messages: opcode and payload.
    received_messages: Vec<(u8, Vec<u8>)>,
    /// Numbers of the replies.
    sent: Vec<usize>,
    /// Number of the latest publish, by topic.
    latest: [usize; TOPICS],
    closed: bool,
}

impl<'w> Application<'w> {
    fn new(inbox: Inbox<'w>) -> Self {
        Self {
            inbox,
            number: 0,
            received_messages: Vec::new(),
            sent: Vec::new(),
            latest: [0; TOPICS],
            closed: false,
        }
    }

    fn publish(&mut self, simulation: &Simulation) {
        self.number += 1;
        let (number, filler) =
            (self.number, "x".repeat(if self.number % 7 == 5 { 270 } else { self.number * 7 % 60 }));
        match number % 3 {
            2 => simulation
                .device
                .try_emit(format_args!("{number} e {filler}"))
                .expect("the event is too long"),
            topic => {
                self.latest[topic] = number;
                simulation
                    .device
                    .try_publish(
                        Topics::new(TOPICS).at(topic).expect("topic out of range"),
                        format_args!("{number} t {filler}"),
                    )
                    .expect("the message is too long");
            }
        }
    }

    /// Takes one message, if there is one, and replies. Returns whether there was one.
    fn take_message(&mut self, simulation: &Simulation) -> bool {
        let next = pin!(self.inbox.recv());
        let Poll::Ready(message) = next.poll(&mut Context::from_waker(Waker::noop())) else { return false };
        assert!(!self.closed, "a message after the end");
        let client = match message {
            Message::Open { .. } => return true,
            Message::Close { .. } => {
                self.closed = true;
                return true;
            }
            Message::Text { client, text } => {
                self.received_messages.push((1, text.as_bytes().to_vec()));
                client
            }
            Message::Binary { client, bytes } => {
                self.received_messages.push((2, bytes.to_vec()));
                client
            }
            other => panic!("the model does not know {other:?}"),
        };
        self.number += 1;
        let (number, filler) = (self.number, "y".repeat(self.number * 5 % 70));
        if simulation.device.send(client, format_args!("{number} r {filler}")).is_ok() {
            self.sent.push(number);
        }
        true
    }

    /// Checks the client's received messages.
    ///
    /// Returns the number of replies, the pongs and the close code.
    fn check(&self, received: &[u8], part: bool) -> (usize, Vec<Vec<u8>>, Option<u16>) {
        let (acts, rest) = answers::acts(received);
        assert!(part || rest.is_empty(), "a frame is incomplete");
        let reading = Reading { acts, ..Reading::default() };
        let (mut published, mut replied, mut replies) = (0, 0, Vec::new());
        let mut got = BTreeSet::new();
        for (opcode, payload) in reading.messages() {
            let text = String::from_utf8(payload).expect("the message is not text");
            let mut words = text.split(' ');
            let number: usize = words.next().expect("no number").parse().expect("not a number");
            assert_eq!(opcode, 1);
            assert!(number <= self.number);
            if words.next() == Some("r") {
                replies.push(number);
                replied = number;
            } else {
                assert!(
                    number > published && number > replied,
                    "{number} came after {published} and {replied}"
                );
                published = number;
                got.insert(number);
            }
        }
        assert!(self.sent.starts_with(&replies), "{replies:?} of {:?}", self.sent);
        if !part && reading.close_code().is_none() {
            for latest in self.latest.iter().filter(|latest| **latest > 0) {
                assert!(got.contains(latest), "the latest value is missing");
            }
        }
        (replies.len(), reading.pongs(), reading.close_code())
    }
}

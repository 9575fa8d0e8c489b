//! The head of a request, from any bytes.
//!
//! Input: the limits in bytes and headers (times 8, times 1), then the head.

use crate::request::{Request, is_token};
use crate::script::first;
use instep_proto::handshake::{ANSWER_MAX, Handshake, SUBPROTOCOL_MAX, subprotocol};
use instep_proto::http::{HeadError, HeadLimits, Method, RequestHead};

/// Checks the parsing of `data`.
pub(crate) fn check(data: &[u8]) {
    let (bytes, data) = first(data);
    let (headers, data) = first(data);
    check_within(data, HeadLimits { bytes: usize::from(bytes) * 8, headers: usize::from(headers) });
}

fn check_within(data: &[u8], limits: HeadLimits) {
    let result = RequestHead::parse(data, limits);
    // Later bytes change neither a head nor an error.
    let end = match result {
        Ok(Some((_, used))) => used,
        _ => data.len(),
    };
    let mut failed = false;
    for cut in 0..end {
        let part = RequestHead::parse(&data[..cut], limits);
        assert!(!matches!(part, Ok(Some(_))), "a head of {cut} bytes within one of {end}");
        assert!(!failed || part.is_err(), "an error at {cut} disappeared");
        failed |= part.is_err();
    }
    assert!(!failed || result.is_err(), "an error disappeared");
    let expected = Request::read(data);
    match result {
        Ok(None) => {
            assert!(data.len() < limits.bytes, "a head over the limit was not refused");
            assert!(expected.is_none(), "a complete head was not read");
        }
        Ok(Some((head, used))) => {
            assert!(used <= data.len() && used <= limits.bytes);
            assert_eq!(RequestHead::parse(&data[..used], limits), Ok(Some((head, used))));
            let request =
                Request::read(&data[..used]).unwrap_or_else(|| panic!("a malformed head was read: {head:?}"));
            compare(&head, &request, used, limits);
            for declared in [&["lamp", "lantern"][..], &[]] {
                if let Ok(handshake) = Handshake::parse(&head) {
                    upgrade(&handshake, subprotocol(&head, declared), declared, &request);
                }
            }
        }
        Err(error) => {
            let _ = error.status().code();
            if let Some(request) = expected {
                assert!(is_refused(&request, error, limits), "{error:?} for {request:?}");
            }
        }
    }
}

/// Checks that a parsed head agrees with the model.
fn compare(head: &RequestHead<'_>, request: &Request, used: usize, limits: HeadLimits) {
    assert_eq!(used, request.length);
    assert!(request.headers.len() <= limits.headers);
    assert_eq!(format!("{:?}", head.method).to_uppercase(), request.method);
    assert_eq!(head.http10, request.http10);
    let (authority, path, query) = request.place().expect("an unreadable target was accepted");
    assert_eq!((head.path, head.query), (path, query));
    let only = |name: &'static str| {
        let mut values = request.values(name);
        values.next().filter(|_| values.next().is_none())
    };
    // A value that is not text is read as one without a meaning.
    let same = |ours: Option<&str>, theirs: Option<&[u8]>| match theirs.map(std::str::from_utf8) {
        Some(Err(_)) => assert_eq!(ours, Some("\u{fffd}")),
        text => assert_eq!(ours, text.and_then(Result::ok)),
    };
    match authority {
        Some(authority) => assert_eq!(head.host, Some(authority)),
        None => same(head.host, only("host")),
    }
    assert!(request.values("host").count() <= 1 && (request.http10 || request.values("host").count() == 1));
    if request.values("origin").count() < 2 {
        same(head.origin, only("origin"));
    } else {
        assert_eq!(head.origin, Some("\u{fffd}"));
    }
    assert_eq!(Some(head.content_length), request.body());
    assert_eq!(head.chunked, request.is_chunked());
    assert_eq!(request.values("transfer-encoding").count(), usize::from(head.chunked));
    assert!(!head.chunked || (!request.http10 && request.values("content-length").count() == 0));
    assert_eq!(head.expects_continue, request.values("expect").count() > 0);
    assert_eq!(head.websocket.upgrade, text_lists(request, "upgrade", "websocket"));
    assert_eq!(head.websocket.connection, text_lists(request, "connection", "upgrade"));
    same(head.websocket.key, only("sec-websocket-key"));
    same(head.websocket.version, only("sec-websocket-version"));
    let items =
        |value| <[u8]>::split(value, |byte| *byte == b',').filter_map(|item| std::str::from_utf8(item).ok());
    let expected = request.values("sec-websocket-protocol").flat_map(items);
    let expected = expected.map(|item| item.trim_matches([' ', '\t'])).filter(|item| !item.is_empty());
    assert!(head.fields.items("sec-websocket-protocol").eq(expected));
    let close = text_lists(request, "connection", "close");
    if close {
        assert!(!head.keep_alive);
    } else {
        assert_eq!(head.keep_alive, !request.http10 || text_lists(request, "connection", "keep-alive"));
    }
}

/// Like [`Request::lists`], for values that are text.
fn text_lists(request: &Request, name: &str, word: &str) -> bool {
    let text = |(_, value): &(String, Vec<u8>)| std::str::from_utf8(value).is_ok();
    let headers = request.headers.iter().filter(|header| text(header)).cloned().collect();
    Request { headers, ..request.clone() }.lists(name, word)
}

/// Returns whether a valid head may be refused with this error.
fn is_refused(request: &Request, error: HeadError, limits: HeadLimits) -> bool {
    let known = [
        Method::Get,
        Method::Head,
        Method::Post,
        Method::Put,
        Method::Delete,
        Method::Options,
        Method::Patch,
    ];
    let count = |name: &str| request.values(name).count();
    match error {
        HeadError::TooLarge => {
            request.length > limits.bytes || request.headers.len() > limits.headers.min(64)
        }
        HeadError::Method => !known.iter().any(|known| format!("{known:?}").to_uppercase() == request.method),
        HeadError::Malformed => request.place().is_none(),
        HeadError::Host => count("host") > 1 || (count("host") == 0 && !request.http10),
        HeadError::Length => {
            let barred = request.http10 || count("content-length") > 0 || !request.is_chunked();
            request.body().is_none() || (count("transfer-encoding") > 0 && barred)
        }
        HeadError::TransferCoding => count("transfer-encoding") > 0 && !request.is_chunked(),
        HeadError::Chunks => false,
        HeadError::Expectation => {
            request.values("expect").any(|value| !value.eq_ignore_ascii_case(b"100-continue"))
        }
        HeadError::Version => false,
        other => panic!("the model does not know {other:?}"),
    }
}

/// Checks the minimum of RFC 6455 section 4.2.1 for an opening handshake.
fn upgrade(handshake: &Handshake, chosen: Option<&str>, declared: &[&str], request: &Request) {
    assert!(request.method == "GET" && !request.http10);
    assert!(request.lists("upgrade", "websocket") && request.lists("connection", "upgrade"));
    assert_eq!(request.values("sec-websocket-version").collect::<Vec<_>>(), [b"13"]);
    let keys: Vec<_> = request.values("sec-websocket-key").collect();
    let [key] = keys[..] else { panic!("keys: {keys:?}") };
    let in_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    assert!(key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(in_base64), "key {key:?}");
    if let Some(name) = chosen {
        assert!(request.lists("sec-websocket-protocol", name));
        assert!(declared.is_empty() || declared.contains(&name));
        assert!(is_token(name.as_bytes()) && name.len() <= SUBPROTOCOL_MAX);
    }
    let mut answer = [0; ANSWER_MAX];
    let length = handshake.write_answer(None, chosen, &mut answer);
    assert!(answer[..length].starts_with(b"HTTP/1.1 101 ") && answer[..length].ends_with(b"\r\n\r\n"));
}

//! Properties of every input: messages survive any
//! split, and no input makes the receiver panic.

use instep_proto::frame::{FrameHeader, Opcode, Payload, SERVER_HEADER_MAX, encode_frame, encode_header};
use instep_proto::http::{
    HeadLimits, QueryValue, RequestHead, Segment, Template, authorization_password, form_value,
};
use instep_proto::message::{Kind, PART_MAX, Received, Receiver};
use proptest::collection::vec;
use proptest::prelude::*;

/// Message of a client, in fragments, with a ping before some of them.
#[derive(Clone, Debug)]
struct Message {
    kind: Kind,
    fragments: Vec<Vec<u8>>,
    pings: Vec<Option<Vec<u8>>>,
}

fn message() -> impl Strategy<Value = Message> {
    let ping = || proptest::option::of(vec(any::<u8>(), 0..=125));
    let binary = vec((vec(any::<u8>(), 0..300), ping()), 1..4).prop_map(|parts| (Kind::Binary, parts));
    // Text is split anywhere, within characters, too.
    let text = (".{0,80}", vec((0_usize..300, ping()), 1..4)).prop_map(|(text, cuts)| {
        let (mut rest, mut parts) = (text.into_bytes(), Vec::new());
        for (cut, ping) in cuts {
            let tail = rest.split_off(cut.min(rest.len()));
            parts.push((core::mem::replace(&mut rest, tail), ping));
        }
        parts.last_mut().expect("no part").0.append(&mut rest);
        (Kind::Text, parts)
    });
    prop_oneof![binary, text].prop_map(|(kind, parts)| {
        let (fragments, pings) = parts.into_iter().unzip();
        Message { kind, fragments, pings }
    })
}

fn client_frame(fin: bool, opcode: Opcode, key: [u8; 4], payload: &[u8], out: &mut Vec<u8>) {
    let mut header = [0; SERVER_HEADER_MAX];
    let length = encode_header(fin, opcode, payload.len(), &mut header);
    header[1] |= 0x80;
    out.extend_from_slice(&header[..length]);
    out.extend(key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}

fn wire(messages: &[Message], key: [u8; 4]) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        let last = message.fragments.len() - 1;
        for (index, (fragment, ping)) in message.fragments.iter().zip(&message.pings).enumerate() {
            if let Some(ping) = ping {
                client_frame(true, Opcode::Ping, key, ping, &mut out);
            }
            let opcode = match (index, message.kind) {
                (0, Kind::Text) => Opcode::Text,
                (0, Kind::Binary) => Opcode::Binary,
                _ => Opcode::Continuation,
            };
            client_frame(index == last, opcode, key, fragment, &mut out);
        }
    }
    out
}

/// Messages, and the payloads of pings.
type Output = (Vec<(Kind, Vec<u8>)>, Vec<Vec<u8>>);

/// Returns the receiver's messages for input that is split at `cuts`.
fn receive(mut wire: Vec<u8>, cuts: &[usize], max: usize) -> Output {
    let mut receiver = Receiver::default();
    let (mut messages, mut pings, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (wire.len() + 1)).chain([wire.len()]).collect();
    cuts.sort_unstable();
    let mut index = 0;
    for end in cuts {
        loop {
            let (used, incomplete) = match receiver
                .receive(&mut wire[index..end], max, usize::MAX)
                .expect("valid input was refused")
            {
                (used, Received::Incomplete) => (used, true),
                (used, Received::Piece(piece)) => {
                    assert_eq!(piece.first, !matches!(messages.last(), Some((_, None))));
                    if piece.first {
                        messages.push((piece.kind, None));
                    }
                    open.extend_from_slice(piece.bytes);
                    if piece.last {
                        let whole = core::mem::take(&mut open);
                        messages.last_mut().expect("a message continues without a beginning").1 = Some(whole);
                    }
                    (used, false)
                }
                (used, Received::Ping(payload)) => {
                    pings.push(payload.to_vec());
                    (used, false)
                }
                (used, _) => (used, false),
            };
            index += used;
            if incomplete {
                break;
            }
        }
    }
    (messages.into_iter().map(|(kind, whole)| (kind, whole.expect("a message has no end"))).collect(), pings)
}

proptest! {
    #[test]
    fn messages_survive_any_split(
        messages in vec(message(), 1..5),
        key in any::<[u8; 4]>(),
        cuts in vec(any::<usize>(), 0..8),
        max in 1_usize..400,
    ) {
        let expected: Vec<_> =
            messages.iter().map(|message| (message.kind, message.fragments.concat())).collect();
        let pings: Vec<_> = messages.iter().flat_map(|message| message.pings.iter().flatten().cloned()).collect();
        let received = receive(wire(&messages, key), &cuts, max);
        prop_assert_eq!(received, (expected, pings));
    }

    #[test]
    fn random_bytes_end_in_error_or_nothing(mut bytes in vec(any::<u8>(), 0..600), max in 1_usize..100) {
        let (mut receiver, mut index) = (Receiver::default(), 0);
        while let Ok((used, received)) = receiver.receive(&mut bytes[index..], max, usize::MAX) {
            let incomplete = received == Received::Incomplete;
            index += used;
            if incomplete {
                prop_assert!(bytes.len() - index <= PART_MAX);
                break;
            }
        }
    }

    #[test]
    fn header_is_read_as_written(fin in any::<bool>(), length in any::<u32>(), key in any::<[u8; 4]>()) {
        let length = usize::try_from(length).expect("usize has fewer than 32 bits");
        let mut bytes = [0; 14];
        let used = encode_header(fin, Opcode::Binary, length, &mut bytes);
        bytes[1] |= 0x80;
        bytes[used..used + 4].copy_from_slice(&key);
        let header = FrameHeader { fin, opcode: Opcode::Binary, compressed: false, mask: key, length: length as u64 };
        prop_assert_eq!(FrameHeader::parse(&bytes), Ok(Some((header, used + 4))));
    }

    #[test]
    fn encoded_frame_contains_payload(payload in vec(any::<u8>(), 0..400), room in 0_usize..400) {
        let mut block = vec![0; SERVER_HEADER_MAX + room];
        match encode_frame(Payload::Binary(&payload), &mut block) {
            Ok(frame) => {
                prop_assert!(payload.len() <= room);
                prop_assert!(block[frame].ends_with(&payload));
            }
            Err(_) => prop_assert!(payload.len() > room),
        }
    }

    #[test]
    fn random_head_is_read_or_refused(bytes in vec(any::<u8>(), 0..300), text in "(GET|POST) /[ -~]{0,40} HTTP/1.[01]\r\n([A-Za-z-]{1,12}: [ -~]{0,20}\r\n){0,6}\r\n") {
        let limits = HeadLimits { bytes: 256, headers: 5 };
        for bytes in [&bytes[..], text.as_bytes()] {
            if let Ok(Some((_, used))) = RequestHead::parse(bytes, limits) {
                prop_assert!(used <= limits.bytes.min(bytes.len()));
            }
        }
    }

    #[test]
    fn form_value_round_trips_and_random_form_is_harmless(text in ".{0,60}", bytes in vec(any::<u8>(), 0..200)) {
        let form = format!("a=1&next={}&b=2", QueryValue(&text));
        prop_assert!(form.bytes().all(|byte| byte.is_ascii_graphic()));
        let mut out = [0; 240];
        prop_assert_eq!(form_value(form.as_bytes(), "next", &mut out), Ok(Some(text.as_bytes())));
        let _ = form_value(&bytes, "a", &mut out[..4]);
        let _ = form_value(&[b"a=", &bytes[..]].concat(), "a", &mut out[..4]);
        let _ = authorization_password(&String::from_utf8_lossy(&[b"Basic ", &bytes[..]].concat()), &mut out[..4]);
    }

    #[test]
    fn template_without_values_is_unchanged(body in "[a-zA-Z_%<> ]{0,200}", max in 1_usize..50) {
        let template = Template::new(body.as_bytes(), false);
        let (mut out, mut index) = (Vec::new(), 0);
        while let Some((segment, next)) = template.segment(index, max) {
            let (bytes, next) = match segment {
                Segment::Literal(bytes) => (bytes, next),
                Segment::Name(_) => (&b"%"[..], index + 1),
            };
            out.extend_from_slice(bytes);
            index = next;
        }
        prop_assert_eq!(out, body.into_bytes());
    }
}

//! Messages joined from fragments, for any split of the input.
//!
//! Input: the length of a script, the script, then frames. The first byte of the script is the maximum length
//! of a piece, the others are the lengths of the parts of the input.

use crate::model::{self, Act, Reading, Rules};
use crate::script::{cut, first, split};
use instep_proto::frame::CloseCode;
use instep_proto::message::{Kind, PART_MAX, Received, Receiver};

/// Checks the messages in `data`.
pub(crate) fn check(data: &[u8]) {
    let (script, wire) = split(data);
    let (max, cuts) = first(script);
    let max = if max == 0 { usize::MAX } else { usize::from(max) };
    let expected = model::read(wire, Rules { deflate: false, limit: usize::MAX });
    for parts in [cut(cuts, wire), vec![wire]] {
        let done = receive(&parts, max);
        assert!(expected.allows(&done), "{done:?}, but {expected:?}");
    }
}

/// Returns the acts of an echo.
fn receive(parts: &[&[u8]], max: usize) -> Vec<Act> {
    let (mut receiver, mut done, mut within) = (Receiver::default(), Reading::default(), false);
    let mut input = Vec::new();
    for part in parts {
        input.extend_from_slice(part);
        let mut index = 0;
        loop {
            let (used, received) = match receiver.receive(&mut input[index..], max, usize::MAX) {
                Ok(received) => received,
                Err(error) => {
                    done.acts.push(Act::Close(error.close_code().number()));
                    return done.acts;
                }
            };
            index += used;
            match received {
                Received::Incomplete => {
                    assert!(
                        input.len() - index <= PART_MAX,
                        "{} bytes are not consumed",
                        input.len() - index
                    );
                    break;
                }
                Received::Pong => {}
                Received::Ping(payload) => done.acts.push(Act::Pong(payload.to_vec())),
                Received::Close(reason) => {
                    done.acts.push(Act::Close(reason.code.map_or(1000, CloseCode::number)));
                    return done.acts;
                }
                Received::Piece(piece) => {
                    assert!(piece.bytes.len() <= max);
                    assert_eq!(piece.first, !within);
                    if piece.first {
                        done.acts.push(Act::Begin(if piece.kind == Kind::Text { 1 } else { 2 }));
                    }
                    match done.acts.last_mut() {
                        _ if piece.bytes.is_empty() => {}
                        Some(Act::Data(data)) => data.extend_from_slice(piece.bytes),
                        _ => done.acts.push(Act::Data(piece.bytes.to_vec())),
                    }
                    if piece.last {
                        done.acts.push(Act::End);
                    }
                    within = !piece.last;
                    assert_eq!(receiver.within_message(), within);
                }
            }
        }
        input.drain(..index);
    }
    done.acts
}

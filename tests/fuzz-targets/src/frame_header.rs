//! The header of a frame, masking and the payload of a close frame, from any bytes.
//!
//! Input: a header, then a payload.

use crate::model;
use instep_proto::frame::{
    COMPRESSED, CloseCode, CloseReason, FrameHeader, SERVER_HEADER_MAX, encode_header, unmask,
};

/// Checks the decoding of `data`.
pub(crate) fn check(data: &[u8]) {
    for cut in 0..=data.len().min(16) {
        header(&data[..cut]);
    }
    let payload = match FrameHeader::parse(data) {
        Ok(Some((header, used))) => {
            encode(&header, &data[..used]);
            &data[used..]
        }
        _ => data,
    };
    mask(data, payload);
    close(payload);
}

/// Checks that a header is read as the model reads it.
fn header(bytes: &[u8]) {
    let ours = FrameHeader::parse(bytes).map_err(|error| {
        assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
    });
    match (ours, model::header(bytes, true)) {
        (Ok(None), Ok(None)) | (Err(()), Err(())) => {}
        (Ok(Some((ours, used))), Ok(Some(theirs))) => {
            let [fin, compressed] = [0x80, 0x40].map(|bit| theirs.first & bit != 0);
            let theirs = (fin, compressed, theirs.length, theirs.key, theirs.size);
            assert_eq!((ours.fin, ours.compressed, ours.length, ours.mask, used), theirs);
        }
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    }
}

/// Checks that a header is encoded as it was read.
fn encode(header: &FrameHeader, bytes: &[u8]) {
    let mut out = [0; SERVER_HEADER_MAX];
    let length = usize::try_from(header.length).expect("the length does not fit into usize");
    let used = encode_header(header.fin, header.opcode, length, &mut out);
    out[0] |= if header.compressed { COMPRESSED } else { 0 };
    out[1] |= 0x80;
    assert_eq!(&out[..used], &bytes[..bytes.len() - 4]);
}

/// Checks that unmasking is the same byte by byte and from any offset.
fn mask(data: &[u8], payload: &[u8]) {
    let Some(key) = data.first_chunk::<4>() else { return };
    let offset = payload.first().copied().unwrap_or(0);
    let mut ours = payload.to_vec();
    unmask(*key, u64::from(offset), &mut ours);
    let theirs: Vec<u8> = payload
        .iter()
        .enumerate()
        .map(|(index, byte)| byte ^ key[(index + usize::from(offset)) % 4])
        .collect();
    assert_eq!(ours, theirs);
}

fn close(payload: &[u8]) {
    let ours = match CloseReason::parse(payload) {
        Ok(reason) => reason.code.unwrap_or(CloseCode::NORMAL),
        Err(error) => error.close_code(),
    };
    assert_eq!(ours.number(), model::close_code(payload));
}

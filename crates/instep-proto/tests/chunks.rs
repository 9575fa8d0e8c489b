//! Content in chunks: it survives any chunks and any
//! split, and random bytes end in an error or in nothing.

use instep_proto::http::{Chunks, HeadError, HeadLimits};
use proptest::collection::vec;
use proptest::prelude::*;

const LIMITS: HeadLimits = HeadLimits { bytes: 2048, headers: 32 };

/// Decodes `wire` in pieces that end at `cuts`;
/// returns the content and the number of used bytes.
fn decode(wire: &[u8], cuts: &[usize], max: u64) -> Result<(Vec<u8>, usize, Chunks), HeadError> {
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut % (wire.len() + 1)).chain([wire.len()]).collect();
    ends.sort_unstable();
    // As a driver has it: the content so far, followed by undecoded bytes.
    let (mut chunks, mut buffer, mut used, mut from) = (Chunks::default(), Vec::new(), 0, 0);
    for end in ends {
        let content = chunks.length();
        buffer.extend_from_slice(&wire[from..end]);
        from = end;
        let (taken, made) = chunks.decode(&mut buffer[content..], max, LIMITS)?;
        used += taken;
        buffer.copy_within(content + taken.., content + made);
        buffer.truncate(buffer.len() - (taken - made));
    }
    let length = chunks.length();
    Ok((buffer[..length].to_vec(), used, chunks))
}

proptest! {
    #[test]
    fn content_survives_any_chunks_and_any_split(
        parts in vec((vec(any::<u8>(), 1..200), 0_usize..4, "(;[a-z]{1,9}(=\"[ -!#-~]{0,9}\")?)?"), 0..8),
        trailer in "(X-[a-z]{1,9}: [ -~]{0,20}\r\n){0,3}",
        behind in vec(any::<u8>(), 0..50),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let mut wire = Vec::new();
        for (part, zeros, extension) in &parts {
            wire.extend(format!("{}{:X}{extension}\r\n", "0".repeat(*zeros), part.len()).bytes());
            wire.extend(part);
            wire.extend(b"\r\n");
        }
        wire.extend(format!("0\r\n{trailer}\r\n").bytes());
        let length = wire.len();
        wire.extend(&behind);
        let content = parts.iter().flat_map(|(part, ..)| part.clone()).collect::<Vec<_>>();
        let (decoded, used, chunks) = decode(&wire, &cuts, content.len() as u64).expect("well-formed chunks were refused");
        prop_assert!(chunks.is_done());
        prop_assert_eq!(used, length);
        prop_assert_eq!(chunks.announced(), content.len() as u64);
        prop_assert_eq!(decoded, content);
    }

    #[test]
    fn random_bytes_decode_equally_at_any_split(
        wire in "[0-9a-f;:\r\n \\PC]{0,120}",
        cuts in vec(any::<usize>(), 0..12),
        max in 0_u64..40,
    ) {
        let whole = decode(wire.as_bytes(), &[], max);
        prop_assert_eq!(&decode(wire.as_bytes(), &cuts, max), &whole);
        if let Ok((content, _, chunks)) = whole {
            prop_assert!(content.len() as u64 <= max && (chunks.announced() <= max || !chunks.is_done()));
        }
    }
}

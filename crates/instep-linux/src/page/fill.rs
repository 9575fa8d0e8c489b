//! Fills in a template in parts.

use instep_proto::http::{Chunk, Template};

/// Maximum length of a name with its two percent signs, in bytes.
const MAX_NAME_BYTES: usize = 34;

/// Fills `out` from `window`.
///
/// The window has the bytes of a file from `position`. `at_end` is whether they are the last bytes.
pub(super) fn fill(
    window: &[u8],
    position: u32,
    at_end: bool,
    percent_escape: bool,
    value: impl Fn(&str, &mut dyn FnMut(&str)) -> bool,
    out: &mut [u8],
) -> Chunk {
    let template = Template::new(window, percent_escape);
    // The last bytes of the window stay, because a name may begin in them.
    let ahead = if at_end { 0 } else { MAX_NAME_BYTES };
    let (length, i) = template.fill(0, ahead, value, out);
    let next = position.saturating_add(u32::try_from(i).unwrap_or(u32::MAX));
    Chunk { length, next: (!at_end || i < window.len()).then_some(next) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, each: &mut dyn FnMut(&str)) -> bool {
        let is_known = name == "STATE";
        ["O", "N"].into_iter().filter(|_| is_known).for_each(each);
        is_known
    }

    fn filled(text: &str, escape: bool, window: usize, room: usize) -> String {
        let (mut all, mut position) = (Vec::new(), 0);
        loop {
            let rest = &text.as_bytes()[position as usize..];
            let window = &rest[..rest.len().min(window)];
            let mut out = vec![0; room];
            let chunk = fill(window, position, window.len() == rest.len(), escape, value, &mut out);
            all.extend_from_slice(&out[..chunk.length]);
            match chunk.next {
                Some(next) => {
                    assert!(next > position, "no progress");
                    position = next;
                }
                None => return String::from_utf8(all).unwrap(),
            }
        }
    }

    #[test]
    fn window_of_any_size_gives_the_same_text() {
        let name = "A".repeat(33);
        let text = format!("100%%{}%STATE%%STATE% %OTHER%STATE%% %{name}% %STATE%50% %", "x".repeat(70));
        let plain = format!("100%%{}ONON %OTHERON% %{name}% ON50% %", "x".repeat(70));
        for window in MAX_NAME_BYTES..=text.len() + 1 {
            for room in [2, 3, 7, 34, 1000] {
                assert_eq!(filled(&text, false, window, room), plain, "{window} {room}");
                let escaped = filled(&text, true, window, room);
                assert!(escaped.starts_with("100%xxx") && escaped.ends_with(" ON50% %"), "{escaped}");
            }
        }
    }
}

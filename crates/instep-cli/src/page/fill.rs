//! Fills in a template, a part of its file at a time.

use instep_proto::http::{Chunk, Template};

/// Bytes from which on it is clear whether a percent sign begins a name: two signs and 32 letters.
const CLEAR: usize = 34;

/// Fills `out` from `window`, which are the bytes of a file from `position` on. `at_end`: they are the last ones.
pub(super) fn fill(
    window: &[u8],
    position: u32,
    at_end: bool,
    percent_escape: bool,
    value: impl Fn(&str, &mut dyn FnMut(&str)) -> bool,
    out: &mut [u8],
) -> Chunk {
    let template = Template::new(window, percent_escape);
    // What stands at the end of the window may be the beginning of a name.
    let ahead = if at_end { 0 } else { CLEAR };
    let (length, at) = template.fill(0, ahead, value, out);
    let next = position.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
    Chunk { length, next: (!at_end || at < window.len()).then_some(next) }
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
            let made = fill(window, position, window.len() == rest.len(), escape, value, &mut out);
            all.extend_from_slice(&out[..made.length]);
            match made.next {
                Some(next) => {
                    assert!(next > position, "it goes on");
                    position = next;
                }
                None => return String::from_utf8(all).unwrap(),
            }
        }
    }

    #[test]
    fn through_windows_of_every_size_it_is_the_same() {
        let name = "A".repeat(33);
        let text = format!("100%%{}%STATE%%STATE% %OTHER%STATE%% %{name}% %STATE%50% %", "x".repeat(70));
        let plain = format!("100%%{}ONON %OTHERON% %{name}% ON50% %", "x".repeat(70));
        for window in CLEAR..=text.len() + 1 {
            for room in [2, 3, 7, 34, 1000] {
                assert_eq!(filled(&text, false, window, room), plain, "{window} {room}");
                let escaped = filled(&text, true, window, room);
                assert!(escaped.starts_with("100%xxx") && escaped.ends_with(" ON50% %"), "{escaped}");
            }
        }
    }
}

//! Templates: `%NAME%` in a page.

/// The longest name between two percent signs.
const NAME_MAX: usize = 32;

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'t> {
    /// Bytes to send as they are.
    Literal(&'t [u8]),
    /// A name between percent signs. Whether the device knows it is the caller's to say: if not, the
    /// caller sends one percent sign and goes on one byte further, because the second percent sign may
    /// begin a name.
    Name(&'t str),
}

/// Walks through a template, from any position.
#[derive(Clone, Copy, Debug)]
pub struct Template<'t> {
    body: &'t [u8],
    percent_escape: bool,
}

impl<'t> Template<'t> {
    /// A template. With `percent_escape`, `%%` stands for `%`.
    pub const fn new(body: &'t [u8], percent_escape: bool) -> Self {
        Self { body, percent_escape }
    }

    /// The segment at `position`, at most `most` bytes of it if it is literal, and where the next one
    /// begins; `None` at the end.
    pub fn segment(&self, position: usize, most: usize) -> Option<(Segment<'t>, usize)> {
        let rest = self.body.get(position..).filter(|rest| !rest.is_empty())?;
        if rest[0] == b'%' {
            if self.percent_escape && rest.get(1) == Some(&b'%') {
                return Some((Segment::Literal(&rest[..1]), position + 2));
            }
            if let Some(name) = name(&rest[1..]) {
                let length = name.len() + 2;
                return Some((Segment::Name(name), position + length));
            }
        }
        // Up to the next percent sign, which may begin a name.
        let end = rest[1..].iter().position(|byte| *byte == b'%').map_or(rest.len(), |at| at + 1);
        let end = end.min(most.max(1));
        Some((Segment::Literal(&rest[..end]), position + end))
    }

    /// Fills `out` with the text from `position` on, and returns how many bytes it wrote and where the rest begins.
    ///
    /// `value` hands the value of a name over in parts, or returns `false` if there is none. A value is written whole or not
    /// at all, so that a value that changes meanwhile is never torn. The rest begins at the latest where less than `ahead`
    /// bytes are left.
    pub fn fill(
        &self,
        mut position: usize,
        ahead: usize,
        value: impl Fn(&str, &mut dyn FnMut(&str)) -> bool,
        out: &mut [u8],
    ) -> (usize, usize) {
        let mut used = 0;
        while used < out.len() && self.body.len().saturating_sub(position) >= ahead {
            let Some((segment, mut next)) = self.segment(position, out.len() - used) else { break };
            let (mut end, mut fits) = (used, true);
            let mut push = |bytes: &[u8]| match out.get_mut(end..end + bytes.len()) {
                Some(room) if fits => {
                    room.copy_from_slice(bytes);
                    end += bytes.len();
                }
                _ => fits = false,
            };
            match segment {
                Segment::Literal(bytes) => push(bytes),
                Segment::Name(name) => {
                    if !value(name, &mut |part| push(part.as_bytes())) {
                        push(b"%");
                        next = position + 1;
                    }
                }
            }
            if !fits {
                break;
            }
            (position, used) = (next, end);
        }
        (used, position)
    }
}

/// A name that is closed by a percent sign.
fn name(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().take(NAME_MAX + 1).position(|byte| *byte == b'%').filter(|end| *end > 0)?;
    let name = core::str::from_utf8(&bytes[..end]).ok()?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
}

/// Calls `each` with the parts of `value`, made safe to stand in HTML text and in quoted attributes.
pub fn escape_html(value: &str, mut each: impl FnMut(&str)) {
    let mut rest = value;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        each(&rest[..at]);
        each(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &rest[at + 1..];
    }
    each(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn fill(body: &str, percent_escape: bool, most: usize) -> String {
        let template = Template::new(body.as_bytes(), percent_escape);
        let (mut out, mut at) = (Vec::new(), 0);
        while let Some((segment, next)) = template.segment(at, most) {
            assert!(next > at);
            let (bytes, next) = match segment {
                Segment::Literal(bytes) => (bytes, next),
                Segment::Name("STATE") => (&b"%ON%"[..], next),
                Segment::Name(_) => (&b"%"[..], at + 1),
            };
            out.extend_from_slice(bytes);
            at = next;
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_names_only_and_everything_else_as_it_is() {
        let longest = "%".to_string() + &"N".repeat(33) + "%STATE%";
        let filled = "%".to_string() + &"N".repeat(33) + "%ON%";
        for (body, expected) in [
            ("<p>%STATE%</p>", "<p>%ON%</p>"),
            ("%STATE%%STATE%", "%ON%%ON%"),
            ("width:100%;height:50%}", "width:100%;height:50%}"),
            ("100%STATE%", "100%ON%"),
            ("%OTHER%STATE%", "%OTHER%ON%"),
            ("%%STATE%%", "%%ON%%"),
            ("%STATE", "%STATE"),
            ("%", "%"),
            ("%%", "%%"),
            ("%state%", "%state%"),
            (&longest, &filled),
        ] {
            for most in [1, 3, usize::MAX] {
                assert_eq!(fill(body, false, most), expected, "{body}");
            }
        }
        assert_eq!(fill("100%% %STATE% %%STATE%%", true, 99), "100% %ON% %STATE%");
    }

    #[test]
    fn values_cannot_become_markup() {
        let mut out = String::new();
        escape_html("<img src='x' onerror=\"a&b\">", |part| out.push_str(part));
        assert_eq!(out, "&lt;img src=&#39;x&#39; onerror=&quot;a&amp;b&quot;&gt;");
    }
}

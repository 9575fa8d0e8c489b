//! Templates with `%NAME%` in a page.

/// Maximum length of a name between two percent signs, in bytes.
const NAME_MAX: usize = 32;

/// Part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'t> {
    /// Literal bytes.
    Literal(&'t [u8]),
    /// Name between percent signs.
    ///
    /// If the caller has no value of this name, it sends one percent sign and continues one byte further, because the
    /// second percent sign may begin a name.
    Name(&'t str),
}

/// Parser of a template, from any position.
#[derive(Clone, Copy, Debug)]
pub struct Template<'t> {
    body: &'t [u8],
    percent_escape: bool,
}

impl<'t> Template<'t> {
    /// Creates a template. With `percent_escape`, `%%` stands for `%`.
    pub const fn new(body: &'t [u8], percent_escape: bool) -> Self {
        Self { body, percent_escape }
    }

    /// Returns the segment at `position`, and the position of the next one.
    ///
    /// A literal segment has at most `max` bytes. Returns `None` at the end.
    pub fn segment(&self, position: usize, max: usize) -> Option<(Segment<'t>, usize)> {
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
        // A literal ends before the next percent sign, which may begin a name.
        let end = rest[1..].iter().position(|byte| *byte == b'%').map_or(rest.len(), |i| i + 1);
        let end = end.min(max.max(1));
        Some((Segment::Literal(&rest[..end]), position + end))
    }

    /// Fills `out` with the text from `position` on, and returns how many bytes it wrote and where the rest begins.
    ///
    /// `value` passes the value of a name in parts, or returns `false` if the name has no value. A value is written whole or
    /// not at all, so that a value that changes meanwhile is never torn. The rest begins at the latest where less than `ahead`
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

/// Parses a name up to its closing percent sign.
fn name(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().take(NAME_MAX + 1).position(|byte| *byte == b'%').filter(|end| *end > 0)?;
    let name = core::str::from_utf8(&bytes[..end]).ok()?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
}

/// Calls `each` with the parts of `value`, escaped for HTML and attributes.
///
/// An attribute must be quoted.
pub fn escape_html(value: &str, mut each: impl FnMut(&str)) {
    let mut rest = value;
    while let Some(i) = rest.find(['&', '<', '>', '"', '\'']) {
        each(&rest[..i]);
        each(match rest.as_bytes()[i] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &rest[i + 1..];
    }
    each(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn fill(body: &str, percent_escape: bool, max: usize) -> String {
        let template = Template::new(body.as_bytes(), percent_escape);
        let (mut out, mut position) = (Vec::new(), 0);
        while let Some((segment, next)) = template.segment(position, max) {
            assert!(next > position);
            let (bytes, next) = match segment {
                Segment::Literal(bytes) => (bytes, next),
                Segment::Name("STATE") => (&b"%ON%"[..], next),
                Segment::Name(_) => (&b"%"[..], position + 1),
            };
            out.extend_from_slice(bytes);
            position = next;
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_known_names_are_replaced() {
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
            for max in [1, 3, usize::MAX] {
                assert_eq!(fill(body, false, max), expected, "{body}");
            }
        }
        assert_eq!(fill("100%% %STATE% %%STATE%%", true, 99), "100% %ON% %STATE%");
    }

    #[test]
    fn escaped_value_has_no_markup() {
        let mut out = String::new();
        escape_html("<img src='x' onerror=\"a&b\">", |part| out.push_str(part));
        assert_eq!(out, "&lt;img src=&#39;x&#39; onerror=&quot;a&amp;b&quot;&gt;");
    }
}

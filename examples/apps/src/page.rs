//! Pages without indentation, which takes flash and has no meaning for a browser.

/// Includes a page like `include_str!`, but without indentation and empty lines.
///
/// The page must not have `<pre>`, `<textarea>` or strings over several lines, in which indentation has a meaning.
macro_rules! unindented {
    ($file:literal) => {{
        const FILE: &str = include_str!($file);
        const PAGE: [u8; $crate::page::unindented_len(FILE)] = $crate::page::unindent(FILE);
        const TEXT: &str = match core::str::from_utf8(&PAGE) {
            Ok(text) => text,
            Err(_) => panic!("a removed byte was neither a space nor a line feed"),
        };
        TEXT
    }};
}
pub(crate) use unindented;

/// Returns the length of a text without indentation and empty lines.
pub(crate) const fn unindented_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        length += is_kept(bytes, at) as usize;
        at += 1;
    }
    length
}

/// Removes indentation and empty lines.
///
/// # Panics
/// If `LENGTH` is not the text's [`unindented_len`].
pub(crate) const fn unindent<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let bytes = text.as_bytes();
    let mut kept = [0; LENGTH];
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        if is_kept(bytes, at) {
            kept[length] = bytes[at];
            length += 1;
        }
        at += 1;
    }
    assert!(length == LENGTH, "LENGTH is not the length without indentation and empty lines");
    kept
}

/// Returns whether the byte at `at` stays.
///
/// It stays if it is neither indentation nor the end of an empty line.
const fn is_kept(bytes: &[u8], at: usize) -> bool {
    if !matches!(bytes[at], b' ' | b'\n') {
        return true;
    }
    let mut before = at;
    while before > 0 && bytes[before - 1] == b' ' {
        before -= 1;
    }
    before > 0 && bytes[before - 1] != b'\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unindent_removes_only_indentation() {
        const TEXT: &str = "\n<p>\n  <b>ü  x</b> \n\n   \n\ty\n }";
        let kept: [u8; unindented_len(TEXT)] = unindent(TEXT);
        assert_eq!(core::str::from_utf8(&kept), Ok("<p>\n<b>ü  x</b> \n\ty\n}"));
    }

    #[test]
    fn included_page_is_the_file_without_indentation() {
        const FILE: &str = include_str!("../pages/led-json.html");
        let lines = FILE.lines().map(str::trim_start).filter(|line| !line.is_empty());
        assert!(unindented!("../pages/led-json.html").lines().eq(lines));
        assert!(
            !FILE.contains("<pre") && !FILE.contains("<textarea"),
            "indentation has a meaning in this page"
        );
        assert!(
            FILE.lines().all(|line| line.matches('`').count().is_multiple_of(2)),
            "a string goes over several lines"
        );
    }
}

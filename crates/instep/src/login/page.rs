//! The log-in page, whose parts are joined while they are sent.
//!
//! All parts are from one file. It has a script only if other sites may frame it.

const FILE: &str = include_str!("../../assets/login.html");

/// Content security policy with the hash of the page's style.
///
/// It allows pictures in the page and its form, too.
macro_rules! policy {
    () => {
        "default-src 'none'; style-src 'sha256-9dLlFPiGFfJikhwi+Hkz+s3cTy/+bfQMUiS2c3CELr8='; img-src data:; form-action 'self'; base-uri 'none'"
    };
}

/// Page in parts, with its content security policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) parts: &'static [&'static str],
    pub(crate) policy: &'static str,
}

pub(crate) const POLICY: &str = policy!();
/// The policy with the hash of the script, too.
///
/// The script checks whether the browser keeps a cookie in a frame.
const POLICY_FRAMED: &str =
    concat!(policy!(), "; script-src 'sha256-o9Pw6UFy65HXyOF4IKpdhJd4/WQAMliOB9vinRdQUwc='");

const HEAD: &str = part("<!-- out -->").0;
const TITLE: &str = between("<!-- out -->", "<!-- message -->");
const FORM: &str = between("<!-- message -->", "<!-- framed -->");
const FRAMED: &str = between("<!-- framed -->", "<!-- in -->");
const LOGGED_IN: &str = between("<!-- in -->", "<!-- end -->");
const END: &str = part("<!-- end -->").1;

const WRONG: &str = "<p class=\"bad\" role=\"alert\">Wrong password.</p>\n";
const WAIT: &str = "<p class=\"bad\" role=\"alert\">Too many wrong passwords. Try again in ";

/// Lists the texts of 1 minute and of the numbers of minutes that are given.
macro_rules! minutes {
    ($($minutes:literal)+) => { ["1 minute", $(concat!($minutes, " minutes")),+] };
}

const MINUTES: [&str; 15] = minutes!(2 3 4 5 6 7 8 9 10 11 12 13 14 15);

/// Returns the page with the form.
///
/// `framed` is set if another site may show the page in a frame, where the browser would drop its cookie.
pub(crate) fn ask(framed: bool) -> Page {
    page(framed, &[HEAD, TITLE, FORM, FRAMED, END], &[HEAD, TITLE, FORM, END])
}

/// Returns the page after a wrong password.
pub(crate) fn ask_again(framed: bool) -> Page {
    page(framed, &[HEAD, TITLE, WRONG, FORM, FRAMED, END], &[HEAD, TITLE, WRONG, FORM, END])
}

fn page(framed: bool, with_script: &'static [&'static str], without: &'static [&'static str]) -> Page {
    let (parts, policy) = if framed { (with_script, POLICY_FRAMED) } else { (without, POLICY) };
    Page { parts, policy }
}

/// Returns the page for a browser that is logged in.
///
/// It has a link to the device and a button to log out.
pub(crate) fn inside() -> Page {
    Page { parts: &[HEAD, LOGGED_IN, END], policy: POLICY }
}

static WAITS: [[&str; 7]; MINUTES.len()] = each_minute([HEAD, TITLE, WAIT, "", ".</p>\n", FORM, END]);
static WAITS_FRAMED: [[&str; 8]; MINUTES.len()] =
    each_minute([HEAD, TITLE, WAIT, "", ".</p>\n", FORM, FRAMED, END]);

const fn each_minute<const PARTS: usize>(page: [&str; PARTS]) -> [[&str; PARTS]; MINUTES.len()] {
    let mut pages = [page; MINUTES.len()];
    let mut i = 0;
    while i < MINUTES.len() {
        pages[i][3] = MINUTES[i];
        i += 1;
    }
    pages
}

/// Returns the page after too many wrong passwords, with the wait in whole minutes.
pub(crate) fn wait(seconds: u16, framed: bool) -> Page {
    let minutes = usize::from(seconds.div_ceil(60)).clamp(1, MINUTES.len());
    page(framed, &WAITS_FRAMED[minutes - 1], &WAITS[minutes - 1])
}

const fn between(from: &str, to: &str) -> &'static str {
    let start = find(from) + from.len();
    FILE.split_at(find(to)).0.split_at(start).1
}

/// Returns the text before a marker and the text after it.
const fn part(marker: &str) -> (&'static str, &'static str) {
    let (before, rest) = FILE.split_at(find(marker));
    (before, rest.split_at(marker.len()).1)
}

const fn find(marker: &str) -> usize {
    let (file, marker) = (FILE.as_bytes(), marker.as_bytes());
    let mut i = 0;
    while i + marker.len() <= file.len() {
        let mut matched = 0;
        while matched < marker.len() && file[i + matched] == marker[matched] {
            matched += 1;
        }
        if matched == marker.len() {
            return i;
        }
        i += 1;
    }
    panic!("the log-in page lacks a marker");
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use sha2::Digest as _;
    use std::format;

    #[test]
    fn policy_allows_everything_that_the_page_uses() {
        let (_, rest) = FILE.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
        assert!(
            POLICY.contains(&format!("'sha256-{hash}'")),
            "the policy lacks the hash of the style, sha256-{hash}"
        );
        for forbidden in ["<script", "style=", "http:", "https:", "onclick", "@import", "url("] {
            let shown = FILE.replace("http://www.w3.org/2000/svg", "").replace(FRAMED, "");
            assert!(!shown.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn each_page_is_complete_and_has_its_message() {
        for (page, says, other) in [
            (ask(false), "<h1>Log in</h1>", "role=\"alert\""),
            (ask_again(false), "Wrong password", "Too many"),
            (ask(true), "window of its own", "role=\"alert\""),
            (ask_again(true), "window of its own", "Too many"),
            (inside(), "Log out", "type=\"password\""),
            (wait(1, false), "in 1 minute.", "minutes"),
            (wait(60, false), "in 1 minute.", "minutes"),
            (wait(61, false), "in 2 minutes.", "Wrong password"),
            (wait(900, false), "in 15 minutes.", "Wrong password"),
            (wait(u16::MAX, false), "in 15 minutes.", "Wrong password"),
            (wait(61, true), "in 2 minutes.", "Wrong password"),
            (wait(61, true), "window of its own", "Wrong password"),
        ] {
            let Page { parts, policy } = page;
            let page = parts.concat();
            let script = page.split_once("<script>").and_then(|(_, rest)| rest.split_once("</script>"));
            let hash = script.map(|(script, _)| {
                base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(script))
            });
            let named =
                policy.split_once("; script-src 'sha256-").and_then(|(_, rest)| rest.strip_suffix('\''));
            assert_eq!(
                named,
                hash.as_deref(),
                "the policy lacks the hash of the script, or names one too many"
            );
            assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
            assert!(page.contains(says) && !page.contains(other), "{page}");
            assert!(!page.contains("<!--"), "{page}");
        }
    }
}

//! Reference for a request of RFC 9112, read line by line.

use crate::chunks;

/// The parts of a head that the checks need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: String,
    /// The target, as sent.
    pub(crate) target: String,
    /// Whether it is of HTTP/1.0.
    pub(crate) http10: bool,
    /// Names in lower case, and values without surrounding blanks.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// Bytes of the head, with the empty line at its end.
    pub(crate) length: usize,
}

impl Request {
    /// Reads the head at the start of `bytes`.
    ///
    /// Returns `None` if it is incomplete or if a line violates sections 2 to 5. Empty lines before it
    /// belong to it.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut lines = Vec::new();
        let mut length = 0;
        loop {
            let end = bytes[length..].iter().position(|byte| *byte == b'\n')?;
            let line =
                bytes[length..length + end].strip_suffix(b"\r").unwrap_or(&bytes[length..length + end]);
            length += end + 1;
            match (line.is_empty(), lines.is_empty()) {
                (true, true) => {}
                (true, false) => break,
                (false, _) => lines.push(line),
            }
        }
        let mut words = lines[0].split(|byte| *byte == b' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        let http10 = match version {
            b"HTTP/1.0" => true,
            b"HTTP/1.1" => false,
            _ => return None,
        };
        // Section 3.2 allows ASCII only; other text, which some clients do not encode, does no harm.
        let target = std::str::from_utf8(target).ok()?;
        let visible = !target.is_empty() && target.bytes().all(|byte| matches!(byte, 0x21..=0x7e | 0x80..));
        if words.next().is_some() || !is_token(method) || !visible {
            return None;
        }
        let mut headers = Vec::new();
        for line in &lines[1..] {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = (&line[..colon], &line[colon + 1..]);
            let printable = value.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..=0xff));
            if !is_token(name) || !printable {
                return None;
            }
            let name = name.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect();
            headers.push((name, trim(value).to_vec()));
        }
        let method = method.iter().map(|byte| char::from(*byte)).collect();
        Some(Self { method, target: target.to_owned(), http10, headers, length })
    }

    /// Returns the values of a header, in order.
    pub(crate) fn values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r [u8]> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| &value[..])
    }

    /// Returns whether a header lists a word, ignoring case.
    pub(crate) fn lists(&self, name: &str, word: &str) -> bool {
        let mut items = self.values(name).flat_map(|value| value.split(|byte| *byte == b','));
        items.any(|item| trim(item).eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Returns the length of the body, if there is one length and it is a number.
    pub(crate) fn body(&self) -> Option<u64> {
        let lengths: Vec<_> = self.values("content-length").collect();
        match lengths[..] {
            [] => Some(0),
            [length] if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => {
                std::str::from_utf8(length).ok()?.parse().ok()
            }
            _ => None,
        }
    }

    /// Returns whether its content is in chunks, and
    /// `Transfer-Encoding` has no other coding.
    pub(crate) fn is_chunked(&self) -> bool {
        let codings: Vec<_> = self.values("transfer-encoding").collect();
        matches!(codings[..], [coding] if coding.eq_ignore_ascii_case(b"chunked"))
    }

    /// Returns the bytes of its content in `rest`, behind the head.
    ///
    /// Returns `None` if they are unknown or incomplete.
    pub(crate) fn content(&self, rest: &[u8]) -> Option<usize> {
        if self.is_chunked() {
            let read = chunks::read(rest);
            return (read.end == chunks::End::Done).then_some(read.used);
        }
        let length = usize::try_from(self.body()?).ok()?;
        (length <= rest.len()).then_some(length)
    }

    /// Returns the authority, path and query of the target
    /// (section 3.2), or `None` for another form of target.
    pub(crate) fn place(&self) -> Option<(Option<&str>, &str, Option<&str>)> {
        let (authority, rest) = if self.target.starts_with('/') || self.target == "*" {
            (None, &self.target[..])
        } else {
            let (scheme, rest) = self.target.split_once("://")?;
            if !["http", "https", "ws", "wss"].contains(&&*scheme.to_ascii_lowercase()) {
                return None;
            }
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, rest) = rest.split_at(end);
            if authority.is_empty() || authority.contains('@') || authority.contains('#') {
                return None;
            }
            (Some(authority), if rest.starts_with('/') { rest } else { "/" })
        };
        match rest.split_once('?') {
            Some((path, query)) => Some((authority, path, Some(query))),
            None => Some((authority, rest, None)),
        }
    }
}

pub(crate) fn is_token(bytes: &[u8]) -> bool {
    let is_token_char = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_token_char)
}

fn trim(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = value.iter().position(blank).unwrap_or(value.len());
    let end = value.iter().rposition(blank).map_or(start, |end| end + 1);
    &value[start..end]
}

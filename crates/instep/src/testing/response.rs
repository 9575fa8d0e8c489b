//! Responses by plain HTTP.

use std::fmt;

/// A response to a request by plain HTTP.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The names and values of the header fields, in their order.
    pub fields: Vec<(String, String)>,
    /// The body, without the framing of chunks.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the value of the header field with that name, in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the body as text.
    ///
    /// # Panics
    /// If it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is not UTF-8; read its bytes in `body`")
    }

    /// Parses a response at the start of `bytes`, if it is complete. Returns its length, too.
    ///
    /// # Panics
    /// If the response is invalid.
    pub(super) fn parse(bytes: &[u8], to_head: bool, ended: bool) -> Option<(Self, usize)> {
        let end = find(bytes, b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&bytes[..end]).expect("the device sent a head that is not UTF-8");
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap_or_default();
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("the device sent no status line, but {line:?}"));
        let fields = lines.filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
        let mut response = Self { status, fields, body: Vec::new() };
        let rest = &bytes[end..];
        let length = if to_head || matches!(status, 100..=199 | 204 | 304) {
            0
        } else if response.field("transfer-encoding").is_some() {
            let (body, length) = chunks(rest)?;
            response.body = body;
            return Some((response, end + length));
        } else if let Some(length) = response.field("content-length") {
            length.parse().expect("the device sent a Content-Length that is no number")
        } else if ended {
            rest.len()
        } else {
            return None;
        };
        response.body = rest.get(..length)?.to_vec();
        Some((response, end + length))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("fields", &self.fields)
            .field("body", &body)
            .finish()
    }
}

/// Returns the content of chunks, and their length with the framing, if they are complete.
fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut start) = (Vec::new(), 0);
    loop {
        let line = find(&bytes[start..], b"\r\n")?;
        let size = std::str::from_utf8(&bytes[start..start + line])
            .ok()
            .and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.expect("the device sent a chunk without a size");
        start += line + 2;
        body.extend(bytes.get(start..start + size)?);
        start += size + 2;
        if bytes.len() < start {
            return None;
        }
        if size == 0 {
            return Some((body, start));
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_is_complete_at_its_end() {
        for (text, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi"),
            ("HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n", ""),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nA\r\n0123456789\r\n0\r\n\r\n",
                "hi0123456789",
            ),
        ] {
            for length in 0..text.len() {
                assert_eq!(
                    Response::parse(&text.as_bytes()[..length], false, false),
                    None,
                    "{length} of {text:?}"
                );
            }
            let next = [text.as_bytes(), b"HTTP/1.1 "].concat();
            let (response, length) = Response::parse(&next, false, false).unwrap();
            assert_eq!((response.text(), length), (body, text.len()));
        }
    }

    #[test]
    fn body_without_length_ends_with_the_connection() {
        let text = b"HTTP/1.1 200 OK\r\nServer: lamp\r\n\r\nhi";
        assert_eq!(Response::parse(text, false, false), None);
        let (response, _) = Response::parse(text, false, true).unwrap();
        assert_eq!((response.text(), response.field("SERVER")), ("hi", Some("lamp")));
    }

    #[test]
    fn response_to_head_has_no_body() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(Response::parse(text, true, false).unwrap().0.body, []);
    }
}

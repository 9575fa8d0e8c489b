//! `Transfer-Encoding` of a request.

use super::{HeadError, trim};

/// Content of `Transfer-Encoding`, over all its lines (RFC 9112 section 6.1).
#[derive(Default)]
pub(super) struct TransferCoding {
    any: bool,
    chunked: bool,
    /// Whether there is a coding other than `chunked`.
    other: bool,
    /// Whether an item follows `chunked`, or an item is empty.
    unclear: bool,
}

impl TransferCoding {
    /// Adds a line of the header.
    pub(super) fn add(&mut self, list: &str) {
        self.any = true;
        for item in list.split(',').map(trim) {
            self.unclear |= self.chunked || item.is_empty();
            let chunked = item.eq_ignore_ascii_case("chunked");
            self.chunked |= chunked;
            self.other |= !chunked;
        }
    }

    /// Returns whether the content is chunked.
    ///
    /// With `barred`, any transfer coding is an error.
    pub(super) fn is_chunked(&self, barred: bool) -> Result<bool, HeadError> {
        if self.any && (self.unclear || barred) {
            return Err(HeadError::Length);
        }
        if self.other { Err(HeadError::TransferCoding) } else { Ok(self.any) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{HeadLimits, RequestHead};
    use std::format;

    fn parse(text: &str) -> Result<Option<(RequestHead<'_>, usize)>, HeadError> {
        RequestHead::parse(text.as_bytes(), HeadLimits { bytes: 2048, headers: 32 })
    }

    #[test]
    fn chunked_as_only_coding_is_accepted() {
        for coding in ["Transfer-Encoding: chunked", "TRANSFER-ENCODING:\tChunked "] {
            let text = format!("POST / HTTP/1.1\r\nHost: a\r\n{coding}\r\n\r\n0\r\n\r\n");
            let (head, length) = parse(&text).unwrap().unwrap();
            assert!(head.chunked && head.content_length == 0 && head.keep_alive, "{coding}");
            assert_eq!(&text[length..], "0\r\n\r\n");
        }
    }

    #[test]
    fn ambiguous_or_unknown_codings_are_errors() {
        let post =
            |headers: &str| parse(format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n").leak()).unwrap_err();
        for unclear in [
            "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked, gzip\r\n",
            "Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n",
            "Transfer-Encoding: chunked,\r\n",
            "Transfer-Encoding: , chunked\r\n",
            "Transfer-Encoding:\r\n",
            "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n",
        ] {
            assert_eq!(post(unclear), HeadError::Length, "{unclear}");
        }
        for other in
            ["gzip", "gzip, chunked", "identity", "xchunked", "\"chunked\"", "chunked;q=1", "chunked\u{a0}"]
        {
            let header = format!("Transfer-Encoding: {other}\r\n");
            assert_eq!(post(&header), HeadError::TransferCoding, "{other}");
        }
        for fold in [
            "Transfer-Encoding:\r\n chunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            "Transfer-Encoding: \x0bchunked\r\n",
        ] {
            assert_eq!(post(fold), HeadError::Malformed, "{fold}");
        }
        let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(parse(old).unwrap_err(), HeadError::Length);
    }
}

//! Head of a response (RFC 9112 section 4).

use super::asset::Cache;
use super::extra::ExtraLines;
use super::security_headers::Protection;
use super::{Date, Status};
use crate::texts;
use core::fmt::{self, Write};
use core::num::NonZeroU64;

/// Framing of a response's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// No body, and no header about it (101, 204, 304).
    None,
    /// Length in bytes, in 32 bits because a head is stored for each connection.
    Bytes(u32),
    /// Chunked.
    Chunked,
    /// Body up to the end of the connection (HTTP/1.0).
    UntilClose,
}

impl BodyLength {
    /// Returns the framing of a body with a known length.
    ///
    /// Assets are shorter than 4 GiB ([`Asset::new`](super::Asset::new)), and so are generated bodies.
    pub(crate) fn of(length: usize) -> Self {
        Self::Bytes(u32::try_from(length).unwrap_or(u32::MAX))
    }
}

texts! {
    /// Methods that an address allows.
    pub enum Allow {
        /// GET and HEAD.
        Read = "GET, HEAD",
        /// GET, HEAD and POST.
        ReadAndPost = "GET, HEAD, POST",
        /// GET, HEAD and PUT.
        ReadAndPut = "GET, HEAD, PUT",
        /// POST only.
        Post = "POST",
        /// All methods that any address allows.
        All = "GET, HEAD, POST, PUT",
    }
    /// Returns the value of the header `Allow`.
    fn as_str
}

/// State of the connection after the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Closed.
    Close,
    /// Ready for the next request.
    KeepAlive,
    /// Ready for the next request, as announced to an HTTP/1.0 client.
    KeepAliveSaid,
}

/// Head of a response. It is a few words long, and writes the same bytes each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    pub(crate) status: Status,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) length: BodyLength,
    pub(crate) cache: Option<Cache>,
    pub(crate) etag: Option<NonZeroU64>,
    /// Whether the ETag belongs to the compressed body.
    pub(crate) etag_of_gzip: bool,
    pub(crate) gzip: bool,
    pub(crate) varies: bool,
    pub(crate) protection: Option<Protection>,
    /// Methods in `Allow` (405, and 204 for OPTIONS).
    pub(crate) allow: Allow,
    /// Further header lines.
    pub(crate) extra: Option<ExtraLines>,
    /// Whether this is the response to OPTIONS.
    pub(crate) options: bool,
    /// Whether the challenge of a 401 is Basic, with which a browser would prompt its user, or else Bearer.
    pub(crate) asks_for_basic: bool,
    /// Time after which a retry makes sense, in seconds (429, 503).
    pub(crate) retry_after: Option<u16>,
    pub(crate) after: After,
    /// Idle time of the connection, in seconds; 0 to omit the header.
    pub(crate) keep_alive_seconds: u16,
    pub(crate) date: Option<Date>,
}

impl ResponseHead {
    /// Returns whether the connection closes after the response.
    pub fn closes(&self) -> bool {
        self.after == After::Close
    }

    /// Writes the head to the start of `out`, and returns its length.
    ///
    /// Returns `None` if it does not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        self.write_with(out, format_args!(""))
    }

    /// Writes the head with further header lines, each with its line end.
    pub fn write_with(&self, out: &mut [u8], lines: fmt::Arguments<'_>) -> Option<usize> {
        let mut cursor = Cursor { out, used: 0 };
        self.format(&mut cursor, lines).ok()?;
        Some(cursor.used)
    }

    /// Writes the head from byte `from` on to the start of `out`, as far as it fits.
    ///
    /// Returns the number of bytes; the head is complete if that is less than `out.len()`.
    pub(crate) fn write_from(&self, from: usize, out: &mut [u8]) -> usize {
        let mut window = Window::new(out, from);
        // Formatting fails at the end of `out`, which is no error here.
        let _ = self.format(&mut window, format_args!(""));
        window.used
    }

    fn format(&self, out: &mut dyn Write, lines: fmt::Arguments<'_>) -> fmt::Result {
        write!(out, "HTTP/1.1 {} {}\r\n", self.status.code(), self.status.reason())?;
        if let Some(Date { seconds, write }) = self.date {
            out.write_str("Date: ")?;
            write(seconds, out)?;
            out.write_str("\r\n")?;
        }
        if let Some(content_type) = self.content_type {
            write!(out, "Content-Type: {content_type}\r\n")?;
        }
        match self.length {
            BodyLength::Bytes(length) => write!(out, "Content-Length: {length}\r\n")?,
            BodyLength::Chunked => out.write_str("Transfer-Encoding: chunked\r\n")?,
            BodyLength::None | BodyLength::UntilClose => {}
        }
        out.write_str(match self.cache {
            None => "Cache-Control: no-store\r\n",
            Some(Cache::Revalidate) => "Cache-Control: no-cache\r\n",
            Some(Cache::Forever) => "Cache-Control: public, max-age=31536000, immutable\r\n",
        })?;
        if let Some(hash) = self.etag {
            let suffix = if self.etag_of_gzip { "-gzip" } else { "" };
            write!(out, "ETag: \"{hash:016x}{suffix}\"\r\n")?;
        }
        if self.gzip {
            out.write_str("Content-Encoding: gzip\r\n")?;
        }
        if self.varies {
            out.write_str("Vary: Accept-Encoding\r\n")?;
        }
        match self.status {
            _ if self.options => write!(out, "Allow: {}, OPTIONS\r\n", self.allow.as_str())?,
            Status::MethodNotAllowed => write!(out, "Allow: {}\r\n", self.allow.as_str())?,
            Status::UpgradeRequired => {
                out.write_str("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")?;
            }
            _ => {}
        }
        if let Some(seconds) = self.retry_after {
            write!(out, "Retry-After: {seconds}\r\n")?;
        }
        if self.status == Status::Unauthorized {
            out.write_str(if self.asks_for_basic {
                "WWW-Authenticate: Basic realm=\"instep\", charset=\"UTF-8\"\r\n"
            } else {
                "WWW-Authenticate: Bearer realm=\"instep\"\r\n"
            })?;
        }
        if let Some(protection) = self.protection {
            protection.write(out)?;
        }
        if let Some(extra) = self.extra {
            (extra.write)(extra.of, out)?;
        }
        out.write_fmt(lines)?;
        out.write_str("X-Content-Type-Options: nosniff\r\n")?;
        if self.after != After::Close && self.keep_alive_seconds > 0 {
            write!(out, "Keep-Alive: timeout={}\r\n", self.keep_alive_seconds)?;
        }
        out.write_str(match (self.after, self.status) {
            (After::Close, Status::UpgradeRequired) => "Connection: upgrade, close\r\n\r\n",
            (_, Status::UpgradeRequired) => "Connection: upgrade\r\n\r\n",
            (After::Close, _) => "Connection: close\r\n\r\n",
            (After::KeepAliveSaid, _) => "Connection: keep-alive\r\n\r\n",
            (After::KeepAlive, _) => "\r\n",
        })
    }
}

/// Writer of text to a slice, which fails at the end of the slice.
pub(crate) struct Cursor<'o> {
    pub(crate) out: &'o mut [u8],
    pub(crate) used: usize,
}

impl Write for Cursor<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.used + text.len();
        self.out.get_mut(self.used..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}

/// Writer of a part of a longer text.
///
/// The writer skips the bytes before the part, and fails at the end of the slice.
#[derive(Debug)]
pub struct Window<'o> {
    out: &'o mut [u8],
    before: usize,
    used: usize,
}

impl<'o> Window<'o> {
    /// Creates a writer of the part from byte `before` on, as long as `out`.
    pub fn new(out: &'o mut [u8], before: usize) -> Self {
        Self { out, before, used: 0 }
    }

    /// Returns how many bytes of the part are written.
    pub fn used(&self) -> usize {
        self.used
    }
}

impl Write for Window<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let skipped = self.before.min(text.len());
        self.before -= skipped;
        let rest = &text.as_bytes()[skipped..];
        let room = &mut self.out[self.used..];
        let length = rest.len().min(room.len());
        room[..length].copy_from_slice(&rest[..length]);
        self.used += length;
        if length == rest.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

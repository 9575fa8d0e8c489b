//! Opening handshake (RFC 6455 section 4.2).

use crate::http::{Method, RequestHead, Status, is_token_byte};
use crate::texts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt::{Display, Write};
use sha1::{Digest, Sha1};

/// Maximum length of a handshake response, in bytes.
pub const ANSWER_MAX: usize = 384;
/// Maximum length of a subprotocol's name, in bytes.
pub const SUBPROTOCOL_MAX: usize = 64;

/// GUID that is appended to the key (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

texts! {
    /// Reason why a request cannot become a WebSocket.
    #[non_exhaustive]
    pub enum HandshakeError: Error {
        /// No `Upgrade: websocket`.
        NoUpgrade = "it has no Upgrade: websocket, which a proxy has to pass on",
        /// Method other than GET and HEAD.
        Method = "its method is neither GET nor HEAD",
        /// HTTP/1.0.
        Version10 = "it came in HTTP/1.0",
        /// No `upgrade` in `Connection`.
        NoConnection = "its Connection header does not say upgrade",
        /// `Sec-WebSocket-Key` that is missing, repeated, or not 16 bytes in base64.
        Key = "its Sec-WebSocket-Key is not 16 bytes in base64",
        /// `Sec-WebSocket-Version` other than 13.
        Version = "its Sec-WebSocket-Version is not 13",
        /// Request with a body.
        Body = "it has a body",
    }
}

impl HandshakeError {
    /// Returns the status of the response.
    ///
    /// The status is 426, with the supported version, if another request would succeed.
    pub fn status(self) -> Status {
        match self {
            Self::NoUpgrade | Self::Version => Status::UpgradeRequired,
            Self::Method => Status::MethodNotAllowed,
            Self::Version10 | Self::NoConnection | Self::Key | Self::Body => Status::BadRequest,
        }
    }
}

/// Valid handshake, with the `Sec-WebSocket-Accept` of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake {
    accept: [u8; 28],
}

impl Handshake {
    /// Validates a request by RFC 6455 section 4.2.1.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn parse(request: &RequestHead<'_>) -> Result<Self, HandshakeError> {
        let headers = &request.websocket;
        let can_open = matches!(request.method, Method::Get | Method::Head);
        for (is_right, error) in [
            (can_open, HandshakeError::Method),
            (request.asks_for_websocket(), HandshakeError::NoUpgrade),
            (!request.http10, HandshakeError::Version10),
            (headers.connection, HandshakeError::NoConnection),
            (headers.version == Some("13"), HandshakeError::Version),
            (request.content_length == 0 && !request.chunked, HandshakeError::Body),
        ] {
            if !is_right {
                return Err(error);
            }
        }
        let key = headers.key.ok_or(HandshakeError::Key)?;
        let mut nonce = [0; 18];
        if key.len() != 24 || STANDARD.decode_slice(key, &mut nonce) != Ok(16) {
            return Err(HandshakeError::Key);
        }
        let mut sha1 = Sha1::new();
        sha1.update(key.as_bytes());
        sha1.update(GUID);
        let mut accept = [0; 28];
        // Base64 of 20 bytes has 28 bytes, so this cannot fail.
        let _ = STANDARD.encode_slice(sha1.finalize(), &mut accept);
        Ok(Self { accept })
    }

    /// Writes the response (101) to the start of `out`, and returns its length.
    ///
    /// `extension` is the value of `Sec-WebSocket-Extensions`, such as an accepted
    /// [`PermessageDeflate`](crate::deflate::PermessageDeflate).
    ///
    /// # Panics
    /// If `out` is shorter than [`ANSWER_MAX`], or a subprotocol's name longer than [`SUBPROTOCOL_MAX`].
    pub fn write_answer(
        &self,
        extension: Option<&dyn Display>,
        subprotocol: Option<&str>,
        out: &mut [u8],
    ) -> usize {
        let mut out = crate::http::cursor(out);
        let accept = core::str::from_utf8(&self.accept).unwrap_or_default();
        let written = write!(
            out,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
        )
        .and_then(|()| match extension {
            Some(extension) => write!(out, "Sec-WebSocket-Extensions: {extension}\r\n"),
            None => Ok(()),
        })
        .and_then(|()| match subprotocol {
            Some(name) => write!(out, "Sec-WebSocket-Protocol: {name}\r\n\r\n"),
            None => out.write_str("\r\n"),
        });
        assert!(written.is_ok(), "handshake response longer than ANSWER_MAX");
        out.used
    }
}

/// Returns the first of `declared` that the client offers.
///
/// `declared` has the endpoint's subprotocols in order of preference. If it is empty, the first offered name is
/// returned, because many pages offer a name that no server uses, and browsers close a WebSocket whose response
/// has none. Names that are no tokens, or longer than [`SUBPROTOCOL_MAX`], are skipped.
pub fn subprotocol<'b>(request: &RequestHead<'b>, declared: &[&'static str]) -> Option<&'b str> {
    let is_name = |name: &str| name.len() <= SUBPROTOCOL_MAX && name.bytes().all(is_token_byte);
    // The list may be spread over several headers (RFC 6455 section 11.3.4).
    let offers = || request.fields.items("sec-websocket-protocol");
    match declared {
        [] => offers().find(|name| is_name(name)),
        _ => declared.iter().find_map(|wanted| offers().find(|name| name == wanted)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deflate::PermessageDeflate;
    use crate::http::HeadLimits;
    use std::string::String;

    const GOOD: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
        Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";

    const LIMITS: HeadLimits = HeadLimits { bytes: 2048, headers: 32 };

    fn head(text: &str) -> RequestHead<'_> {
        RequestHead::parse(text.as_bytes(), LIMITS).unwrap().unwrap().0
    }

    fn parse(text: &str) -> Result<Handshake, HandshakeError> {
        Handshake::parse(&head(text))
    }

    #[test]
    fn section_1_3_example_is_accepted() {
        let handshake = parse(GOOD).unwrap();
        let mut out = [0; ANSWER_MAX];
        let length = handshake.write_answer(None, Some("superchat"), &mut out);
        assert_eq!(
            core::str::from_utf8(&out[..length]).unwrap(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: superchat\r\n\r\n"
        );
    }

    #[test]
    fn deflate_is_in_response_only_if_accepted() {
        let offer = "Sec-WebSocket-Extensions: permessage-bzip2\r\nX: y\r\n\
            Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\nOrigin";
        let text = GOOD.replace("Origin", offer);
        let offered = PermessageDeflate::offered_in(head(&text).fields).unwrap();
        let handshake = parse(&text).unwrap();
        let response = |handshake: &Handshake, extension: Option<&dyn Display>| {
            let mut out = [0; ANSWER_MAX];
            let length = handshake.write_answer(extension, Some(&"x".repeat(SUBPROTOCOL_MAX)), &mut out);
            String::from_utf8_lossy(&out[..length]).into_owned()
        };
        assert!(!response(&handshake, None).contains("Extensions"));
        assert!(response(&handshake, Some(&offered)).contains(
            "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
             client_no_context_takeover; server_max_window_bits=10\r\n"
        ));
        assert_eq!(PermessageDeflate::offered_in(head(GOOD).fields), None);
        assert!(response(&handshake, Some(&offered)).ends_with("x\r\n\r\n"));
    }

    #[test]
    fn browser_variants_of_headers_are_accepted() {
        for (from, to) in [
            ("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
            ("Connection: Upgrade", "connection: UPGRADE"),
            ("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
            ("Upgrade: websocket", "upgrade: WebSocket"),
            ("Upgrade: websocket", "Upgrade: h2c, websocket"),
            ("Sec-WebSocket-Protocol: chat, superchat\r\n", ""),
        ] {
            assert!(parse(&GOOD.replace(from, to)).is_ok(), "{to}");
        }
    }

    #[test]
    fn declared_subprotocol_is_chosen_by_preference() {
        for (offered, chosen) in [
            (": chat, superchat", Some("superchat")),
            (": chat", Some("chat")),
            (": mqtt\r\nsec-websocket-protocol: x ,superchat", Some("superchat")),
            (": mqtt", None),
            (": Chat", None),
            (":", None),
        ] {
            let text = GOOD.replace(": chat, superchat", offered);
            assert_eq!(subprotocol(&head(&text), &["superchat", "chat"]), chosen, "{offered}");
        }
    }

    #[test]
    fn first_offered_token_is_chosen_if_none_is_declared() {
        let (longest, longer) = ("x".repeat(64), "x".repeat(65));
        for (offered, chosen) in [
            (": arduino", Some("arduino")),
            (": bearer, s3cr3t", Some("bearer")),
            (": mqtt\r\nSec-WebSocket-Protocol: other", Some("mqtt")),
            (": ,, a", Some("a")),
            (": a b, c/d, \u{e9}, \"q\", e;f, ok", Some("ok")),
            (&std::format!(": {longest}"), Some(&*longest)),
            (&std::format!(": {longer}, short"), Some("short")),
            (&std::format!(": {longer}"), None),
            (":", None),
        ] {
            let text = GOOD.replace(": chat, superchat", offered);
            assert_eq!(subprotocol(&head(&text), &[]), chosen, "{offered}");
        }
        assert_eq!(
            subprotocol(&head(&GOOD.replace("Sec-WebSocket-Protocol: chat, superchat\r\n", "")), &[]),
            None
        );
    }

    #[test]
    fn section_4_2_1_violations_are_rejected() {
        let cases = [
            ("GET", "POST", HandshakeError::Method),
            ("GET", "HEAD", HandshakeError::NoUpgrade),
            ("HTTP/1.1", "HTTP/1.0", HandshakeError::Version10),
            ("Upgrade: websocket\r\n", "", HandshakeError::NoUpgrade),
            ("Upgrade: websocket", "Upgrade: websockets", HandshakeError::NoUpgrade),
            ("Connection: Upgrade\r\n", "", HandshakeError::NoConnection),
            ("Connection: Upgrade", "Connection: close", HandshakeError::NoConnection),
            ("Version: 13", "Version: 8", HandshakeError::Version),
            ("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13", HandshakeError::Version),
            ("Sec-WebSocket-Version: 13\r\n", "", HandshakeError::Version),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ", HandshakeError::Key),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j!Q==", HandshakeError::Key),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZWVl", HandshakeError::Key),
            ("Origin: http", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX: http", HandshakeError::Key),
            ("Origin: http://example.com", "Content-Length: 1", HandshakeError::Body),
            ("Origin: http://example.com", "Transfer-Encoding: chunked", HandshakeError::Body),
        ];
        for (from, to, error) in cases {
            let text: String = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD);
            assert_eq!(parse(&text), Err(error), "{to}");
        }
        assert_eq!(HandshakeError::Version.status(), Status::UpgradeRequired);
        assert_eq!(HandshakeError::Key.status(), Status::BadRequest);
    }
}

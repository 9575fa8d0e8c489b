//! Payload of a close frame (RFC 6455 section 5.5.1).

use super::{CloseCode, ProtocolError};

/// Maximum payload of a control frame, in bytes (section 5.5).
pub const CONTROL_PAYLOAD_MAX: usize = 125;

/// Content of a peer's close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseReason {
    /// Close code; `None` if the frame was empty.
    pub code: Option<CloseCode>,
}

impl CloseReason {
    /// Parses the payload of a close frame.
    ///
    /// # Errors
    /// [`ProtocolError::BadClose`] for one byte or a code that must not be sent,
    /// [`ProtocolError::InvalidUtf8`] for a reason that is not UTF-8.
    pub fn parse(payload: &[u8]) -> Result<Self, ProtocolError> {
        if payload.is_empty() {
            return Ok(Self { code: None });
        }
        let (code, reason) = payload.split_first_chunk().ok_or(ProtocolError::BadClose)?;
        let code = CloseCode::new(u16::from_be_bytes(*code)).ok_or(ProtocolError::BadClose)?;
        core::str::from_utf8(reason).map_err(|_| ProtocolError::InvalidUtf8)?;
        Ok(Self { code: Some(code) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_accepted_if_they_may_be_sent() {
        for code in
            [1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4999]
        {
            assert_eq!(CloseReason::parse(&code.to_be_bytes()[..]).unwrap().code.unwrap().number(), code);
        }
        for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
            assert_eq!(CloseReason::parse(&code.to_be_bytes()), Err(ProtocolError::BadClose), "{code}");
        }
        assert_eq!(CloseReason::parse(b""), Ok(CloseReason { code: None }));
        assert_eq!(CloseReason::parse(b"\x03"), Err(ProtocolError::BadClose));
        assert_eq!(CloseReason::parse(b"\x03\xe8\xff"), Err(ProtocolError::InvalidUtf8));
    }
}

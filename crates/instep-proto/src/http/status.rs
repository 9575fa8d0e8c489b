//! Status codes (RFC 9110 section 15), each with the sentence of its body.

/// Declares [`Status`]: each row has the name, the code, the reason phrase and the body of an error.
macro_rules! statuses {
    ($($(#[$when:meta])? $name:ident = $code:literal, $reason:literal, $explanation:literal;)+) => {
        /// Status of a response.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the names are those of RFC 9110")]
        #[non_exhaustive]
        pub enum Status {
            $($(#[$when])? $name,)+
        }

        impl Status {
            /// Returns the code.
            pub const fn code(self) -> u16 {
                match self {
                    $($(#[$when])? Self::$name => $code,)+
                }
            }

            /// Returns the reason phrase.
            pub const fn reason(self) -> &'static str {
                match self {
                    $($(#[$when])? Self::$name => $reason,)+
                }
            }

            /// Returns the body of an error without a more specific one.
            pub const fn explanation(self) -> &'static str {
                match self {
                    $($(#[$when])? Self::$name => $explanation,)+
                }
            }
        }
    };
}

statuses! {
    Ok = 200, "OK", "";
    NoContent = 204, "No Content", "";
    Found = 302, "Found", "";
    SeeOther = 303, "See Other", "";
    NotModified = 304, "Not Modified", "";
    BadRequest = 400, "Bad Request", "The request is malformed.";
    Unauthorized = 401, "Unauthorized",
        "This device needs a password. Log in at /login, or send it as Basic or Bearer authorization.";
    Forbidden = 403, "Forbidden",
        "Pages of this origin may not do this. The device's log says how to allow it.";
    NotFound = 404, "Not Found", "There is nothing at this address.";
    MethodNotAllowed = 405, "Method Not Allowed",
        "Method not allowed here. Allowed methods are in the Allow header.";
    RequestTimeout = 408, "Request Timeout", "The request did not arrive in time.";
    Conflict = 409, "Conflict", "The device refuses this now.";
    ContentTooLarge = 413, "Content Too Large", "The request's body is too large for this device.";
    UnsupportedMediaType = 415, "Unsupported Media Type", "This address accepts application/json only.";
    ExpectationFailed = 417, "Expectation Failed", "This device cannot meet the expectation.";
    MisdirectedRequest = 421, "Misdirected Request",
        "Unknown host name. Use the device's address, or see its log for how to allow the name.";
    UnprocessableContent = 422, "Unprocessable Content", "The value is out of range.";
    UpgradeRequired = 426, "Upgrade Required", "This address needs a WebSocket, version 13.";
    TooManyRequests = 429, "Too Many Requests",
        "Too many wrong passwords from this address. Retry after the seconds in Retry-After.";
    HeadTooLarge = 431, "Request Header Fields Too Large",
        "The request's header is too large for this device.";
    NotImplemented = 501, "Not Implemented", "Unknown method or transfer coding.";
    ServiceUnavailable = 503, "Service Unavailable", "All connections are in use. Try again in a moment.";
    #[cfg(feature = "gateway")]
    GatewayTimeout = 504, "Gateway Timeout",
        "The device did not answer in time. The request may have been carried out.";
    VersionNotSupported = 505, "HTTP Version Not Supported", "This device supports HTTP/1.1 only.";
}

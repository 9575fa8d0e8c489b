//! Status codes (RFC 9110 section 15), each with the sentence of its body.

/// Status of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of RFC 9110")]
#[non_exhaustive]
pub enum Status {
    Ok,
    NoContent,
    Found,
    SeeOther,
    NotModified,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    ContentTooLarge,
    UnsupportedMediaType,
    ExpectationFailed,
    MisdirectedRequest,
    UnprocessableContent,
    UpgradeRequired,
    TooManyRequests,
    HeadTooLarge,
    NotImplemented,
    ServiceUnavailable,
    VersionNotSupported,
}

impl Status {
    /// Returns the code.
    pub const fn code(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::NoContent => 204,
            Self::Found => 302,
            Self::SeeOther => 303,
            Self::NotModified => 304,
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::Conflict => 409,
            Self::ContentTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::ExpectationFailed => 417,
            Self::MisdirectedRequest => 421,
            Self::UnprocessableContent => 422,
            Self::UpgradeRequired => 426,
            Self::TooManyRequests => 429,
            Self::HeadTooLarge => 431,
            Self::NotImplemented => 501,
            Self::ServiceUnavailable => 503,
            Self::VersionNotSupported => 505,
        }
    }

    /// Returns the reason phrase.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::NoContent => "No Content",
            Self::Found => "Found",
            Self::SeeOther => "See Other",
            Self::NotModified => "Not Modified",
            Self::BadRequest => "Bad Request",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::RequestTimeout => "Request Timeout",
            Self::Conflict => "Conflict",
            Self::ContentTooLarge => "Content Too Large",
            Self::UnsupportedMediaType => "Unsupported Media Type",
            Self::ExpectationFailed => "Expectation Failed",
            Self::MisdirectedRequest => "Misdirected Request",
            Self::UnprocessableContent => "Unprocessable Content",
            Self::UpgradeRequired => "Upgrade Required",
            Self::TooManyRequests => "Too Many Requests",
            Self::HeadTooLarge => "Request Header Fields Too Large",
            Self::NotImplemented => "Not Implemented",
            Self::ServiceUnavailable => "Service Unavailable",
            Self::VersionNotSupported => "HTTP Version Not Supported",
        }
    }

    /// Returns the body of an error without a more specific one.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Ok | Self::NoContent | Self::Found | Self::SeeOther | Self::NotModified => "",
            Self::BadRequest => "The request is malformed.",
            Self::Unauthorized => {
                "This device needs a password. Log in at /login, or send it as Basic or Bearer authorization."
            }
            Self::Forbidden => "Pages of this origin may not do this. The device's log says how to allow it.",
            Self::NotFound => "There is nothing at this address.",
            Self::MethodNotAllowed => "Method not allowed here. Allowed methods are in the Allow header.",
            Self::RequestTimeout => "The request did not arrive in time.",
            Self::Conflict => "The device refuses this now.",
            Self::ContentTooLarge => "The request's body is too large for this device.",
            Self::UnsupportedMediaType => "This address accepts application/json only.",
            Self::ExpectationFailed => "This device cannot meet the expectation.",
            Self::MisdirectedRequest => {
                "Unknown host name. Use the device's address, or see its log for how to allow the name."
            }
            Self::UnprocessableContent => "The value is out of range.",
            Self::UpgradeRequired => "This address needs a WebSocket, version 13.",
            Self::TooManyRequests => {
                "Too many wrong passwords from this address. Retry after the seconds in Retry-After."
            }
            Self::HeadTooLarge => "The request's header is too large for this device.",
            Self::NotImplemented => "Unknown method or transfer coding.",
            Self::ServiceUnavailable => "All connections are in use. Try again in a moment.",
            Self::VersionNotSupported => "This device supports HTTP/1.1 only.",
        }
    }
}

//! Status codes (RFC 9110 section 15), each with the sentence that its body holds.

/// The status of a response.
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
    /// The number.
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

    /// The words beside the number.
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

    /// What an error's body says, when there is nothing more exact to say.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Ok | Self::NoContent | Self::Found | Self::SeeOther | Self::NotModified => "",
            Self::BadRequest => "The request is malformed.",
            Self::Unauthorized => {
                "This device asks for its password: log in at /login, or send it as Basic or Bearer authorization."
            }
            Self::Forbidden => {
                "A page from somewhere else may not do this. The device's log says how to allow it."
            }
            Self::NotFound => "There is nothing at this address.",
            Self::MethodNotAllowed => "This method is of no use at this address: Allow says which are.",
            Self::RequestTimeout => "The request did not arrive in time.",
            Self::Conflict => "The device refuses that now.",
            Self::ContentTooLarge => "The request's body is larger than this device takes.",
            Self::UnsupportedMediaType => "This device takes application/json only.",
            Self::ExpectationFailed => "This device cannot meet the expectation.",
            Self::MisdirectedRequest => {
                "This device does not go by that name. Use its address, or see the device's log for how to allow the name."
            }
            Self::UnprocessableContent => "The value is out of range.",
            Self::UpgradeRequired => "This address speaks WebSocket, version 13.",
            Self::TooManyRequests => {
                "There were too many wrong passwords from this address. Try again later: Retry-After says in how many seconds."
            }
            Self::HeadTooLarge => "The request's header is larger than this device takes.",
            Self::NotImplemented => "This device does not know that method or transfer coding.",
            Self::ServiceUnavailable => "All places are taken. Try again in a moment.",
            Self::VersionNotSupported => "This device speaks HTTP/1.1.",
        }
    }
}

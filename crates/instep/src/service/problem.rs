//! Responses in JSON, and the wire's `error` value as the body of a response.

use super::request::Outcome;
use super::response::write_or;
use core::fmt::{Arguments, Display, Write as _};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Allow, Reply, RequestHead, ResponseHead, Status, Window};
use instep_proto::json::Text;

/// Media type of all JSON bodies but the description's.
pub(crate) const JSON: &str = "application/json";

/// Maximum length of an error body, in bytes.
pub(crate) const PROBLEM_MAX: usize = 256;
/// Maximum length of an unknown name in an error body, in bytes.
const NAME_SHOWN_MAX: usize = 40;

/// Writes a response at once, if there is room.
pub(crate) fn write_answer(
    response: &ResponseHead,
    body: &[u8],
    head: &RequestHead<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    write_answer_with(response, format_args!(""), body, head, out)
}

/// Writes a response with further header lines, if there is room.
///
/// Each line must have its line end.
pub(crate) fn write_answer_with(
    response: &ResponseHead,
    lines: Arguments<'_>,
    body: &[u8],
    head: &RequestHead<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    write_or(Status::ServiceUnavailable, response, lines, body, head, out)
}

/// Body of an error response, which is the wire's `error` value.
pub(crate) struct Problem<'n> {
    code: &'static str,
    name: &'n str,
    allow: Allow,
}

impl<'n> Problem<'n> {
    /// Creates an error of the interaction of that name. An empty name stands for none.
    pub(crate) fn new(code: &'static str, name: &'n str) -> Self {
        Self { code, name, allow: Allow::Read }
    }

    /// Sets the methods for the Allow header.
    pub(crate) fn allow(self, methods: Allow) -> Self {
        Self { allow: methods, ..self }
    }

    /// Answers 405 with the allowed methods.
    pub(crate) fn not_allowed(
        self,
        methods: Allow,
        head: &RequestHead<'_>,
        out: &mut Outgoing<'_>,
    ) -> Outcome {
        let message = format_args!("this address takes {} only", methods.as_str());
        self.allow(methods).answer(Status::MethodNotAllowed, &message, head, out)
    }

    /// Answers with this status and message.
    // Not inlined, because it is called at several places.
    #[inline(never)]
    pub(crate) fn answer(
        &self,
        status: Status,
        message: &dyn Display,
        head: &RequestHead<'_>,
        out: &mut Outgoing<'_>,
    ) -> Outcome {
        let mut body = [0; PROBLEM_MAX];
        let length = self.write(Text::new(message), &mut body);
        let response = Reply::head_of(status, Some((JSON, length)), head).allow(self.allow);
        write_answer(&response, &body[..length], head, out)
    }

    /// Writes the body, and returns its length.
    pub(crate) fn write(&self, message: Text<&dyn Display>, body: &mut [u8]) -> usize {
        let mut body = Window::new(body, 0);
        // Cannot fail, because the longest name and the longest message fit.
        let _ = write!(body, "{{\"code\":\"{}\"", self.code);
        if !self.name.is_empty() {
            let _ = write!(body, ",\"name\":{}", Text::cut(self.name, NAME_SHOWN_MAX));
        }
        let _ = write!(body, ",\"message\":{message}}}");
        body.used()
    }
}

//! Requests for `/firmware`: who may update the device, and when.

use super::incoming::{Incoming, Step};
use super::obstacle::Obstacle;
use super::refusal::{refuse, refuse_unauthenticated};
use super::route::{FIRMWARE, FirmwareRoute};
use super::state::Offer;
use super::status_json::STATUS_MAX;
use super::upload::{Permission, Upload};
use super::witness::Witness;
use crate::app::App;
use crate::log::lines;
use crate::login::LogIn;
use crate::service::{
    BodyRemaining, Context, JSON, Next, Outcome, Piecewise, Problem, Received, Request, write_answer,
};
use crate::time::Instant;
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Allow, Method, Reply, Window};

impl FirmwareRoute for Upload {
    fn answer(
        &self,
        _: &App,
        log_in: Option<&LogIn>,
        request: &Request<'_>,
        out: &mut Outgoing<'_>,
    ) -> Option<Outcome> {
        let head = request.head;
        if head.path != FIRMWARE {
            return None;
        }
        if head.method == Method::Options {
            // Where there is a log-in, it says the same of every path.
            let allow = if log_in.is_some() { Allow::All } else { Allow::ReadAndPut };
            return Some(Outcome::Reply(Reply::options(allow, head)));
        }
        Some(self.decide(log_in, request, out).unwrap_or_else(|obstacle| {
            refuse(obstacle.status(), obstacle.code(), obstacle.sentence(), request, out)
        }))
    }

    fn receive(
        &self,
        now: Instant,
        input: &mut [u8],
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
    ) -> Received {
        self.with(|state| {
            let Some(mut incoming) = state.incoming else {
                return Received { used: 0, next: Next::End, wake_at: now };
            };
            let (used, next, wake_at) = state.take(&mut incoming, now, input, context, out);
            match next {
                Next::End => state.abandon(None),
                Next::Read | Next::Wait => state.incoming = Some(incoming),
            }
            Received { used, next, wake_at }
        })
    }

    fn begin_content(&self, rest: &BodyRemaining, decoded: usize) {
        self.with(|state| {
            if let Some(incoming) = &mut state.incoming {
                (incoming.rest, incoming.decoded) = (*rest, decoded);
            }
        });
    }

    fn abandon(&self) {
        self.with(|state| state.abandon(None));
    }

    fn witness(&self) -> Option<&Witness> {
        Some(&self.witness)
    }
}

impl Upload {
    /// Answers a request for the firmware, or returns why it is refused.
    fn decide(
        &self,
        log_in: Option<&LogIn>,
        request: &Request<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<Outcome, Obstacle> {
        let head = request.head;
        let puts = head.method == Method::Put;
        if puts {
            Self::check_origin(log_in, request)?;
        }
        if let Some(outcome) = refuse_unauthenticated(log_in, request, out) {
            return Ok(outcome);
        }
        if let Some(obstacle) = self.with(|state| state.lasting_obstacle()) {
            return Err(obstacle);
        }
        Ok(match head.method {
            Method::Get | Method::Head => self.answer_status(log_in.is_some(), request, out),
            // An upload begins once, so the rest of its response needs room now.
            Method::Put if !out.is_empty() => Outcome::Blocked,
            Method::Put => {
                self.begin(log_in.is_some(), request)?;
                if head.expects_continue {
                    // There is room, because the output is empty.
                    let _ = out.push(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                Outcome::Take(Piecewise(request.now))
            }
            _ => Problem::new("wrong-method", "").not_allowed(Allow::ReadAndPut, head, out),
        })
    }

    /// Returns why a request may not bring an image, before its credential is checked.
    fn check_origin(log_in: Option<&LogIn>, request: &Request<'_>) -> Result<(), Obstacle> {
        let (head, access) = (request.head, request.context.access);
        if !access.is_own_page(head) {
            return Err(Obstacle::OtherOrigin);
        }
        let shows_credential = || {
            head.authorization.is_some()
                || log_in.is_some_and(|log_in| (log_in.authenticator.shows_session)(log_in, request))
        };
        if access.portal.is_some() && !shows_credential() { Err(Obstacle::OwnNetwork) } else { Ok(()) }
    }

    /// Returns why clients may not update the device, as far as it does not depend on their request.
    fn permission_obstacle(&self, asks_password: bool, is_own_network: bool) -> Option<Obstacle> {
        match self.permission {
            _ if asks_password => None,
            _ if is_own_network => Some(Obstacle::OwnNetwork),
            Permission::LoggedIn => Some(Obstacle::NoPassword),
            Permission::Everyone => None,
        }
    }

    /// Answers with the status.
    fn answer_status(&self, asks_password: bool, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
        let Request { head, context, .. } = *request;
        let permission = self.permission_obstacle(asks_password, context.access.portal.is_some());
        let mut body = [0; STATUS_MAX];
        let mut window = Window::new(&mut body, 0);
        self.with(|state| state.write_status(permission, &mut window));
        let length = window.used();
        write_answer(&Reply::body_head(head, JSON, length), &body[..length], head, out)
    }

    /// Begins an upload, if one can begin.
    fn begin(&self, asks_password: bool, request: &Request<'_>) -> Result<(), Obstacle> {
        let Request { now, head, peer, context, .. } = *request;
        let is_own_network = context.access.portal.is_some();
        if let Some(obstacle) = self.permission_obstacle(asks_password, is_own_network) {
            return Err(obstacle);
        }
        if !head.chunked && head.content_length == 0 {
            return Err(Obstacle::Empty);
        }
        let (mut downgrade, mut other_application) = (false, false);
        for flag in head.query.unwrap_or_default().split('&') {
            downgrade |= flag == "downgrade";
            other_application |= flag == "other-application";
        }
        let incoming = Incoming {
            rest: BodyRemaining::NOTHING,
            decoded: 0,
            step: Step::Reads,
            deadline: Incoming::stalls_at(now),
            ends_at: Incoming::ends_at(now),
            extra: head.extra,
        };
        let length = u32::try_from(head.content_length).ok().filter(|_| !head.chunked);
        let offer = Offer { length, downgrade, other_application };
        self.with(|state| {
            // For chunks, it is the length that has been announced so far.
            if let Some(obstacle) = state.obstacle(head.content_length) {
                return Err(obstacle);
            }
            state.begin(offer, incoming);
            Ok(())
        })?;
        lines::info(format_args!("Receiving a firmware image from {peer}"));
        Ok(())
    }
}

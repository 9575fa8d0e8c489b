//! Routing of requests, and admission of clients.

use super::client::{Client, State};
use super::context::ConnectionContext;
use super::deflate::Compression;
#[cfg(feature = "gateway")]
use super::mounting::answer_elsewhere;
use super::upgrade_probe::probe_upgrade;
use super::websocket::Open;
use crate::access::Refusal;
use crate::app::{App, Page};
use crate::device::{End, RefusalReason, SlotHandle};
use crate::limits::ROOM_MIN;
use crate::login::{LOG_IN, LOG_OUT};
use crate::service::{
    Credential, Events, FORM_MAX, Listening, OWN_FRAME_MAX, Opening, Outcome, Pending, Request, Resource,
    body_max, log_limited, plain_text, redirect, redirect_with, refuse,
};
use crate::time::Instant;
use core::net::IpAddr;
use core::ops::ControlFlow;
use instep_proto::delivery::{Cursor, Outgoing};
use instep_proto::frame::CloseCode;
use instep_proto::handshake::{Handshake, HandshakeError, subprotocol};
use instep_proto::http::{Allow, HeadError, Method, Reply, RequestHead, Status};
use log::Level;

/// Path of the health check.
///
/// A page or an endpoint of the application at this path takes precedence.
const HEALTH: &str = "/healthz";

impl App {
    /// Returns whether something else than the folder answers at `path`.
    ///
    /// If so, a file of that path is never served. `log_in` is set if the device has a log-in.
    pub fn hides(&self, path: &str, log_in: bool) -> bool {
        let of_thing = || {
            let (service, thing) = self.service.zip(self.as_thing())?;
            (service.find)(thing, path)
        };
        self.find_page(path).is_some()
            || self.find_endpoint(path).is_some()
            || path == HEALTH
            || (log_in && (path == LOG_IN || path == LOG_OUT))
            || of_thing().is_some()
    }
}

impl Client {
    /// Routes a request to its handler.
    ///
    /// A response that depends on the request's text is written to `out` at once.
    pub(super) fn route(
        &self,
        request: &Request<'_>,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) -> Outcome {
        let Request { now, head, peer, .. } = *request;
        if let (Pending::Invocation(pending), Some(service)) = (request.pending, context.app.service) {
            return (service.take_answer)(pending, request, out);
        }
        if let Some(outcome) = probe_upgrade(self.is_refused(), request, context) {
            return outcome;
        }
        if self.is_refused() {
            log_limited!(warn, context, now, "Refused {peer}: there are too many connections");
            return Outcome::Reply(Reply::error(Status::ServiceUnavailable, Some(head)).and_close());
        }
        if let Some(ask_for_https) = self.http().and_then(|http| http.plaintext_on_tls_port) {
            return ask_for_https(head, context, out);
        }
        let error = |status| Outcome::Reply(Reply::error(status, Some(head)));
        let upgrade = head.asks_for_websocket();
        let endpoint = context.app.find_endpoint(head.path);
        let speaks = upgrade && endpoint.is_some();
        let access = context.access.check(head);
        let declared =
            context.app.service.zip(context.manifest.thing).filter(|_| !context.app.declares(head.path));
        let resource =
            declared.and_then(|(service, thing)| Some(((service.find)(thing, head.path)?, service)));
        // An event stream takes a slot, as a WebSocket does.
        let takes_slot = speaks || matches!(resource, Some((Resource::Events | Resource::Stream(_), _)));
        let access =
            access.and_then(|()| if takes_slot { context.access.check_origin(head) } else { Ok(()) });
        match (access, context.access.portal) {
            (Ok(()), _) => {}
            // Not counted or logged, because phones test all the time whether they are online.
            (Err(Refusal::Host), Some(portal)) => return redirect(Status::Found, "", &portal, head, out),
            (Err(refusal), _) => return error(refuse(refusal, request)),
        }
        if let Some((response, lines)) = context.access.origins.preflight(head) {
            return redirect_with(&response, format_args!("{lines}"), head, out);
        }
        if let Some(location) = context.access.https.and_then(|https| https.redirect(head)) {
            return redirect(Status::Found, "", &location, head, out);
        }
        let log_in = context.log_in();
        if let Some(update) = context.update
            && let Some(outcome) = update.answer(context.app, log_in, request, out)
        {
            return outcome;
        }
        let board_page = context.find_board_page(head.path);
        let is_form = board_page.is_some() || (log_in.is_some() && head.path == LOG_IN);
        let body_max = match resource {
            _ if is_form => FORM_MAX as u64,
            Some(_) => body_max(context.device.limits()) as u64,
            None => context.device.limits().body,
        };
        if head.content_length > body_max {
            context.device.count_refusal(RefusalReason::Body);
            if let Some((_, of_thing)) = resource.filter(|_| !is_form) {
                return Outcome::Reply((of_thing.too_long)(head));
            }
            return error(Status::ContentTooLarge);
        }
        if head.method == Method::Options && !speaks {
            // Answered before the log-in, so it does not reveal which paths exist behind one.
            let allow = match resource {
                _ if log_in.is_some() || head.path == "*" => Some(Allow::All),
                _ if is_form => Some(Allow::ReadAndPost),
                Some((resource, of_thing)) => (of_thing.allow)(resource, context),
                None => {
                    let page = context.app.find_page(head.path);
                    let known = endpoint.is_some() || page.is_some() || head.path == HEALTH;
                    known.then_some(Allow::Read)
                }
            };
            let reply = allow.map(|allow| Outcome::Reply(Reply::options(allow, head)));
            return reply.unwrap_or_else(|| error(Status::NotFound));
        }
        if head.path == HEALTH && !speaks && !context.app.declares(HEALTH) {
            let is_verbose = head.query == Some("verbose");
            return plain_text(head, if is_verbose { context.device.health() } else { "ok" }, out);
        }
        // In the device's own network its set-up needs no log-in.
        if let (Some((board, page)), Some(_)) = (board_page, context.access.portal) {
            return board.answer(page, request, out);
        }
        let credential = match log_in.map(|log_in| (log_in.authenticator.authenticate)(log_in, request, out))
        {
            None => None,
            Some(ControlFlow::Continue(credential)) => Some(credential),
            Some(ControlFlow::Break(outcome)) => return outcome,
        };
        if let Some((board, page)) = board_page {
            if credential.is_some() {
                return board.answer(page, request, out);
            }
            let path = head.path;
            log_limited!(
                info,
                context,
                now,
                "Refused {peer}: {path} is for the device's own network, or after a log-in"
            );
            return error(Status::NotFound);
        }
        if !request.mount.is_empty() && head.path.is_empty() {
            // Relative, because a proxy may have removed a prefix.
            let own = format_args!("{}/", request.mount.as_str().trim_start_matches('/'));
            return redirect(Status::Found, "", &own, head, out);
        }
        if let Some((resource, of_thing)) = resource.filter(|_| !speaks) {
            return (of_thing.answer)(resource, credential, request, out);
        }
        // A folder has a page at `/`, where the application may have an endpoint, too.
        let in_folder = head.path == "/" && context.app.folder.is_some();
        match (endpoint, context.app.find_page(head.path)) {
            (Some(endpoint), page) if upgrade || (page.is_none() && !in_folder) => {
                match Handshake::parse(head) {
                    Ok(handshake) => {
                        if endpoint.thing && out.remaining() < ROOM_MIN + OWN_FRAME_MAX && !out.is_empty() {
                            return Outcome::Blocked;
                        }
                        let takes = context.compression.map(Compression::takes);
                        let deflate = takes.and_then(|takes| (takes.find_offer)(head.fields));
                        let notices = context.notices.filter(|_| endpoint.thing);
                        let revisions = notices.is_some_and(|notices| (notices.asks_for_revisions)(head));
                        Outcome::Open(Opening { endpoint, handshake, deflate, revisions, credential, peer })
                    }
                    Err(reason) => {
                        if upgrade {
                            context.device.count_refusal(RefusalReason::Handshake);
                        }
                        if upgrade || reason == HandshakeError::NoUpgrade {
                            log_limited!(info, context, now, "Refused a handshake from {peer}: {reason}");
                        }
                        error(reason.status())
                    }
                }
            }
            (_, Some((Page::Asset(_, asset), _))) => {
                Outcome::Reply(Reply::asset(asset, head, context.access.frames))
            }
            (_, Some((Page::RestOfPath(_), rest))) => plain_text(head, rest, out),
            _ => {
                #[cfg(feature = "gateway")]
                if let Some(outcome) = answer_elsewhere(request, context, out) {
                    return outcome;
                }
                match context.app.folder {
                    Some(folder) => folder.answer(request, out),
                    None => error(Status::NotFound),
                }
            }
        }
    }

    /// Counts and logs an invalid request.
    pub(super) fn log_refused_head(&self, error: HeadError, now: Instant, context: &ConnectionContext<'_>) {
        context.device.count_refusal(RefusalReason::Head);
        log_limited!(info, context, now, "Refused a request from {}: {error}", self.peer());
    }

    /// Opens a WebSocket, if a slot is free.
    pub(super) fn open(
        &mut self,
        now: Instant,
        head: &RequestHead<'_>,
        opening: &Opening,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let Opening { endpoint, handshake, deflate, revisions, credential, peer } = *opening;
        let Some(slot) = self.admit(!endpoint.echo, endpoint.thing, credential, peer, now, context) else {
            return;
        };
        let takes = context.compression.map(Compression::takes);
        let extension = takes.zip(deflate.as_ref()).map(|(takes, deflate)| (takes.display)(deflate));
        let length =
            handshake.write_answer(extension, subprotocol(head, context.app.subprotocols), out.spare_mut());
        out.commit(length);
        let cursor = match context.app.service.filter(|_| endpoint.thing && !endpoint.echo) {
            Some(service) => (service.greet)(context, out),
            None => Cursor::new(context.feed),
        };
        let expires_at = credential.map_or(Instant::NEVER, |credential| credential.expires_at);
        let keepalive_at = Open::keepalive_after(endpoint.thing, now);
        let mut open = Open::new(slot, cursor, !endpoint.echo, deflate.is_some(), expires_at, keepalive_at);
        open.unsent_revision = if revisions { 0 } else { u64::MAX };
        self.state = State::Open(open);
        self.check_credential(credential, context, out);
    }

    /// Begins a stream of Server-Sent Events, if a slot is free.
    pub(super) fn listen(
        &mut self,
        now: Instant,
        listening: &Listening,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let Listening { credential, peer, .. } = *listening;
        let Some(service) = context.app.service else { return };
        let Some(slot) = self.admit(false, false, credential, peer, now, context) else { return };
        self.state = State::Events((service.listen)(slot, now, listening, context, out));
        self.check_credential(credential, context, out);
    }

    /// Admits a new client and returns its slot.
    ///
    /// If no slot is free, the client gets 503.
    ///
    /// `notify_app` is set if the application receives the client's messages, and `speaks_thing` if the client uses the protocol of
    /// the Thing.
    fn admit(
        &mut self,
        notify_app: bool,
        speaks_thing: bool,
        credential: Option<Credential>,
        peer: IpAddr,
        now: Instant,
        context: &ConnectionContext<'_>,
    ) -> Option<SlotHandle> {
        let forwarded = peer != self.peer();
        if forwarded
            && let Some(limit) = context.address_limit
            && !limit.count(peer)
        {
            if context.allow_log(now) {
                limit.log_refused(peer);
            }
            self.answer(Reply::error(Status::ServiceUnavailable, None));
            return None;
        }
        let session = credential.map(|credential| credential.number);
        let admit = || context.device.admit(context.follower, notify_app, speaks_thing, session);
        let slot = match context.take_place(admit) {
            Ok(slot) => slot,
            Err(all) => {
                context.device.count_refusal(RefusalReason::Full);
                let places = all.unwrap_or_else(|| context.device.client_limit(context.follower));
                log_limited!(warn, context, now, "Refused {peer}: all {places} places are taken");
                self.answer(Reply::error(Status::ServiceUnavailable, None));
                return None;
            }
        };
        // The port of a client behind a proxy is unknown.
        let port = self.http().map(|http| http.port).filter(|_| !forwarded);
        log::info!(client = slot.client.number, peer:% = peer, port; "[{}] Connected from {peer}", slot.client);
        Some(slot)
    }

    /// Closes a new client whose credential was revoked while it was admitted.
    fn check_credential(
        &mut self,
        credential: Option<Credential>,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        if credential.is_some_and(|credential| !context.log_in.is_some_and(|log_in| log_in.holds(credential)))
        {
            self.end_session(context, out);
        }
    }

    /// Closes a client whose credential does not hold any more.
    pub(super) fn end_session(&mut self, context: &ConnectionContext<'_>, out: &mut Outgoing<'_>) {
        if let State::Open(Open { slot, .. }) | State::Events(Events { slot, .. }) = &self.state {
            let client = slot.client;
            client.log(Level::Info, format_args!("Closed with 1008: its log-in has ended"));
        }
        if let State::Events(_) = self.state {
            return self.transition(State::Ending, End::Closed(Some(CloseCode::POLICY)), context);
        }
        self.end_open(Some(CloseCode::POLICY), context, out);
    }
}

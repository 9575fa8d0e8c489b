//! The log-in: its state behind one lock, and the checking of passwords.

use super::checks::{Job, Verdict};
use super::cookie::SessionValue;
use super::failures::ClientPrefix;
use super::password::Password;
#[cfg(feature = "shared-sessions")]
use super::sealed::{SealedSession, SharedSessions};
use super::state::{LogInMemory, Random, State};
use crate::device::Device;
use crate::log::lines;
use crate::service::{Context, Credential, Outcome, Request};
use crate::time::Instant;
use core::cell::RefCell;
use core::fmt;
use core::future::poll_fn;
use core::net::IpAddr;
use core::num::NonZeroU32;
use core::ops::ControlFlow;
use core::task::Poll;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use instep_proto::delivery::Outgoing;

/// Rounds of hashing between two yields, a few ms on a microcontroller.
const ROUNDS_AT_ONCE: u32 = 64;

/// Log-in with one password, for sessions in cookies and Basic authentication.
///
/// The driver runs [`LogIn::check_passwords`]; without it, no log-in succeeds.
pub struct LogIn {
    random: Random,
    pub(crate) authenticator: &'static Authenticator,
    #[cfg(feature = "shared-sessions")]
    pub(super) shared: Option<&'static dyn SharedSessions>,
    state: Mutex<CriticalSectionRawMutex, RefCell<State>>,
}

/// Function table of the log-in's routes.
///
/// Only the constructors of a [`LogIn`] name the table, so firmware without a log-in links none of the functions.
#[derive(Debug)]
pub(crate) struct Authenticator {
    /// Returns the credential of a request, or breaks with the response, such as 401.
    pub(crate) authenticate: fn(&LogIn, &Request<'_>, &mut Outgoing<'_>) -> ControlFlow<Outcome, Credential>,
    /// Returns whether the request's cookies have a valid session.
    pub(crate) shows_session: fn(&LogIn, &Request<'_>) -> bool,
}

/// State of a password that a request sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    Checked(Verdict),
    /// The check is not done, so the request asks again with this ticket. `None` if no entry was free for the check.
    Pending(Option<NonZeroU32>),
}

impl LogIn {
    /// Returns whether a password is set, so that requests need it.
    pub fn is_on(&self) -> bool {
        self.with(|state| state.password.is_some())
    }

    pub(super) fn begin(
        memory: LogInMemory,
        password: Option<Password>,
        random: Random,
        authenticator: &'static Authenticator,
    ) -> Self {
        let state = State::new(memory, password, random);
        Self {
            random,
            authenticator,
            #[cfg(feature = "shared-sessions")]
            shared: None,
            state: Mutex::new(RefCell::new(state)),
        }
    }

    /// Sets the password, and ends all sessions.
    ///
    /// All open WebSockets are closed with 1008, including those that were opened when there was no password.
    pub fn change_password(&self, password: Password, device: &Device) {
        self.with(|state| {
            state.password = Some(password);
            state.sessions.end_all();
            state.checks.forget_verdicts();
            state.begin_password(self.random);
        });
        #[cfg(feature = "shared-sessions")]
        if let Some(shared) = self.shared {
            shared.end_all();
        }
        device.revoke(None);
        lines::info(format_args!("The password was changed, and all sessions ended"));
    }

    /// Checks the passwords of requests, one after the other, and never returns.
    ///
    /// A driver runs this future on its own thread or as its own task. The future yields every few milliseconds. `now` must be the
    /// clock whose times [`Client`](crate::driver::Client) gets.
    pub async fn check_passwords(&self, now: impl Fn() -> Instant) -> ! {
        loop {
            let (ticket, job) = poll_fn(|context| {
                self.with(|state| match state.checks.begin(now()) {
                    Some(started) => Poll::Ready(started),
                    None => {
                        state.waker = Some(context.waker().clone());
                        Poll::Pending
                    }
                })
            })
            .await;
            let network = ClientPrefix::from(job.peer);
            // Checked again here, because the checks before this one may have failed since it was queued.
            let wait = self.with(|state| state.failures.wait(network, now()));
            if wait > 0 {
                self.with(|state| state.checks.finish(ticket, Verdict::Throttled(wait)));
                continue;
            }
            let hashing = self.with(|state| Some(state.password.as_ref()?.begin(job.password())));
            // Cannot happen, because without a password no request is checked.
            let Some(mut hashing) = hashing else { continue };
            let hash = loop {
                if let Some(hash) = hashing.step(ROUNDS_AT_ONCE) {
                    break hash;
                }
                embassy_futures::yield_now().await;
            };
            self.with(|state| state.finish(ticket, &job, &hash, now()));
        }
    }

    /// Returns whether servers share the sessions.
    #[cfg_attr(
        not(feature = "shared-sessions"),
        expect(clippy::unused_self, reason = "no sessions are shared")
    )]
    pub(super) fn is_shared(&self) -> bool {
        #[cfg(feature = "shared-sessions")]
        return self.shared.is_some();
        #[cfg(not(feature = "shared-sessions"))]
        false
    }

    /// Finds the session in the value of a cookie.
    pub(super) fn find_session(&self, value: &str, now: Instant) -> Option<Credential> {
        #[cfg(feature = "shared-sessions")]
        if let Some(shared) = self.shared {
            let session = SealedSession::parse(value)?;
            let expires_at = shared.find(&session, now)?;
            return Some(Credential { number: session.number(), expires_at });
        }
        let id = SessionValue::parse_id(value)?;
        self.with(|state| state.sessions.find(id, now))
            .map(|(number, expires_at)| Credential { number, expires_at })
    }

    /// Queues a check of a password, or queries the check with `ticket`.
    ///
    /// `is_basic` is set for Basic authentication. Each request then carries the password, so the password that was verified last is
    /// accepted without a check.
    pub(super) fn verify(
        &self,
        password: &[u8],
        peer: IpAddr,
        is_basic: bool,
        ticket: Option<NonZeroU32>,
        now: Instant,
    ) -> Verification {
        let network = ClientPrefix::from(peer);
        self.with(|state| {
            if let Some(Ok(verdict)) = ticket.map(|ticket| state.checks.verdict(ticket, now)) {
                return verdict.map_or(Verification::Pending(ticket), Verification::Checked);
            }
            let wait = state.failures.wait(network, now);
            if wait > 0 {
                return Verification::Checked(Verdict::Throttled(wait));
            }
            if is_basic && state.is_cached(password) {
                return Verification::Checked(Verdict::Accepted);
            }
            let Some(job) = Job::new(peer, password, is_basic) else {
                return Verification::Checked(Verdict::Rejected);
            };
            if !state.checks.has_room(now) {
                return Verification::Pending(None);
            }
            let ticket = state.next_number();
            state.checks.add(ticket, job, now);
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
            Verification::Pending(Some(ticket))
        })
    }

    /// Returns the credential that all requests with Basic authentication share.
    pub(super) fn basic_credential(&self) -> Credential {
        Credential { number: self.with(|state| state.basic_number), expires_at: Instant::NEVER }
    }

    /// Begins a session and returns the value of its cookie.
    ///
    /// If the table is full, the new session replaces an older one, and the clients of the older session are closed.
    pub(super) fn begin_session(&self, context: &Context<'_>, now: Instant) -> SessionValue {
        let mut id = [0; 16];
        (self.random)(&mut id);
        let id = u128::from_be_bytes(id);
        #[cfg(feature = "shared-sessions")]
        if let Some(shared) = self.shared {
            return SessionValue::Sealed(shared.begin(id));
        }
        let replaced = self.with(|state| {
            let number = state.next_number();
            state.sessions.begin(id, number, now, |session| context.session_in_use(session))
        });
        if replaced.is_some() {
            context.revoke(replaced);
        }
        SessionValue::Id(id)
    }

    /// Ends the session in the value of a cookie, and closes its clients with 1008. Returns whether there was one.
    pub(super) fn end_session(&self, value: &str, context: &Context<'_>, now: Instant) -> bool {
        let Some(Credential { number, .. }) = self.find_session(value, now) else { return false };
        #[cfg(feature = "shared-sessions")]
        if let (Some(shared), Some(session)) = (self.shared, SealedSession::parse(value)) {
            shared.end(&session);
        }
        self.with(|state| state.sessions.end(number));
        context.revoke(Some(number));
        true
    }

    /// Returns whether a credential has not been revoked. Its expiry is not checked.
    pub(crate) fn holds(&self, credential: Credential) -> bool {
        #[cfg(feature = "shared-sessions")]
        if let Some(shared) = self.shared.filter(|_| super::sealed::is_shared(credential.number)) {
            return shared.holds(credential.number, credential.expires_at);
        }
        let number = credential.number;
        self.with(|state| state.basic_number == number || state.sessions.has(number))
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        self.state.lock(|state| act(&mut state.borrow_mut()))
    }
}

impl fmt::Debug for LogIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogIn").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::{FailedLogin, PasswordCheck, Session};
    use core::task::Context;
    use std::boxed::Box;
    use std::pin::pin;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::vec;
    use std::vec::Vec;

    const HERE: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 2));

    fn random(bytes: &mut [u8]) {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        bytes.fill(NEXT.fetch_add(1, Ordering::Relaxed));
    }

    fn log_in() -> &'static LogIn {
        let memory = LogInMemory {
            sessions: vec![Session::default(); 2].leak(),
            failures: vec![FailedLogin::default(); 4].leak(),
            checks: (0..8).map(|_| PasswordCheck::default()).collect::<Vec<_>>().leak(),
        };
        let password = Password::new(b"open sesame", [1; 16], 200).unwrap();
        Box::leak(Box::new(LogIn::new(memory, password, random)))
    }

    fn now() -> Instant {
        Instant::from_millis(1000)
    }

    /// Runs all queued checks, and returns how often they yielded.
    fn check(log_in: &LogIn) -> usize {
        let mut checking = pin!(log_in.check_passwords(now));
        let woken = std::sync::Arc::new(Woken::default());
        let waker = woken.clone().into();
        let mut turns = 0;
        loop {
            let Poll::Pending = checking.as_mut().poll(&mut Context::from_waker(&waker));
            if !woken.0.swap(false, Ordering::Relaxed) {
                return turns;
            }
            turns += 1;
        }
    }

    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicBool);

    impl std::task::Wake for Woken {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn present(log_in: &LogIn, password: &str, peer: IpAddr, is_basic: bool) -> Verdict {
        let ticket = match log_in.verify(password.as_bytes(), peer, is_basic, None, now()) {
            Verification::Checked(verdict) => return verdict,
            Verification::Pending(ticket) => ticket,
        };
        assert_eq!(
            log_in.verify(b"", peer, is_basic, ticket, now()),
            Verification::Pending(ticket),
            "the check has not been run"
        );
        check(log_in);
        match log_in.verify(b"", peer, is_basic, ticket, now()) {
            Verification::Checked(verdict) => verdict,
            Verification::Pending(_) => panic!("a check that was run is still pending"),
        }
    }

    #[test]
    fn only_the_right_password_is_accepted() {
        let log_in = log_in();
        assert_eq!(present(log_in, "open sesame", HERE, false), Verdict::Accepted);
        assert_eq!(present(log_in, "open sesam", HERE, false), Verdict::Rejected);
        assert_eq!(present(log_in, "", HERE, false), Verdict::Rejected);
        assert_eq!(present(log_in, &"x".repeat(129), HERE, false), Verdict::Rejected);
    }

    #[test]
    fn hashing_yields_every_64_rounds() {
        let log_in = log_in();
        let Verification::Pending(Some(_)) = log_in.verify(b"x", HERE, false, None, now()) else { panic!() };
        assert_eq!(check(log_in), 3, "200 rounds in steps of 64 yield 3 times");
    }

    #[test]
    fn basic_password_is_cached_and_form_password_not() {
        let log_in = log_in();
        assert_eq!(present(log_in, "open sesame", HERE, false), Verdict::Accepted);
        let again = |is_basic| log_in.verify(b"open sesame", HERE, is_basic, None, now());
        assert!(matches!(again(true), Verification::Pending(Some(_))), "the password of a form was cached");
        check(log_in);
        assert_eq!(again(true), Verification::Checked(Verdict::Accepted));
        assert!(matches!(again(false), Verification::Pending(Some(_))));
        assert!(matches!(log_in.verify(b"open sesamf", HERE, true, None, now()), Verification::Pending(_)));
    }

    #[test]
    fn five_failures_throttle_only_their_network() {
        let log_in = log_in();
        assert_eq!(present(log_in, "open sesame", THERE, true), Verdict::Accepted);
        for _ in 0..5 {
            assert_eq!(present(log_in, "wrong", HERE, true), Verdict::Rejected);
        }
        assert_eq!(present(log_in, "open sesame", HERE, false), Verdict::Throttled(60));
        assert_eq!(
            present(log_in, "open sesame", HERE, true),
            Verdict::Throttled(60),
            "a cached password is throttled, too"
        );
        assert_eq!(present(log_in, "open sesame", THERE, false), Verdict::Accepted);
    }

    #[test]
    fn concurrent_checks_stop_at_fifth_failure() {
        let log_in = log_in();
        let wrong = || log_in.verify(b"wrong", HERE, false, None, now());
        let tickets: Vec<_> = (0..8).map(|_| wrong()).collect();
        let last = log_in.with(State::next_number);
        assert_eq!(wrong(), Verification::Pending(None), "a full table accepted a check");
        assert_eq!(log_in.with(State::next_number).get(), last.get() + 1, "a rejected check used a number");
        check(log_in);
        let verdicts = tickets.into_iter().map(|ticket| {
            let Verification::Pending(ticket) = ticket else { panic!() };
            log_in.verify(b"wrong", HERE, false, ticket, now())
        });
        let expected = [[Verdict::Rejected; 5].as_slice(), &[Verdict::Throttled(60); 3]].concat();
        assert_eq!(
            verdicts.collect::<Vec<_>>(),
            expected.into_iter().map(Verification::Checked).collect::<Vec<_>>()
        );
    }

    #[test]
    fn debug_output_has_no_secret() {
        assert_eq!(std::format!("{:?}", log_in()), "LogIn { .. }");
    }
}

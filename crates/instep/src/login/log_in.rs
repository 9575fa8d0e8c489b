//! Lets in who knows the password: what is behind one lock, and the calls of those who ask.

use super::checks::{Job, Verdict};
use super::failures::ClientPrefix;
use super::password::Password;
use super::state::{LogInMemory, Random, State};
use crate::device::Device;
use crate::service::{Credential, Outcome, Request};
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

/// Rounds of hashing after which others have a turn: a few milliseconds on a microcontroller.
const ROUNDS_AT_ONCE: u32 = 64;

/// Lets in who knows the password.
pub struct LogIn {
    random: Random,
    pub(crate) authenticator: &'static Authenticator,
    state: Mutex<CriticalSectionRawMutex, RefCell<State>>,
}

/// How requests log in. Only the constructors of a [`LogIn`] name it: a firmware without one links none of it.
#[derive(Debug)]
pub(crate) struct Authenticator {
    /// What lets a request in; else the answer to it.
    pub(crate) authenticate: fn(&LogIn, &Request<'_>, &mut Outgoing<'_>) -> ControlFlow<Outcome, Credential>,
    /// Whether its cookies show a session.
    pub(crate) shows_session: fn(&LogIn, &Request<'_>) -> bool,
}

/// What became of a password that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    Checked(Verdict),
    /// It is to be presented again a little later, with this ticket. None: there was no room for it.
    Pending(Option<NonZeroU32>),
}

impl LogIn {
    /// Whether there is a password, so that others are asked for it.
    pub fn is_on(&self) -> bool {
        self.with(|state| state.password.is_some())
    }

    pub(super) fn begin(
        memory: LogInMemory,
        password: Option<Password>,
        random: Random,
        asks_in: &'static Authenticator,
    ) -> Self {
        let state = State::new(memory, password, random);
        Self { random, authenticator: asks_in, state: Mutex::new(RefCell::new(state)) }
    }

    /// From now on, this is the password: every session ends, and who is connected is closed with 1008, as is who came in
    /// when there was none.
    pub fn change_password(&self, password: Password, device: &Device) {
        self.with(|state| {
            state.password = Some(password);
            state.sessions.end_all();
            state.checks.forget_verdicts();
            state.begin_password(self.random);
        });
        device.revoke(None);
        log::info!("The password was changed: everybody has to log in again");
    }

    /// Checks the passwords that are presented, one after the other, for ever: a driver runs it on a thread or as a
    /// task of its own. `now` is the time that clients are told, too.
    pub async fn check_passwords(&self, now: impl Fn() -> Instant) -> ! {
        loop {
            let (ticket, job) = poll_fn(|context| {
                self.with(|state| match state.checks.begin(now()) {
                    Some(begun) => Poll::Ready(begun),
                    None => {
                        state.waker = Some(context.waker().clone());
                        Poll::Pending
                    }
                })
            })
            .await;
            let network = ClientPrefix::from(job.peer);
            // Only now is it known what came of those before it.
            let wait = self.with(|state| state.failures.wait(network, now()));
            if wait > 0 {
                self.with(|state| state.checks.finish(ticket, Verdict::Throttled(wait)));
                continue;
            }
            let hashing = self.with(|state| Some(state.password.as_ref()?.begin(job.password())));
            // Nobody presents one where nobody is asked.
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

    /// The session that a cookie shows.
    pub(super) fn find_session(&self, id: u128, now: Instant) -> Option<Credential> {
        self.with(|state| state.sessions.find(id, now))
            .map(|(number, until)| Credential { number, expires_at: until })
    }

    /// Presents a password, or asks what became of the one with that ticket. `from_tool`: it comes with each request.
    pub(super) fn verify(
        &self,
        password: &[u8],
        peer: IpAddr,
        from_tool: bool,
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
            if from_tool && state.is_cached(password) {
                return Verification::Checked(Verdict::Accepted);
            }
            let Some(job) = Job::new(peer, password, from_tool) else {
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

    /// The pass of a tool that sent the right password.
    pub(super) fn tool_credential(&self) -> Credential {
        Credential { number: self.with(|state| state.tools), expires_at: Instant::NEVER }
    }

    /// Begins a session with a new id, which is returned. `device`: if another session had to go, its clients are
    /// closed.
    pub(super) fn begin_session(&self, device: &Device, now: Instant) -> u128 {
        let mut id = [0; 16];
        (self.random)(&mut id);
        let id = u128::from_be_bytes(id);
        let replaced = self.with(|state| {
            let number = state.next_number();
            state.sessions.begin(id, number, now, |session| device.session_in_use(session))
        });
        if replaced.is_some() {
            device.revoke(replaced);
        }
        id
    }

    /// Ends a session: its clients are closed with 1008.
    pub(super) fn end_session(&self, number: NonZeroU32, device: &Device) {
        self.with(|state| state.sessions.end(number));
        device.revoke(Some(number));
    }

    /// Whether the pass still holds, but for its expiry.
    pub(crate) fn holds(&self, pass: Credential) -> bool {
        self.with(|state| state.tools == pass.number || state.sessions.has(pass.number))
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

    /// Checks all that wait, and counts how often others had a turn meanwhile.
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

    fn present(log_in: &LogIn, password: &str, peer: IpAddr, from_tool: bool) -> Verdict {
        let later = match log_in.verify(password.as_bytes(), peer, from_tool, None, now()) {
            Verification::Checked(verdict) => return verdict,
            Verification::Pending(ticket) => ticket,
        };
        assert_eq!(
            log_in.verify(b"", peer, from_tool, later, now()),
            Verification::Pending(later),
            "not yet"
        );
        check(log_in);
        match log_in.verify(b"", peer, from_tool, later, now()) {
            Verification::Checked(verdict) => verdict,
            Verification::Pending(_) => panic!("it was checked"),
        }
    }

    #[test]
    fn the_right_password_and_wrong_ones() {
        let log_in = log_in();
        assert_eq!(present(log_in, "open sesame", HERE, false), Verdict::Accepted);
        assert_eq!(present(log_in, "open sesam", HERE, false), Verdict::Rejected);
        assert_eq!(present(log_in, "", HERE, false), Verdict::Rejected);
        assert_eq!(present(log_in, &"x".repeat(129), HERE, false), Verdict::Rejected);
    }

    #[test]
    fn others_have_a_turn_while_a_password_is_hashed() {
        let log_in = log_in();
        let Verification::Pending(Some(_)) = log_in.verify(b"x", HERE, false, None, now()) else { panic!() };
        assert_eq!(check(log_in), 3, "200 rounds, 64 at once");
    }

    #[test]
    fn a_tool_waits_once_and_a_form_each_time() {
        let log_in = log_in();
        assert_eq!(present(log_in, "open sesame", HERE, false), Verdict::Accepted);
        let again = |from_tool| log_in.verify(b"open sesame", HERE, from_tool, None, now());
        assert!(matches!(again(true), Verification::Pending(Some(_))), "forms are not remembered");
        check(log_in);
        assert_eq!(again(true), Verification::Checked(Verdict::Accepted));
        assert!(matches!(again(false), Verification::Pending(Some(_))));
        assert!(matches!(log_in.verify(b"open sesamf", HERE, true, None, now()), Verification::Pending(_)));
    }

    #[test]
    fn five_wrong_ones_make_their_network_wait_and_no_other() {
        let log_in = log_in();
        assert_eq!(present(log_in, "open sesame", THERE, true), Verdict::Accepted);
        for _ in 0..5 {
            assert_eq!(present(log_in, "wrong", HERE, true), Verdict::Rejected);
        }
        assert_eq!(present(log_in, "open sesame", HERE, false), Verdict::Throttled(60));
        assert_eq!(
            present(log_in, "open sesame", HERE, true),
            Verdict::Throttled(60),
            "nor what is remembered"
        );
        assert_eq!(present(log_in, "open sesame", THERE, false), Verdict::Accepted);
    }

    #[test]
    fn of_many_at_the_same_time_no_more_are_looked_at() {
        let log_in = log_in();
        let wrong = || log_in.verify(b"wrong", HERE, false, None, now());
        let tickets: Vec<_> = (0..8).map(|_| wrong()).collect();
        let last = log_in.with(State::next_number);
        assert_eq!(wrong(), Verification::Pending(None), "there is no room for more");
        assert_eq!(log_in.with(State::next_number).get(), last.get() + 1, "and no number is used up");
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
    fn a_debugger_sees_no_secret() {
        assert_eq!(std::format!("{:?}", log_in()), "LogIn { .. }");
    }
}

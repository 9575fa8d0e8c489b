//! Time driver of embassy-time on tokio's clock.
//!
//! With it, applications that wait by embassy-time run on Linux, and tests run them on a virtual clock, which
//! advances only when all tasks wait. Linking this crate makes it the time driver of the program. A future that
//! uses embassy-time must be wrapped in [`run`].

// The linker finds the time driver as two functions by name, which the macro of embassy-time-driver declares
// with
// unsafe attributes.
#![allow(unsafe_code)]

use embassy_time_driver::{Driver, TICK_HZ};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Poll, Waker};
use std::time::Duration;
use tokio::time::Instant;

/// Runs a future that uses embassy-time, in a tokio runtime with time.
pub async fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut sleep = pin!(tokio::time::sleep_until(Instant::now()));
    poll_fn(|context| {
        let driven = Driven::begin();
        loop {
            driven.wake_due();
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            let Some(tick) = driven.earliest() else { return Poll::Pending };
            sleep.as_mut().reset(instant(tick));
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Starts the clock of embassy-time, unless it was started before.
///
/// It starts by itself when it is read first. A program with several paused runtimes calls this before it builds the first of
/// them, because the clock stands still in a runtime until the time of its start.
pub fn start() {
    epoch();
}

thread_local! {
    /// Ticks and wakers of this thread's alarms.
    static ALARMS: RefCell<Vec<(u64, Waker)>> = const { RefCell::new(Vec::new()) };
    /// Number of [`run`]s that are being polled on this thread.
    static DRIVEN: RefCell<usize> = const { RefCell::new(0) };
}

static EPOCH: OnceLock<Instant> = OnceLock::new();

struct TokioTime;

embassy_time_driver::time_driver_impl!(static DRIVER: TokioTime = TokioTime);

impl Driver for TokioTime {
    fn now(&self) -> u64 {
        let since = Instant::now().saturating_duration_since(epoch());
        u64::try_from(since.as_nanos() * u128::from(TICK_HZ) / 1_000_000_000).unwrap_or(u64::MAX)
    }

    /// # Panics
    /// If the caller is polled outside [`run`], because nothing would wake it.
    fn schedule_wake(&self, at: u64, waker: &Waker) {
        assert!(DRIVEN.with_borrow(|driven| *driven > 0), "embassy-time was used outside host_time::run");
        ALARMS.with_borrow_mut(|alarms| match alarms.iter_mut().find(|(_, known)| known.will_wake(waker)) {
            // A woken task polls all its timers again, so the earliest alarm suffices.
            Some((known, _)) => *known = at.min(*known),
            None => alarms.push((at, waker.clone())),
        });
    }
}

/// Access to this thread's alarms, while a [`run`] is polled.
struct Driven;

impl Driven {
    fn begin() -> Self {
        DRIVEN.with_borrow_mut(|driven| *driven += 1);
        Self
    }

    #[expect(clippy::unused_self, reason = "only a polled `run` may read alarms")]
    fn earliest(&self) -> Option<u64> {
        ALARMS.with_borrow(|alarms| alarms.iter().map(|(at, _)| *at).min())
    }

    #[expect(clippy::unused_self, reason = "only a polled `run` may wake tasks")]
    fn wake_due(&self) {
        let now = DRIVER.now();
        let due: Vec<_> =
            ALARMS.with_borrow_mut(|alarms| alarms.extract_if(.., |(at, _)| *at <= now).collect());
        for (_, waker) in due {
            waker.wake();
        }
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        DRIVEN.with_borrow_mut(|driven| *driven -= 1);
    }
}

fn epoch() -> Instant {
    *EPOCH.get_or_init(Instant::now)
}

/// Returns the time of a tick, rounded up.
///
/// So a task woken then finds the tick passed.
fn instant(tick: u64) -> Instant {
    let nanos = (u128::from(tick) * 1_000_000_000).div_ceil(u128::from(TICK_HZ));
    epoch() + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX / 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use embassy_time::{Duration, Ticker, Timer};

    #[tokio::test(start_paused = true)]
    async fn timers_and_tickers_follow_tokio_clock() {
        let before = Instant::now();
        run(async {
            let mut ticker = Ticker::every(Duration::from_secs(1));
            for _ in 0..3 {
                ticker.next().await;
            }
            Timer::after_millis(500).await;
        })
        .await;
        let passed = before.elapsed().as_millis();
        assert!((3500..3510).contains(&passed), "{passed} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn timer_polled_often_leaves_one_alarm() {
        run(async {
            let mut late = pin!(Timer::after_secs(10));
            for _ in 0..100 {
                poll_fn(|context| {
                    assert!(late.as_mut().poll(context).is_pending());
                    Poll::Ready(())
                })
                .await;
            }
            assert_eq!(ALARMS.with_borrow(Vec::len), 1);
            late.await;
        })
        .await;
        assert_eq!(ALARMS.with_borrow(Vec::len), 0);
    }

    #[test]
    #[should_panic(expected = "outside host_time::run")]
    fn timer_outside_run_panics() {
        let mut timer = pin!(Timer::after_secs(1));
        let _ = timer.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop()));
    }
}

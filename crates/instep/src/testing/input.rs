//! Input pin that a test sets.

use embedded_hal::digital::{ErrorType, InputPin};
use embedded_hal_async::digital::Wait;
use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

/// An input pin for tests, which the test sets.
///
/// A clone is the same pin: the test sets one, and the application reads the other or waits for it.
#[derive(Clone, Debug, Default)]
pub struct Input(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    high: bool,
    /// Number of rising edges.
    rising: u64,
    /// Number of falling edges.
    falling: u64,
    /// Wakers of the tasks that wait for a level or an edge.
    waiting: Vec<Waker>,
}

impl Input {
    /// Returns a pin that is low.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the level of the pin. `true` is high.
    ///
    /// The application handles it as soon as the test waits, for example by
    /// [`link.settle()`](super::Link::settle).
    pub fn set(&self, high: bool) {
        let waiting = self.with(|state| {
            match (state.high, high) {
                (false, true) => state.rising += 1,
                (true, false) => state.falling += 1,
                _ => return Vec::new(),
            }
            state.high = high;
            std::mem::take(&mut state.waiting)
        });
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Returns whether the input is on, which is high.
    pub fn is_on(&self) -> bool {
        self.with(|state| state.high)
    }

    async fn wait(&self, condition: impl Fn(&State) -> bool) {
        poll_fn(|context| {
            self.with(|state| {
                if condition(state) {
                    return Poll::Ready(());
                }
                if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                    state.waiting.push(context.waker().clone());
                }
                Poll::Pending
            })
        })
        .await;
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ErrorType for Input {
    type Error = Infallible;
}

impl InputPin for Input {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.is_on())
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.is_on())
    }
}

impl Wait for Input {
    async fn wait_for_high(&mut self) -> Result<(), Infallible> {
        self.wait(|state| state.high).await;
        Ok(())
    }

    async fn wait_for_low(&mut self) -> Result<(), Infallible> {
        self.wait(|state| !state.high).await;
        Ok(())
    }

    async fn wait_for_rising_edge(&mut self) -> Result<(), Infallible> {
        let rising = self.with(|state| state.rising);
        self.wait(|state| state.rising != rising).await;
        Ok(())
    }

    async fn wait_for_falling_edge(&mut self) -> Result<(), Infallible> {
        let falling = self.with(|state| state.falling);
        self.wait(|state| state.falling != falling).await;
        Ok(())
    }

    async fn wait_for_any_edge(&mut self) -> Result<(), Infallible> {
        let edges = self.with(|state| state.rising + state.falling);
        self.wait(|state| state.rising + state.falling != edges).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::Context;

    fn is_ready(future: &mut (impl Future + Unpin)) -> bool {
        std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn edges_between_two_polls_are_seen() {
        let pin = Input::new();
        let (mut up, mut down, mut any, mut high) = (pin.clone(), pin.clone(), pin.clone(), pin.clone());
        let mut rising = pin!(up.wait_for_rising_edge());
        let mut falling = pin!(down.wait_for_falling_edge());
        let mut edge = pin!(any.wait_for_any_edge());
        let mut level = pin!(high.wait_for_high());
        assert!(!is_ready(&mut rising) && !is_ready(&mut falling) && !is_ready(&mut edge));
        assert!(!is_ready(&mut level));
        pin.set(true);
        pin.set(true);
        pin.set(false);
        assert!(is_ready(&mut rising) && is_ready(&mut falling) && is_ready(&mut edge));
        assert!(!is_ready(&mut level), "the pin is low again");
    }
}

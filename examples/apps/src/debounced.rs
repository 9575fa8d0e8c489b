//! An input whose contact bounces.

use embassy_time::{Duration, Instant, Timer, with_deadline};
use embedded_hal::digital::InputPin;
use embedded_hal_async::digital::Wait;

/// Time for which a new level has to hold.
///
/// A push button bounces for 1 to 20 ms, and a press of a finger takes 50 ms or more.
const STABLE: Duration = Duration::from_millis(25);
/// Interval between two attempts to read a pin that cannot be read.
const RETRY: Duration = Duration::from_secs(1);

/// An input whose level counts once it has held for 25 ms.
///
/// Its futures can be dropped at any time, as `select` does, because the state is in this struct.
#[derive(Debug)]
pub struct Debounced<P> {
    pin: P,
    high: bool,
    /// When the other level will have held for long enough, while it holds.
    due: Option<Instant>,
    is_broken: bool,
}

impl<P: InputPin + Wait> Debounced<P> {
    /// Returns the input with its level at this moment, so that a button that is held now is not pressed by that.
    pub fn new(mut pin: P) -> Self {
        let high = pin.is_high().unwrap_or(false);
        Self { pin, high, due: None, is_broken: false }
    }

    /// Waits until the input has been high for 25 ms, and was low before.
    pub async fn rises(&mut self) {
        while !self.changes().await {}
    }

    /// Waits until the other level has held for 25 ms, and returns whether it is high.
    pub async fn changes(&mut self) -> bool {
        loop {
            match self.settle().await {
                Ok(()) => {
                    self.high = !self.high;
                    return self.high;
                }
                Err(error) => {
                    if !self.is_broken {
                        log::error!("The input cannot be read: {error:?}");
                    }
                    (self.is_broken, self.due) = (true, None);
                    Timer::after(RETRY).await;
                }
            }
        }
    }

    /// Waits until the other level has held for long enough.
    ///
    /// It waits for levels, and not for edges, so that it loses none between two waits.
    async fn settle(&mut self) -> Result<(), P::Error> {
        loop {
            let due = match self.due {
                Some(due) => due,
                None => {
                    wait_for(&mut self.pin, !self.high).await?;
                    self.is_broken = false;
                    *self.due.insert(Instant::now() + STABLE)
                }
            };
            // The pin bounced if the old level is back before that time.
            let bounced = with_deadline(due, wait_for(&mut self.pin, self.high)).await;
            self.due = None;
            match bounced {
                Ok(result) => result?,
                Err(_) => return Ok(()),
            }
        }
    }
}

/// Waits until the pin has that level.
pub(crate) async fn wait_for<P: Wait>(pin: &mut P, high: bool) -> Result<(), P::Error> {
    if high { pin.wait_for_high().await } else { pin.wait_for_low().await }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embassy_futures::select::{Either, select};
    use instep::testing::Input;

    fn millis(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    /// Runs a test on the virtual clock.
    async fn on_virtual_clock(test: impl Future<Output = ()>) {
        host_time::run(test).await;
    }

    #[tokio::test(start_paused = true)]
    async fn bouncing_contact_is_one_press_25_ms_after_it_settles() {
        on_virtual_clock(async {
            let pin = Input::new();
            let mut button = Debounced::new(pin.clone());
            let start = Instant::now();
            let contact = async {
                for (level, hold) in [(true, 3), (false, 1), (true, 20), (false, 2), (true, 100)] {
                    pin.set(level);
                    Timer::after(millis(hold)).await;
                }
                for (level, hold) in [(false, 4), (true, 24), (false, 500)] {
                    pin.set(level);
                    Timer::after(millis(hold)).await;
                }
            };
            let presses = async {
                button.rises().await;
                assert_eq!((Instant::now() - start).as_millis(), 3 + 1 + 20 + 2 + 25);
                assert!(!button.changes().await);
                assert_eq!((Instant::now() - start).as_millis(), 126 + 4 + 24 + 25);
                button.changes().await;
            };
            assert!(matches!(select(presses, contact).await, Either::Second(())), "a bounce was a press");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn future_that_is_dropped_each_ms_delays_no_press() {
        on_virtual_clock(async {
            let pin = Input::new();
            let mut button = Debounced::new(pin.clone());
            pin.set(true);
            let begin = Instant::now();
            while let Either::First(()) = select(Timer::after(millis(1)), button.rises()).await {
                assert!(begin.elapsed() < millis(30), "the press was lost");
            }
            assert!(begin.elapsed() >= STABLE);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn button_held_at_the_start_is_no_press() {
        on_virtual_clock(async {
            let pin = Input::new();
            pin.set(true);
            let mut button = Debounced::new(pin.clone());
            let nothing = select(button.rises(), Timer::after(millis(100))).await;
            assert!(matches!(nothing, Either::Second(())));
            pin.set(false);
            assert!(!button.changes().await);
            pin.set(true);
            button.rises().await;
        })
        .await;
    }
}

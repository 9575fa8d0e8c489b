//! Rotary encoder on two input pins.

use super::encoder::Encoder;
use crate::debounced::wait_for;
use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Timer};
use embedded_hal::digital::{ErrorType, InputPin};
use embedded_hal_async::digital::Wait;

/// Interval between two attempts to read pins that cannot be read.
const RETRY: Duration = Duration::from_secs(1);

/// A rotary encoder with two contacts, such as an EC11 or a KY-040, each of whose detents is four edges.
///
/// A pin is high while its contact is closed, so contacts to ground are [`Inverted`](crate::Inverted), with pull-ups. Both
/// contacts are open at a detent. If the knob counts the wrong way, swap the pins.
///
/// A contact that bounces causes edges there and back, which cancel each other. So does a knob that is turned halfway and back.
/// Counting begins anew at each detent, so an edge that was lost does not shift the detents after it. No timer is needed.
#[derive(Debug)]
pub struct Quadrature<A, B> {
    pins: (A, B),
    /// Last known levels of both pins.
    levels: (bool, bool),
    /// Edges since the last detent, clockwise above 0.
    edges: i32,
    is_broken: bool,
}

/// Cause of a failure: what the first or the second pin says.
type Fault<A, B> = Either<<A as ErrorType>::Error, <B as ErrorType>::Error>;

impl<A: InputPin + Wait, B: InputPin + Wait> Quadrature<A, B> {
    /// Returns the encoder on these pins. The contact of `a` closes first when the knob is turned clockwise.
    pub fn new(a: A, b: B) -> Self {
        let mut new = Self { pins: (a, b), levels: (false, false), edges: 0, is_broken: false };
        new.levels = new.read().unwrap_or_default();
        new
    }

    fn read(&mut self) -> Result<(bool, bool), Fault<A, B>> {
        let (a, b) = &mut self.pins;
        Ok((a.is_high().map_err(Either::First)?, b.is_high().map_err(Either::Second)?))
    }

    /// Waits until a pin has another level than the last known one, and returns the levels of both.
    ///
    /// It waits for levels, and not for edges, so that it loses none between two waits.
    async fn moved(&mut self) -> Result<(bool, bool), Fault<A, B>> {
        let (a, b) = &mut self.pins;
        match select(wait_for(a, !self.levels.0), wait_for(b, !self.levels.1)).await {
            Either::First(result) => result.map_err(Either::First)?,
            Either::Second(result) => result.map_err(Either::Second)?,
        }
        self.read()
    }

    /// Counts the edge to these levels, and returns the detent that it ends: 1, -1, or 0 if it ends none.
    fn count(&mut self, new: (bool, bool)) -> i32 {
        self.edges += direction(self.levels, new);
        self.levels = new;
        if new != (false, false) {
            return 0;
        }
        // Two edges of four suffice, so a fast turn may lose some.
        let edges = core::mem::take(&mut self.edges);
        if edges.abs() < 2 { 0 } else { edges.signum() }
    }
}

impl<A: InputPin + Wait, B: InputPin + Wait> Encoder for Quadrature<A, B> {
    async fn turned(&mut self) -> i32 {
        loop {
            match self.moved().await {
                Ok(levels) => {
                    self.is_broken = false;
                    let detent = self.count(levels);
                    if detent != 0 {
                        return detent;
                    }
                }
                Err(error) => {
                    if !self.is_broken {
                        match error {
                            Either::First(error) => {
                                log::error!("The encoder's first pin cannot be read: {error:?}");
                            }
                            Either::Second(error) => {
                                log::error!("The encoder's second pin cannot be read: {error:?}");
                            }
                        }
                    }
                    self.is_broken = true;
                    Timer::after(RETRY).await;
                }
            }
        }
    }
}

/// Returns the direction of the edge between two states of the contacts: 1 is clockwise.
///
/// It is 0 if nothing changed, or if both contacts changed at once, because that has no direction.
const fn direction(from: (bool, bool), to: (bool, bool)) -> i32 {
    match (from, to) {
        ((false, false), (true, false))
        | ((true, false), (true, true))
        | ((true, true), (false, true))
        | ((false, true), (false, false)) => 1,
        ((false, false), (false, true))
        | ((false, true), (true, true))
        | ((true, true), (true, false))
        | ((true, false), (false, false)) => -1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unconnected;
    use core::cell::Cell;
    use embassy_futures::select::select;
    use instep::testing::Input;

    /// Levels of both pins in one clockwise detent.
    const DETENT: [(bool, bool); 4] = [(true, false), (true, true), (false, true), (false, false)];

    fn unconnected() -> Quadrature<Unconnected, Unconnected> {
        Quadrature::new(Unconnected, Unconnected)
    }

    fn counted(states: &[(bool, bool)]) -> i32 {
        let mut encoder = unconnected();
        states.iter().map(|state| encoder.count(*state)).sum()
    }

    #[test]
    fn four_edges_are_one_detent_in_each_direction() {
        let mut back = DETENT;
        back[..3].reverse();
        assert_eq!((counted(&DETENT), counted(&back)), (1, -1));
        assert_eq!(counted(&[DETENT, DETENT, DETENT, back].concat()), 2);
        assert_eq!(counted(&DETENT[..3]), 0, "a detent was counted before its end");
    }

    #[test]
    fn bounces_and_turns_halfway_are_no_detent() {
        let [one, both, two, rest] = DETENT;
        assert_eq!(counted(&[one, rest, one, rest, one, both, one, rest]), 0);
        assert_eq!(counted(&[one, rest, one, both, one, both, two, both, two, rest, two, rest]), 1);
        assert_eq!(counted(&[both, rest, both, rest]), 0, "an edge without a direction was counted");
    }

    #[test]
    fn lost_edges_do_not_shift_the_detents_after_them() {
        let [one, both, two, rest] = DETENT;
        // In each first detent an edge is lost.
        for lost in [&[both, two, rest][..], &[one, two, rest], &[one, both, rest]] {
            assert_eq!(counted(&[lost, &DETENT, &DETENT].concat()), 3, "{lost:?}");
        }
        // Two neighbouring edges have no direction together, and the rest suffices.
        assert_eq!(counted(&[&[rest][..], &DETENT].concat()), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_futures_lose_no_detent() {
        host_time::run(async {
            let (a, b) = (Input::new(), Input::new());
            let mut encoder = Quadrature::new(a.clone(), b.clone());
            let total = Cell::new(0);
            let turn = async {
                for _ in 0..10 {
                    for (level_a, level_b) in DETENT {
                        a.set(level_a);
                        b.set(level_b);
                        Timer::after_micros(700).await;
                    }
                }
            };
            let count = async {
                loop {
                    let each_ms = select(encoder.turned(), Timer::after_millis(1)).await;
                    if let Either::First(detents) = each_ms {
                        total.set(total.get() + detents);
                    }
                }
            };
            select(turn, count).await;
            assert_eq!(total.get(), 10);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn encoder_that_starts_between_detents_counts_the_next_one() {
        host_time::run(async {
            let (a, b) = (Input::new(), Input::new());
            a.set(true);
            let mut encoder = Quadrature::new(a.clone(), b.clone());
            for (level_a, level_b) in DETENT.into_iter().skip(1) {
                a.set(level_a);
                b.set(level_b);
                let turned = select(encoder.turned(), Timer::after_millis(1)).await;
                assert_eq!(matches!(turned, Either::First(1)), (level_a, level_b) == (false, false));
            }
        })
        .await;
    }
}

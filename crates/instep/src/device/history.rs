//! Histories of sensors, for pages that open later.
//!
//! A device has no clock, so a published value is recorded with the time of the driver's next call of `Device::follow`.

use crate::model::{History, Kind, Thing};
use crate::time::Instant;

/// Past value of a sensor, of 8 bytes.
#[derive(Clone, Copy, Debug)]
pub struct HistoryPoint {
    /// The time of the value, in tenths of a second on the driver's clock.
    at: u32,
    /// The value, or NaN if the sensor was unavailable.
    value: f32,
}

/// State of one sensor's history.
#[derive(Clone, Copy, Debug)]
pub struct Recorder {
    /// The number of values that were ever recorded.
    count: u32,
    /// The value that was published since the last call of `Device::follow`.
    pending: Option<f32>,
}

impl HistoryPoint {
    /// The initial content of memory.
    pub const NONE: Self = Self { at: 0, value: f32::NAN };
}

impl Recorder {
    /// The initial state, without values.
    pub const NEW: Self = Self { count: 0, pending: None };
}

/// Past value of a sensor, with its age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Past {
    /// The age, in ms.
    pub age: u64,
    /// The value, or `None` if the sensor was unavailable.
    pub value: Option<f64>,
}

/// Histories of all sensors.
#[derive(Debug)]
pub(crate) struct Histories {
    thing: Option<&'static Thing>,
    points: &'static mut [HistoryPoint],
    recorders: &'static mut [Recorder],
    pending: bool,
}

/// Part of the memory that belongs to one sensor.
#[derive(Clone, Copy)]
struct Track {
    /// The number of the interaction.
    number: usize,
    /// The index of the recorder.
    recorder: usize,
    /// The index of the first point.
    start: usize,
    history: History,
}

impl Histories {
    pub(crate) fn new(
        thing: Option<&'static Thing>,
        points: &'static mut [HistoryPoint],
        recorders: &'static mut [Recorder],
    ) -> Self {
        let (points_min, recorders_min) =
            thing.map_or((0, 0), |thing| (thing.history_points(), thing.history_count()));
        assert!(points.len() >= points_min, "Memory::history is shorter than Thing::history_points");
        assert!(recorders.len() >= recorders_min, "Memory::recorders is shorter than Thing::history_count");
        Self { thing, points, recorders, pending: false }
    }

    fn tracks(&self) -> impl Iterator<Item = Track> + use<> {
        let interactions = self.thing.map_or(&[][..], |thing| thing.interactions).iter().enumerate();
        let histories = interactions.filter_map(|(number, interaction)| match interaction.kind {
            Kind::Sensor { history: Some(history), .. } => Some((number, history)),
            _ => None,
        });
        let mut start = 0;
        histories.enumerate().map(move |(recorder, (number, history))| {
            let track = Track { number, recorder, start, history };
            start += history.points;
            track
        })
    }

    /// Notes the present value of a sensor.
    pub(super) fn remember(&mut self, name: &str, value: f32) {
        let number = self.thing.and_then(|thing| thing.find(name)).map(|(number, _)| number);
        if let Some(track) = self.tracks().find(|track| Some(track.number) == number) {
            self.recorders[track.recorder].pending = Some(value);
            self.pending = true;
        }
    }

    /// Records the noted values. Of each period, only the last value is kept.
    pub(crate) fn record(&mut self, now: Instant) {
        if core::mem::take(&mut self.pending) {
            self.record_pending(now);
        }
    }

    // Not inlined, because the compiler would divide the time at each call of `record`.
    #[inline(never)]
    fn record_pending(&mut self, now: Instant) {
        let at = u32::try_from(now.as_millis() / 100).unwrap_or(u32::MAX);
        for track in self.tracks() {
            let recorder = &mut self.recorders[track.recorder];
            let Some(value) = recorder.pending.take() else { continue };
            let period = |at: u32| u64::from(at) * 100 / u64::from(track.history.every);
            let last = recorder.count.checked_sub(1).map(|last| track.index(last));
            if last.is_none_or(|last| period(self.points[last].at) != period(at)) {
                recorder.count = recorder.count.saturating_add(1);
            }
            self.points[track.index(recorder.count.saturating_sub(1))] = HistoryPoint { at, value };
        }
    }

    /// Returns the value of that number, or the oldest one kept after it.
    ///
    /// The value comes with its number.
    pub(super) fn past(&self, interaction: usize, from: u32, now: Instant) -> Option<(u32, Past)> {
        let track = self.tracks().find(|track| track.number == interaction)?;
        let count = self.recorders[track.recorder].count;
        let oldest = count.saturating_sub(u32::try_from(track.history.points).unwrap_or(u32::MAX));
        let number = from.max(oldest);
        (number < count).then(|| {
            let point = self.points[track.index(number)];
            let age = now.as_millis().saturating_sub(u64::from(point.at) * 100);
            let value = Some(f64::from(point.value)).filter(|value| !value.is_nan());
            (number, Past { age, value })
        })
    }
}

impl Track {
    /// Returns the index of the value of that number.
    fn index(&self, number: u32) -> usize {
        self.start + usize::try_from(number).unwrap_or(0) % self.history.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Interaction;
    use std::vec;
    use std::vec::Vec;

    const fn sensor(points: usize, every: u32) -> Kind {
        Kind::Sensor { unit: "", precision: 1, history: Some(History { points, every }) }
    }

    const THING: Thing = Thing::new(
        "Two",
        &[
            Interaction::new("led", "Lamp", Kind::Switch),
            Interaction::new("a", "A", sensor(3, 1_000)),
            Interaction::new("b", "B", sensor(2, 100)),
        ],
    );

    fn histories() -> Histories {
        Histories::new(
            Some(&THING),
            vec![HistoryPoint::NONE; THING.history_points()].leak(),
            vec![Recorder::NEW; THING.history_count()].leak(),
        )
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn all(histories: &Histories, interaction: usize, now: u64) -> Vec<(u64, Option<f64>)> {
        let mut from = 0;
        core::iter::from_fn(|| {
            let (number, past) = histories.past(interaction, from, at(now))?;
            from = number + 1;
            Some((past.age, past.value))
        })
        .collect()
    }

    #[test]
    fn last_value_of_each_period_is_kept() {
        let mut histories = histories();
        for (millis, value) in [(1_000, 1.0), (1_400, 1.5), (1_900, 2.0), (2_000, 3.0), (4_500, f32::NAN)] {
            histories.remember("a", value);
            histories.record(at(millis));
        }
        assert_eq!(all(&histories, 1, 5_000), [(3_100, Some(2.0)), (3_000, Some(3.0)), (500, None)]);
        histories.remember("a", 4.0);
        assert_eq!(all(&histories, 1, 5_000).len(), 3, "a value was recorded without a call of record");
        histories.record(at(6_000));
        histories.record(at(9_000));
        assert_eq!(all(&histories, 1, 9_000), [(7_000, Some(3.0)), (4_500, None), (3_000, Some(4.0))]);
        assert_eq!(all(&histories, 2, 9_000), []);
    }

    #[test]
    fn each_sensor_has_a_separate_history() {
        let mut histories = histories();
        for tenth in 0..7_u16 {
            histories.remember("a", f32::from(tenth));
            histories.remember("b", f32::from(tenth) + 100.0);
            histories.remember("led", 1.0);
            histories.remember("c", 1.0);
            histories.record(at(u64::from(tenth) * 100));
        }
        assert_eq!(all(&histories, 1, 600), [(0, Some(6.0))]);
        assert_eq!(all(&histories, 2, 600), [(100, Some(105.0)), (0, Some(106.0))]);
        assert_eq!(all(&histories, 0, 600), []);
        assert_eq!(histories.past(2, 7, at(600)), None, "a value was found before it was recorded");
    }

    #[test]
    fn device_without_thing_records_nothing() {
        let mut histories = Histories::new(None, &mut [], &mut []);
        histories.remember("a", 1.0);
        histories.record(at(1));
        assert_eq!(histories.past(0, 0, at(1)), None);
    }
}

//! Past values of sensors for charts, from the moment on at which the gateway heard of them.

use instep::{Instant, Past};
use serde_json::Value;
use std::collections::VecDeque;

/// Maximum number of past values of one sensor, however many its device keeps.
const POINTS_MAX: usize = 2_048;

/// Sensor whose device keeps a history, as its description declares it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Charted {
    name: Box<str>,
    /// The maximum number of values.
    points: usize,
    /// The period of which the last value is kept, in ms.
    every: u64,
}

/// Returns the sensors with a history in a description, in the order of their names.
pub(super) fn charted(description: &Value) -> Box<[Charted]> {
    let properties = description.get("properties").and_then(Value::as_object);
    let sensors = properties.into_iter().flatten().filter_map(|(name, about)| {
        let history = about.get("instep:history")?;
        let [points, every] = ["points", "every"].map(|member| history.get(member).and_then(Value::as_u64));
        let points = usize::try_from(points?).unwrap_or(POINTS_MAX).min(POINTS_MAX);
        let every = every.filter(|every| *every > 0 && points > 0)?;
        Some(Charted { name: name.as_str().into(), points, every })
    });
    let mut all: Box<[_]> = sensors.collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Past values of the sensors of one device.
#[derive(Debug, Default)]
pub(super) struct Histories {
    /// In the order of the sensors in the description. Empty until the first value.
    tracks: Box<[Track]>,
}

/// Past values of one sensor.
#[derive(Debug, Default)]
struct Track {
    /// The number of values that were ever recorded.
    count: u32,
    points: VecDeque<Point>,
}

/// Past value of 8 bytes.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// The time, in tenths of a second on the clock of the fleet.
    at: u32,
    /// NaN if the sensor was unavailable.
    value: f32,
}

impl Histories {
    /// Records a value of a sensor, if it is one with a history. Of each period, only the last value is kept.
    ///
    /// `room` is the number of bytes that there is room for; without it nothing is recorded. Returns how many more bytes are taken,
    /// or `None` if there is no room.
    pub(super) fn record(
        &mut self,
        sensors: &[Charted],
        name: &str,
        value: f32,
        now: Instant,
        room: usize,
    ) -> Option<usize> {
        let Ok(index) = find(sensors, name) else { return Some(0) };
        let before = self.bytes_of(index);
        if self.tracks.is_empty() {
            if room < sensors.len() * size_of::<Track>() {
                return None;
            }
            self.tracks = sensors.iter().map(|_| Track::default()).collect();
        }
        let Charted { points, every, .. } = sensors[index];
        let track = self.tracks.get_mut(index)?;
        let at = u32::try_from(now.as_millis() / 100).unwrap_or(u32::MAX);
        let period = |at: u32| u64::from(at) * 100 / every;
        match track.points.back_mut().filter(|last| period(last.at) == period(at)) {
            Some(last) => *last = Point { at, value },
            None => {
                if track.points.len() == points {
                    track.points.pop_front();
                } else if track.points.len() == track.points.capacity() {
                    let more = track.points.len().max(4).min(points - track.points.len());
                    if room < more * size_of::<Point>() {
                        return None;
                    }
                    track.points.reserve_exact(more);
                }
                track.points.push_back(Point { at, value });
                track.count = track.count.saturating_add(1);
            }
        }
        Some(self.bytes_of(index) - before)
    }

    /// Returns the value of that number of a sensor, or the oldest one kept after it, with its number.
    pub(super) fn past(
        &self,
        sensors: &[Charted],
        name: &str,
        from: u32,
        now: Instant,
    ) -> Option<(u32, Past)> {
        let track = self.tracks.get(find(sensors, name).ok()?)?;
        let oldest = track.count - u32::try_from(track.points.len()).ok()?;
        let number = from.max(oldest);
        let point = track.points.get(usize::try_from(number - oldest).ok()?)?;
        let age = now.as_millis().saturating_sub(u64::from(point.at) * 100);
        let value = Some(f64::from(point.value)).filter(|value| !value.is_nan());
        Some((number, Past { age, value }))
    }

    /// Forgets all values, and returns how many bytes they took.
    pub(super) fn clear(&mut self) -> usize {
        let tracks = std::mem::take(&mut self.tracks);
        let points: usize = tracks.iter().map(|track| track.points.capacity()).sum();
        tracks.len() * size_of::<Track>() + points * size_of::<Point>()
    }

    /// Returns the memory of all tracks, and of the points of one, in bytes.
    fn bytes_of(&self, index: usize) -> usize {
        let points = self.tracks.get(index).map_or(0, |track| track.points.capacity());
        self.tracks.len() * size_of::<Track>() + points * size_of::<Point>()
    }
}

fn find(sensors: &[Charted], name: &str) -> Result<usize, usize> {
    sensors.binary_search_by(|sensor| (*sensor.name).cmp(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensors(points: usize, every: u64) -> Box<[Charted]> {
        charted(&serde_json::json!({ "properties": {
            "t": { "instep:history": { "points": points, "every": every } },
            "led": {},
            "a": { "instep:history": { "points": 1, "every": 100 } },
        } }))
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn all(histories: &Histories, sensors: &[Charted], name: &str, now: u64) -> Vec<(u64, Option<f64>)> {
        let mut from = 0;
        std::iter::from_fn(|| {
            let (number, past) = histories.past(sensors, name, from, at(now))?;
            from = number + 1;
            Some((past.age, past.value))
        })
        .collect()
    }

    #[test]
    fn last_value_of_each_period_is_kept() {
        let (mut histories, sensors) = (Histories::default(), sensors(3, 1_000));
        for (millis, value) in [(1_000, 1.0), (1_400, 1.5), (1_900, 2.0), (2_000, 3.0), (4_500, f32::NAN)] {
            assert!(histories.record(&sensors, "t", value, at(millis), usize::MAX).is_some());
        }
        let expected = [(3_100, Some(2.0)), (3_000, Some(3.0)), (500, None)];
        assert_eq!(all(&histories, &sensors, "t", 5_000), expected);
        assert_eq!(histories.record(&sensors, "t", 4.0, at(6_000), usize::MAX), Some(0));
        let expected = [(7_000, Some(3.0)), (4_500, None), (3_000, Some(4.0))];
        assert_eq!(all(&histories, &sensors, "t", 9_000), expected);
        assert_eq!(all(&histories, &sensors, "a", 9_000), []);
        assert_eq!(histories.record(&sensors, "led", 1.0, at(9_000), 0), Some(0), "it has no history");
    }

    #[test]
    fn memory_is_counted_and_bounded() {
        let (mut histories, sensors) = (Histories::default(), sensors(5_000, 100));
        let (mut taken, limit) = (0, 1_000);
        let room = (0..).take_while(|number| {
            let more = histories.record(&sensors, "t", 1.0, at(number * 100), limit - taken);
            taken += more.unwrap_or(0);
            more.is_some()
        });
        let recorded = room.count();
        assert!(taken <= limit && taken > limit / 2 && recorded > 50, "{recorded} in {taken} bytes");
        assert_eq!(all(&histories, &sensors, "t", 0).len(), recorded, "the others stay");
        assert_eq!(histories.clear(), taken);
        for number in 0..10_000 {
            histories.record(&sensors, "t", 1.0, at(number * 100), usize::MAX);
        }
        assert_eq!(all(&histories, &sensors, "t", 0).len(), POINTS_MAX);
        assert!(histories.clear() <= POINTS_MAX * size_of::<Point>() + 2 * size_of::<Track>());
    }

    #[test]
    fn only_histories_that_can_be_kept_are_read() {
        let wrong = serde_json::json!({ "properties": {
            "a": { "instep:history": { "points": 0, "every": 100 } },
            "b": { "instep:history": { "points": 1, "every": 0 } },
            "c": { "instep:history": { "points": -1, "every": 100 } },
            "d": { "instep:history": 7 },
            "e": 7,
        } });
        for description in [wrong, serde_json::json!({ "properties": [] }), serde_json::json!(7)] {
            assert_eq!(charted(&description), [].into());
        }
    }
}

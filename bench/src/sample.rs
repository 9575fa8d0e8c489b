//! Statistics of repeated measurements.

use std::fmt;
use std::time::Duration;

/// Result of one run.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Value in the unit of its row.
    pub value: f64,
    /// Share of the run during which the server was
    /// on its core, if CPU time was measured.
    pub busy: Option<f64>,
}

impl Figure {
    /// Returns the µs of CPU time for each of `count` messages or deliveries.
    #[expect(clippy::cast_precision_loss, reason = "they are far below 2^52")]
    pub fn of_cpu(nanoseconds: u64, wall: Duration, count: usize) -> Self {
        let micros = nanoseconds as f64 / 1000.0;
        Self { value: micros / count as f64, busy: Some(micros / (wall.as_secs_f64() * 1e6)) }
    }
}

/// Measurements of one quantity, in order.
#[derive(Clone, Debug, Default)]
pub struct Sample(pub Vec<f64>);

impl Sample {
    /// Returns the median. For an even number it is the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        match sorted.len() {
            0 => f64::NAN,
            length if length % 2 == 1 => sorted[length / 2],
            length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
        }
    }

    /// Returns the minimum and the maximum.
    pub fn spread(&self) -> (f64, f64) {
        let sorted = self.sorted();
        (sorted.first().copied().unwrap_or(f64::NAN), sorted.last().copied().unwrap_or(f64::NAN))
    }

    /// Returns the ratio of each measurement to that of `other` from the same repeat.
    pub fn ratio(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(ours, theirs)| ours / theirs).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }
}

/// Writes the median, and behind it the spread.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (min, max) = self.spread();
        match &self.0[..] {
            [] => f.write_str("–"),
            [only] => write!(f, "{}", digits(*only)),
            _ => write!(f, "{} ({}–{})", digits(self.median()), digits(min), digits(max)),
        }
    }
}

/// Returns the value that a share of all values is not above, such as 0.99.
///
/// Returns NaN if there are none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "they are far below 2^52, and not negative"
)]
pub fn percentile(values: &mut [u64], share: f64) -> f64 {
    values.sort_unstable();
    let index = (values.len() as f64 * share) as usize;
    values.get(index.min(values.len().saturating_sub(1))).map_or(f64::NAN, |value| *value as f64)
}

/// Formats with three significant digits, and whole numbers in full.
pub fn digits(number: f64) -> String {
    match number.abs() {
        0.0..1.0 => format!("{number:.3}"),
        1.0..10.0 => format!("{number:.2}"),
        10.0..100.0 => format!("{number:.1}"),
        _ => grouped(&format!("{number:.0}")),
    }
}

/// Formats as `12,345`.
pub fn whole(number: usize) -> String {
    grouped(&number.to_string())
}

fn grouped(digits: &str) -> String {
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_spread_are_of_sorted_values() {
        let odd = Sample(vec![3.0, 1.0, 2.0]);
        assert_eq!((odd.median(), odd.spread()), (2.0, (1.0, 3.0)));
        assert_eq!(Sample(vec![4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(odd.ratio(&Sample(vec![6.0, 1.0, 4.0])).0, [0.5, 1.0, 0.5]);
        assert_eq!(odd.to_string(), "2.00 (1.00–3.00)");
        assert!(Sample::default().median().is_nan());
    }

    #[test]
    fn percentile_is_of_sorted_values() {
        let mut values: Vec<u64> = (0..100).rev().collect();
        assert_eq!(
            [0.0, 0.5, 0.99, 1.0].map(|share| percentile(&mut values, share)),
            [0.0, 50.0, 99.0, 99.0]
        );
        assert!(percentile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn digits_keeps_three_significant_digits() {
        let numbers = [0.2512, 4.256, 12.34, 999.6, 1_234_567.0];
        assert_eq!(numbers.map(digits), ["0.251", "4.26", "12.3", "1,000", "1,234,567"]);
    }
}

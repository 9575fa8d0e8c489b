//! What is made of repeated measurements.

use std::fmt;
use std::time::Duration;

/// What one run gave.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// In the unit of its row.
    pub value: f64,
    /// The part of the run that the server was on its core, if that was what was measured.
    pub busy: Option<f64>,
}

impl Figure {
    /// From the CPU time in nanoseconds that so many messages or deliveries took: µs for each.
    #[expect(clippy::cast_precision_loss, reason = "they are far below 2^52")]
    pub fn of_cpu(nanoseconds: u64, wall: Duration, count: usize) -> Self {
        let micros = nanoseconds as f64 / 1000.0;
        Self { value: micros / count as f64, busy: Some(micros / (wall.as_secs_f64() * 1e6)) }
    }
}

/// Measurements of one thing, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub struct Sample(pub Vec<f64>);

impl Sample {
    /// The one in the middle; of an even number, the mean of the two.
    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        match sorted.len() {
            0 => f64::NAN,
            length if length % 2 == 1 => sorted[length / 2],
            length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
        }
    }

    /// The least and the greatest.
    pub fn spread(&self) -> (f64, f64) {
        let sorted = self.sorted();
        (sorted.first().copied().unwrap_or(f64::NAN), sorted.last().copied().unwrap_or(f64::NAN))
    }

    /// Each measurement as a ratio to that of `other` which was made next to it.
    pub fn ratio(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(ours, theirs)| ours / theirs).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }
}

/// The median, and behind it the spread.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, greatest) = self.spread();
        match &self.0[..] {
            [] => f.write_str("–"),
            [only] => write!(f, "{}", digits(*only)),
            _ => write!(f, "{} ({}–{})", digits(self.median()), digits(least), digits(greatest)),
        }
    }
}

/// Three digits that count, and whole numbers in full.
pub fn digits(number: f64) -> String {
    match number.abs() {
        0.0..1.0 => format!("{number:.3}"),
        1.0..10.0 => format!("{number:.2}"),
        10.0..100.0 => format!("{number:.1}"),
        _ => {
            let whole = format!("{number:.0}");
            let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
            groups.join(",")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_spreads() {
        let odd = Sample(vec![3.0, 1.0, 2.0]);
        assert_eq!((odd.median(), odd.spread()), (2.0, (1.0, 3.0)));
        assert_eq!(Sample(vec![4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(odd.ratio(&Sample(vec![6.0, 1.0, 4.0])).0, [0.5, 1.0, 0.5]);
        assert_eq!(odd.to_string(), "2.00 (1.00–3.00)");
        assert!(Sample::default().median().is_nan());
    }

    #[test]
    fn numbers_are_as_long_as_they_need_to_be() {
        let numbers = [0.2512, 4.256, 12.34, 999.6, 1_234_567.0];
        assert_eq!(numbers.map(digits), ["0.251", "4.26", "12.3", "1,000", "1,234,567"]);
    }
}

//! Decimal numbers of the wire, which are exact.
//!
//! They need no formatting or parsing of floating point, which is large.

use core::fmt::{self, Display};

/// Maximum number of digits after the decimal point.
pub(crate) const PRECISION_MAX: u8 = 6;
/// Upper bound up to which an `f64` represents every whole number.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Decimal number with a fixed number of digits after its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    /// The number times 10 to the power of `precision`.
    pub(crate) units: i64,
    pub(crate) precision: u8,
}

impl Decimal {
    /// Returns the decimal nearest to `value`.
    ///
    /// Returns `None` if the value is not finite, or too far from 0.
    pub(crate) fn nearest(value: f64, precision: u8) -> Option<Self> {
        let scaled = value * scale(precision);
        // `f64::round` is not in `core` for every target.
        let rounded = scaled + if scaled < 0.0 { -0.5 } else { 0.5 };
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        (scaled.is_finite() && scaled.abs() < WHOLE_MAX / 2.0)
            .then_some(Self { units: rounded as i64, precision })
    }

    /// Returns the nearest `f64`.
    pub(crate) fn to_f64(self) -> f64 {
        // Both operands are exact for the values of a range, so only the division rounds.
        #[expect(clippy::cast_precision_loss, reason = "a range is narrower than that")]
        let units = self.units as f64;
        units / scale(self.precision)
    }

    /// Returns whether the number is a multiple of `other`.
    ///
    /// The other number must not be 0, and must have the same precision.
    pub(crate) fn is_multiple_of(self, other: Self) -> bool {
        self.units.checked_rem(other.units) == Some(0)
    }

    /// Returns how many digits after its decimal point `value` needs.
    ///
    /// Returns more than [`PRECISION_MAX`] if those are not enough.
    pub(crate) const fn digits_of(value: f64) -> u8 {
        let (mut digits, mut scaled) = (0, value);
        while digits <= PRECISION_MAX {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "it only compares"
            )]
            let rest = scaled - (scaled + if scaled < 0.0 { -0.5 } else { 0.5 }) as i64 as f64;
            if rest < 1e-6 && rest > -1e-6 {
                return digits;
            }
            digits += 1;
            scaled *= 10.0;
        }
        digits
    }
}

impl Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u64.pow(u32::from(self.precision));
        let (whole, part) = (self.units.unsigned_abs() / scale, self.units.unsigned_abs() % scale);
        let sign = if self.units < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}")?;
        if self.precision > 0 {
            write!(f, ".{part:0width$}", width = usize::from(self.precision))?;
        }
        Ok(())
    }
}

/// Number that is displayed with as many digits as it needs.
///
/// It has at most [`PRECISION_MAX`] digits after the decimal point. It is displayed as `null` if it is too far from 0.
pub(crate) struct Shortest(pub(crate) f64);

impl Display for Shortest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = Decimal::digits_of(self.0).min(PRECISION_MAX);
        match Decimal::nearest(self.0, precision) {
            Some(number) => number.fmt(f),
            None => f.write_str("null"),
        }
    }
}

fn scale(precision: u8) -> f64 {
    f64::from(10_u32.pow(u32::from(precision)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn nearest_rounds_to_precision() {
        for (value, precision, text) in [
            (21.5, 1, "21.5"),
            (21.55, 1, "21.6"),
            (-0.04, 1, "0.0"),
            (-0.06, 1, "-0.1"),
            (-3.0, 0, "-3"),
            (0.5, 0, "1"),
            (1013.25, 2, "1013.25"),
            (0.05, 2, "0.05"),
        ] {
            assert_eq!(Decimal::nearest(value, precision).unwrap().to_string(), text);
        }
        for value in [f64::NAN, f64::INFINITY, 1e16, -1e300] {
            assert_eq!(Decimal::nearest(value, 0), None);
        }
    }

    #[test]
    fn digits_of_counts_needed_digits() {
        for (value, digits) in [(1.0, 0), (0.5, 1), (0.1, 1), (0.25, 2), (-20.0, 0), (0.000_001, 6)] {
            assert_eq!(Decimal::digits_of(value), digits, "{value}");
        }
        assert!(Decimal::digits_of(1.0 / 3.0) > PRECISION_MAX);
    }
}

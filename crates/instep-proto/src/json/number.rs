//! Numbers, kept as digits.

use core::fmt::{self, Display};

/// Number as written in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'j> {
    pub(super) digits: &'j str,
}

impl<'j> Number<'j> {
    /// Returns the digits, sign, point and exponent as they were sent.
    pub fn as_str(&self) -> &'j str {
        self.digits
    }

    /// Returns the number times 10 to the power of `precision`, exactly.
    ///
    /// Returns `None` if it has more decimal places, or exceeds an `i64`.
    pub fn units(&self, precision: u8) -> Option<i64> {
        let (mantissa, exponent) = match self.digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, saturating(exponent)),
            None => (self.digits, 0),
        };
        let point = mantissa.find('.').map_or(0, |point| mantissa.len() - point - 1);
        let point = i32::try_from(point).ok()?;
        let mut shift = exponent.saturating_sub(point).saturating_add(i32::from(precision));
        let negative = mantissa.starts_with('-');
        let mut units = 0_i64;
        // Zeros at the end count only if another digit follows.
        let mut zeros = 0_i32;
        for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
            if digit == b'0' {
                zeros = zeros.saturating_add(1);
                continue;
            }
            units = multiply(units, zeros.saturating_add(1))?;
            units = units.checked_sub(i64::from(digit - b'0'))?;
            zeros = 0;
        }
        shift = shift.saturating_add(zeros);
        if units == 0 {
            return Some(0);
        }
        units = multiply(units, shift)?;
        // `units` was counted downwards, because `i64` has one more number below 0 than above.
        if negative { Some(units) } else { units.checked_neg() }
    }
}

impl Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits)
    }
}

/// Multiplies by 10 to the power of `power`; `None` on overflow.
fn multiply(units: i64, power: i32) -> Option<i64> {
    if units == 0 {
        return Some(0);
    }
    units.checked_mul(10_i64.checked_pow(u32::try_from(power).ok()?)?)
}

/// Parses an exponent; one outside of `i32` saturates.
fn saturating(exponent: &str) -> i32 {
    exponent.parse().unwrap_or(if exponent.starts_with('-') { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(digits: &str, precision: u8) -> Option<i64> {
        Number { digits }.units(precision)
    }

    #[test]
    fn numbers_are_exact_or_none() {
        for (digits, precision, expected) in [
            ("0", 0, Some(0)),
            ("-0", 0, Some(0)),
            ("0.000", 1, Some(0)),
            ("0e999999999999", 0, Some(0)),
            ("42", 0, Some(42)),
            ("-42", 2, Some(-4200)),
            ("42.0", 0, Some(42)),
            ("42.5", 0, None),
            ("42.5", 1, Some(425)),
            ("42.50", 1, Some(425)),
            ("42.51", 1, None),
            ("1e2", 0, Some(100)),
            ("1E+2", 0, Some(100)),
            ("100e-2", 0, Some(1)),
            ("101e-2", 0, None),
            ("0.05e1", 1, Some(5)),
            ("1000000000000000000000000e-24", 0, Some(1)),
            ("9223372036854775807", 0, Some(i64::MAX)),
            ("-9223372036854775808", 0, Some(i64::MIN)),
            ("9223372036854775808", 0, None),
            ("1e19", 0, None),
            ("1e999999999999999999", 0, None),
            ("1e-999999999999999999", 0, None),
            ("50.000000000000000000000000000001", 0, None),
        ] {
            assert_eq!(units(digits, precision), expected, "{digits} with {precision}");
        }
    }
}

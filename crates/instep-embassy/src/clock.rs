//! Clock of the server, from embassy-time.

use instep::Instant;

/// Returns the time since the start of the device, in whole milliseconds.
pub(crate) fn now() -> Instant {
    Instant::from_millis(millis(embassy_time::Instant::now().as_ticks()))
}

/// Converts ticks to whole milliseconds.
///
/// A chip divides 32 bits by an instruction, but 64 bits by a function that takes longer than three divisions.
#[expect(clippy::cast_possible_truncation, reason = "digits are cut off")]
fn millis(ticks: u64) -> u64 {
    const TICKS_PER_MS: u32 = (embassy_time::TICK_HZ / 1_000) as u32;
    const { assert!(TICKS_PER_MS > 0, "the clock of embassy-time has less than 1,000 ticks in a second") };
    if !embassy_time::TICK_HZ.is_multiple_of(1_000) || TICKS_PER_MS > 0xffff {
        return embassy_time::Instant::from_ticks(ticks).as_millis();
    }
    // Of three digits, the lower two of 16 bits. The rest of a division is below the divisor, so it fits above the next digit.
    let high = (ticks >> 32) as u32;
    let middle = (high % TICKS_PER_MS) << 16 | (ticks as u32) >> 16;
    let low = (middle % TICKS_PER_MS) << 16 | ticks as u32 & 0xffff;
    let quotient = |digit: u32, shift: u32| u64::from(digit / TICKS_PER_MS) << shift;
    quotient(high, 32) + quotient(middle, 16) + quotient(low, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use embassy_time::TICK_HZ;

    #[test]
    fn digits_divide_as_whole_numbers_do() {
        let near =
            [0, 1, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, 0xffff_ffff_ffff, u64::MAX / 2, u64::MAX];
        let multiples = (0..48).map(|shift| (TICK_HZ / 1_000) << shift);
        for ticks in near.into_iter().chain(multiples).flat_map(|ticks| [ticks.saturating_sub(1), ticks]) {
            assert_eq!(
                millis(ticks),
                embassy_time::Instant::from_ticks(ticks).as_millis(),
                "of {ticks} ticks"
            );
        }
    }
}

//! Current date, in the format of the `Date` header (RFC 9110 section 5.6.7).

use instep::driver::Date;
use std::cell::Cell;
use std::fmt;
use std::time::SystemTime;

/// Names of weekdays, from 1 January 1970 on, a Thursday.
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Length of a date, in bytes.
const LENGTH: usize = 29;

thread_local! {
    /// Last formatted second, and its text.
    static LAST: Cell<(u32, [u8; LENGTH])> = const { Cell::new((0, *b"Thu, 01 Jan 1970 00:00:00 GMT")) };
}

/// Returns the current date. A clock before 1970 counts as 1970.
pub(crate) fn today() -> Date {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Date { seconds: u32::try_from(since.as_secs()).unwrap_or(u32::MAX), write }
}

/// Writes a date, which is formatted once a second.
fn write(seconds: u32, out: &mut dyn fmt::Write) -> fmt::Result {
    let (last, mut text) = LAST.get();
    if last != seconds {
        text = format(seconds);
        LAST.set((seconds, text));
    }
    out.write_str(str::from_utf8(&text).unwrap_or_default())
}

fn format(seconds: u32) -> [u8; LENGTH] {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so a leap day is the last of its year. 400 years have 146,097 days.
    let shifted = days + 719_468;
    let (span, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 2 } else { month - 10 };
    let year = span * 400 + year + u32::from(month < 2);
    let name = |names: &[&'static str], number: u32| names[number as usize % names.len()];
    let (weekday, month) = (name(&DAYS, days), name(&MONTHS, month));
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    let text = format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT");
    text.as_bytes().try_into().unwrap_or([b'?'; LENGTH])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: u32) -> String {
        let mut text = String::new();
        write(seconds, &mut text).unwrap();
        text
    }

    #[test]
    fn dates_of_common_and_leap_years_format() {
        for (seconds, date) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (978_307_199, "Sun, 31 Dec 2000 23:59:59 GMT"),
            (978_307_200, "Mon, 01 Jan 2001 00:00:00 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (u32::MAX, "Sun, 07 Feb 2106 06:28:15 GMT"),
        ] {
            assert_eq!(text(seconds), date);
            assert_eq!(text(seconds), date, "cached");
        }
    }

    #[test]
    fn consecutive_days_have_consecutive_dates() {
        let mut before = (1970, 1, 1, 0);
        for day in 1..u32::MAX / 86_400 {
            let text = text(day * 86_400);
            let month = 1 + MONTHS.iter().position(|month| *month == &text[8..11]).unwrap();
            let now: (i32, usize, i32, usize) = (
                text[12..16].parse().unwrap(),
                month,
                text[5..7].parse().unwrap(),
                DAYS.iter().position(|day| *day == &text[..3]).unwrap(),
            );
            assert_eq!(now.3, (before.3 + 1) % 7);
            let next = (before.0, before.1, before.2 + 1);
            let first = if before.1 == 12 { (before.0 + 1, 1, 1) } else { (before.0, before.1 + 1, 1) };
            assert!(
                (now.0, now.1, now.2) == next || ((now.0, now.1, now.2) == first && before.2 >= 28),
                "{text}"
            );
            before = now;
        }
    }
}

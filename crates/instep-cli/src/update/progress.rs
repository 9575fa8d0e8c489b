//! The line that shows how far an upload is.

use super::address::Address;
use std::fmt::Arguments;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Prints a line of the result.
pub(super) fn print_line(text: Arguments<'_>) {
    // A closed pipe is no error, because the reader has read enough.
    let _ = writeln!(io::stdout(), "{text}");
}

/// Estimate of the time that is left.
///
/// The rate is that since the first received bytes, so the time before them, such as that of a password check, does not count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Estimate {
    first: Option<(Duration, u64)>,
}

impl Estimate {
    /// Returns the time until `length` bytes are received, once it can be told.
    pub(super) fn left(&mut self, at: Duration, received: u64, length: u64) -> Option<Duration> {
        let (first_at, first) = *self.first.get_or_insert((at, received));
        let (bytes, time) = (received.checked_sub(first)?, at.checked_sub(first_at)?);
        let missing = u32::try_from(length.checked_sub(received)?).ok()?;
        if bytes == 0 {
            return None;
        }
        let milliseconds = u64::from(missing).checked_mul(u64::try_from(time.as_millis()).ok()?)? / bytes;
        Some(Duration::from_millis(milliseconds))
    }
}

/// Line of a terminal that is replaced; nothing elsewhere.
#[derive(Debug)]
pub(super) struct ProgressLine<'a> {
    device: &'a Address,
    begun: Instant,
    estimate: Estimate,
    is_shown: bool,
}

impl<'a> ProgressLine<'a> {
    pub(super) fn new(device: &'a Address) -> Self {
        Self {
            device,
            begun: Instant::now(),
            estimate: Estimate::default(),
            is_shown: io::stderr().is_terminal(),
        }
    }

    /// Shows how much is received.
    pub(super) fn show(&mut self, received: u64, length: u64) {
        let left = self.estimate.left(self.begun.elapsed(), received, length);
        self.say(&text(received, length, left));
    }

    /// Removes the line, before another one is printed.
    pub(super) fn clear(&self) {
        if self.is_shown {
            // A terminal that is gone needs no progress.
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    /// Shows a text after the name of the device.
    pub(super) fn say(&self, text: &str) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K{}: {text}", self.device);
        }
    }
}

impl Drop for ProgressLine<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

fn text(received: u64, length: u64, left: Option<Duration>) -> String {
    let percent = received.saturating_mul(100) / length.max(1);
    match left {
        _ if received >= length => "the device checks the image".into(),
        // The last second is rounded up, too.
        Some(left) => format!("{percent} %, {} s left", left.as_millis().div_ceil(1000)),
        None => format!("{percent} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_rate_since_first_bytes() {
        let mut estimate = Estimate::default();
        let at = Duration::from_secs;
        assert_eq!(estimate.left(at(5), 1000, 10_000), None);
        assert_eq!(estimate.left(at(6), 2000, 10_000), Some(at(8)));
        assert_eq!(estimate.left(at(9), 3000, 10_000), Some(at(14)));
        assert_eq!(estimate.left(at(10), 10_000, 10_000), Some(at(0)));
        // Another upload has begun.
        assert_eq!(estimate.left(at(11), 0, 10_000), None);
    }

    #[test]
    fn line_has_percent_and_seconds() {
        assert_eq!(text(0, 200, None), "0 %");
        assert_eq!(text(50, 200, Some(Duration::from_millis(8_001))), "25 %, 9 s left");
        assert_eq!(text(199, 200, Some(Duration::from_millis(1))), "99 %, 1 s left");
        assert_eq!(text(200, 200, None), "the device checks the image");
    }
}

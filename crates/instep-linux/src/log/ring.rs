//! A bounded ring of lines, and a thread that writes them.
//!
//! Logging never waits for a reader.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Capacity of the ring, in lines. Further lines are dropped and counted.
const MAX_LINES: usize = 4096;
/// Maximum length of a line, in bytes. Longer lines are truncated.
const MAX_LINE_BYTES: usize = 4096;

/// A ring of lines that wait to be written.
#[derive(Clone)]
pub(crate) struct Ring {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    lost: usize,
    writing: bool,
}

/// A line that is being formatted.
pub(crate) struct Line {
    ring: Ring,
    bytes: Vec<u8>,
}

impl Ring {
    /// Starts a ring whose thread writes to `writer`.
    pub(crate) fn start(writer: impl Write + Send + 'static) -> Self {
        let ring = Self { shared: Arc::new(Shared { waiting: Mutex::default(), changed: Condvar::new() }) };
        let reader = ring.clone();
        let spawned =
            std::thread::Builder::new().name("log".into()).spawn(move || reader.write_lines(writer));
        if let Err(error) = spawned {
            eprintln!("instep: cannot start the thread of the log: {error}");
        }
        ring
    }

    pub(crate) fn line(&self) -> Line {
        Line { ring: self.clone(), bytes: Vec::new() }
    }

    /// Waits until all lines are written, or until the timeout.
    pub(crate) fn flush(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        let mut waiting = self.lock();
        while waiting.writing || !waiting.lines.is_empty() {
            let Some(rest) = deadline.checked_duration_since(Instant::now()) else { return };
            waiting =
                self.shared.changed.wait_timeout(waiting, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn push(&self, line: Vec<u8>) {
        let mut waiting = self.lock();
        if waiting.lines.len() >= MAX_LINES {
            waiting.lost += 1;
            return;
        }
        let lost = std::mem::take(&mut waiting.lost);
        if lost > 0 {
            waiting.lines.push_back(format!("({lost} lines of the log were lost here)\n").into_bytes());
        }
        waiting.lines.push_back(line);
        drop(waiting);
        self.shared.changed.notify_all();
    }

    fn write_lines(&self, mut writer: impl Write) {
        loop {
            let lines = {
                let mut waiting = self.lock();
                waiting.writing = false;
                self.shared.changed.notify_all();
                while waiting.lines.is_empty() {
                    waiting = self.shared.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                }
                waiting.writing = true;
                std::mem::take(&mut waiting.lines)
            };
            for line in lines {
                // An error cannot be reported, because this is the log.
                let _ = writer.write_all(&line);
            }
            let _ = writer.flush();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = MAX_LINE_BYTES.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            let mut bytes = std::mem::take(&mut self.bytes);
            if bytes.last() != Some(&b'\n') {
                bytes.push(b'\n');
            }
            self.ring.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A writer that waits for a permit before each line.
    ///
    /// It sends each line to the test.
    struct Slow(mpsc::Receiver<()>, mpsc::Sender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.1.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn full_ring_drops_and_counts_lines() {
        let (permit, permits) = mpsc::channel();
        let (written, lines) = mpsc::channel();
        let ring = Ring::start(Slow(permits, written));
        // The thread has the first line; then the ring fills, and the other lines are dropped.
        writeln!(ring.line(), "first").unwrap();
        while !ring.lock().writing {
            std::thread::yield_now();
        }
        for number in 0..MAX_LINES + 5 {
            writeln!(ring.line(), "{number}").unwrap();
        }
        ring.flush(Duration::ZERO);
        permit.send(()).unwrap();
        assert_eq!(lines.recv().unwrap(), b"first\n");
        permit.send(()).unwrap();
        assert_eq!(lines.recv().unwrap(), b"0\n");
        writeln!(ring.line(), "after").unwrap();
        drop(ring.line());
        for _ in 0..MAX_LINES + 2 {
            permit.send(()).unwrap();
        }
        let rest: Vec<_> = (0..MAX_LINES + 1).map(|_| lines.recv().unwrap()).collect();
        assert_eq!(rest[MAX_LINES - 1], b"(5 lines of the log were lost here)\n");
        assert_eq!(rest[MAX_LINES], b"after\n");
    }
}

//! A bounded ring of lines and a thread that writes them: who logs never waits for who reads.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lines that wait to be written. When there are so many, further ones are lost, and counted.
const LINES: usize = 4096;
/// Longer lines are cut; ours are not.
const LINE_MAX: usize = 4096;

/// The log's lines on their way to a writer.
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

/// One line on its way into the ring.
pub(crate) struct Line {
    ring: Ring,
    bytes: Vec<u8>,
}

impl Ring {
    /// A ring that is written to `writer` by a thread of its own.
    pub(crate) fn start(writer: impl Write + Send + 'static) -> Self {
        let ring = Self { shared: Arc::new(Shared { waiting: Mutex::default(), changed: Condvar::new() }) };
        let theirs = ring.clone();
        let spawned =
            std::thread::Builder::new().name("log".into()).spawn(move || theirs.write_lines(writer));
        if let Err(error) = spawned {
            eprintln!("instep: there is no log, because a thread could not be started: {error}");
        }
        ring
    }

    pub(crate) fn line(&self) -> Line {
        Line { ring: self.clone(), bytes: Vec::new() }
    }

    /// Waits until everything is written, but no longer than that.
    pub(crate) fn flush(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut waiting = self.lock();
        while waiting.writing || !waiting.lines.is_empty() {
            let Some(rest) = deadline.checked_duration_since(Instant::now()) else { return };
            waiting =
                self.shared.changed.wait_timeout(waiting, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn push(&self, line: Vec<u8>) {
        let mut waiting = self.lock();
        if waiting.lines.len() >= LINES {
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
                // Without a reader there is nobody to tell.
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
        let room = LINE_MAX.saturating_sub(self.bytes.len()).min(bytes.len());
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

    /// A writer that waits for leave before each line, and passes it on.
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
    fn nobody_waits_for_a_reader_and_what_is_lost_is_counted() {
        let (leave, leaves) = mpsc::channel();
        let (written, lines) = mpsc::channel();
        let ring = Ring::start(Slow(leaves, written));
        // The thread holds the first line; then the ring fills, and the rest is lost.
        writeln!(ring.line(), "first").unwrap();
        while !ring.lock().writing {
            std::thread::yield_now();
        }
        for number in 0..LINES + 5 {
            writeln!(ring.line(), "{number}").unwrap();
        }
        ring.flush(Duration::ZERO);
        leave.send(()).unwrap();
        assert_eq!(lines.recv().unwrap(), b"first\n");
        leave.send(()).unwrap();
        assert_eq!(lines.recv().unwrap(), b"0\n");
        writeln!(ring.line(), "after").unwrap();
        drop(ring.line());
        for _ in 0..LINES + 2 {
            leave.send(()).unwrap();
        }
        let rest: Vec<_> = (0..LINES + 1).map(|_| lines.recv().unwrap()).collect();
        assert_eq!(rest[LINES - 1], b"(5 lines of the log were lost here)\n");
        assert_eq!(rest[LINES], b"after\n");
    }
}

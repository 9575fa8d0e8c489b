//! A bounded ring of lines, and a thread that writes them.
//!
//! Logging never waits for a reader. The thread writes all lines that have gathered at once, and then rests for a moment. A line in
//! this time does not wake it, and costs its sender no system call.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Capacity of the ring, in lines. Further lines are dropped and counted.
const MAX_LINES: usize = 4096;
/// Maximum length of a line, in bytes. Longer lines are truncated.
const MAX_LINE_BYTES: usize = 4096;
/// Time between two writes, which is the maximum delay of a line that follows another one.
const REST: Duration = Duration::from_millis(10);

/// A ring of lines that wait to be written.
#[derive(Clone)]
pub(crate) struct Ring {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Wakes the thread.
    work: Condvar,
    /// Wakes callers of [`Ring::flush`].
    written: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// Whole lines.
    text: Vec<u8>,
    lines: usize,
    lost: usize,
    thread: Thread,
    /// Whether a caller of [`Ring::flush`] waits.
    is_flushing: bool,
}

/// What the thread does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Thread {
    /// It waits for a line, and must be woken.
    #[default]
    Sleeping,
    /// It looks at the ring by itself soon.
    Resting,
    Writing,
}

/// A line that is being formatted.
pub(crate) struct Line {
    ring: Ring,
    bytes: Vec<u8>,
}

impl Ring {
    /// Starts a ring whose thread writes to `writer`.
    pub(crate) fn start(writer: impl Write + Send + 'static) -> Self {
        let ring = Self { shared: Arc::default() };
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
        waiting.is_flushing = true;
        self.shared.work.notify_one();
        while waiting.thread == Thread::Writing || !waiting.text.is_empty() {
            let Some(rest) = deadline.checked_duration_since(Instant::now()) else { return };
            waiting =
                self.shared.written.wait_timeout(waiting, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.lines >= MAX_LINES {
            waiting.lost += 1;
            return;
        }
        let lost = std::mem::take(&mut waiting.lost);
        if lost > 0 {
            // It never fails, because it writes to memory.
            let _ = writeln!(waiting.text, "({lost} lines of the log were lost here)");
        }
        waiting.text.extend_from_slice(line);
        waiting.lines += 1;
        if waiting.thread == Thread::Sleeping {
            // Once is enough, although it takes the thread a while.
            waiting.thread = Thread::Resting;
            drop(waiting);
            self.shared.work.notify_one();
        }
    }

    fn write_lines(&self, mut writer: impl Write) {
        let mut text = Vec::new();
        loop {
            self.take(&mut text);
            // An error cannot be reported, because this is the log.
            let _ = writer.write_all(&text).and_then(|()| writer.flush());
            text.clear();
            let mut waiting = self.lock();
            waiting.thread = Thread::Resting;
            self.shared.written.notify_all();
            // A caller of `flush` does not wait for the rest.
            let is_resting = |waiting: &mut Waiting| !waiting.is_flushing;
            drop(self.shared.work.wait_timeout_while(waiting, REST, is_resting));
        }
    }

    /// Waits for lines, and takes all of them.
    fn take(&self, text: &mut Vec<u8>) {
        let mut waiting = self.lock();
        while waiting.text.is_empty() {
            (waiting.thread, waiting.is_flushing) = (Thread::Sleeping, false);
            self.shared.written.notify_all();
            waiting = self.shared.work.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        (waiting.thread, waiting.lines) = (Thread::Writing, 0);
        std::mem::swap(&mut waiting.text, text);
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
            self.ring.push(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A writer that waits for a permit before each write, and sends what is written to the test.
    struct Slow(mpsc::Receiver<()>, mpsc::Sender<String>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            let text = String::from_utf8(bytes.to_vec()).map_err(|_| io::ErrorKind::InvalidData)?;
            self.1.send(text).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Ring, mpsc::Sender<()>, mpsc::Receiver<String>) {
        let (permit, permits) = mpsc::channel();
        let (written, writes) = mpsc::channel();
        (Ring::start(Slow(permits, written)), permit, writes)
    }

    /// Writes the first line, and waits until the thread has it.
    fn begin(ring: &Ring) {
        writeln!(ring.line(), "first").unwrap();
        while ring.lock().thread != Thread::Writing {
            std::thread::yield_now();
        }
    }

    #[test]
    fn lines_that_gathered_are_one_write() {
        let (ring, permit, writes) = slow();
        begin(&ring);
        for number in 0..3 {
            writeln!(ring.line(), "{number}").unwrap();
        }
        permit.send(()).unwrap();
        permit.send(()).unwrap();
        assert_eq!([writes.recv().unwrap(), writes.recv().unwrap()], ["first\n", "0\n1\n2\n"]);
    }

    #[test]
    fn full_ring_drops_and_counts_lines() {
        let (ring, permit, writes) = slow();
        begin(&ring);
        for number in 0..MAX_LINES + 5 {
            writeln!(ring.line(), "{number}").unwrap();
        }
        ring.flush(Duration::ZERO);
        permit.send(()).unwrap();
        permit.send(()).unwrap();
        assert_eq!(writes.recv().unwrap(), "first\n");
        let lines = writes.recv().unwrap();
        assert_eq!((lines.lines().count(), lines.lines().last()), (MAX_LINES, Some("4095")));
        writeln!(ring.line(), "after").unwrap();
        drop(ring.line());
        permit.send(()).unwrap();
        assert_eq!(writes.recv().unwrap(), "(5 lines of the log were lost here)\nafter\n");
    }

    #[test]
    fn flush_ends_when_all_is_written() {
        let (ring, permit, writes) = slow();
        for line in ["one", "two", "three"] {
            writeln!(ring.line(), "{line}").unwrap();
            // There are as many permits as there may be writes.
            permit.send(()).unwrap();
        }
        ring.flush(Duration::from_secs(60));
        assert_eq!(writes.try_iter().collect::<String>(), "one\ntwo\nthree\n");
    }
}

//! The lines that a process prints, read by a thread.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    paused: bool,
    ended: bool,
}

/// The lines of one pipe so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Output {
    /// Starts to read a pipe up to its end.
    pub(crate) fn of(pipe: impl Read + Send + 'static) -> Output {
        let output = Output::default();
        let reader = output.clone();
        thread::spawn(move || reader.read(BufReader::new(pipe)));
        output
    }

    fn read(&self, mut pipe: BufReader<impl Read>) {
        let (_, changed) = &*self.shared;
        let mut bytes = Vec::new();
        loop {
            drop(changed.wait_while(self.state(), |state| state.paused).expect("the lock is poisoned"));
            bytes.clear();
            let len = pipe.read_until(b'\n', &mut bytes).unwrap_or(0);
            let mut state = self.state();
            if len == 0 {
                state.ended = true;
                changed.notify_all();
                return;
            }
            // Only the line feed is removed, because a superfluous carriage return must be seen.
            let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            state.lines.push(String::from_utf8_lossy(line).into_owned());
            changed.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().expect("the lock is poisoned")
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    /// Pauses or resumes reading.
    ///
    /// A line that the thread already waits for is still read.
    pub(crate) fn pause(&self, paused: bool) {
        self.state().paused = paused;
        self.shared.1.notify_all();
    }

    /// Waits until `look`, given all lines so far, returns a value.
    ///
    /// Returns `None` at the end of the time or of the pipe.
    pub(crate) fn wait_for<T>(
        &self,
        within: Duration,
        mut look: impl FnMut(&[String]) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + within;
        let mut state = self.state();
        loop {
            if let Some(found) = look(&state.lines) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                return None;
            }
            (state, _) = self.shared.1.wait_timeout(state, left).expect("the lock is poisoned");
        }
    }

    /// Waits until the pipe has been read to its
    /// end, which comes when the process has ended.
    pub(crate) fn wait_for_end(&self, within: Duration) {
        self.pause(false);
        let _ = self.wait_for(within, |_| None::<()>);
    }
}

//! The device's own log, live in every page.
//!
//! It has no messages of clients and no secrets.

use core::cell::Cell;
use core::fmt::Write as _;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use heapless::String;
use instep::{App, Device, Inbox, Severity};
use instep_panel::PANEL;

instep::thing! {
    /// The device's log.
    pub Console: "Console", commands Command {
        lines: log { title: "Log" },
        lost: sensor { title: "Lost lines", precision: 0 },
    }
}

/// The application's declaration.
pub const APP: App = App::new("console", "The log of the device, live")
    .thing_with_backlog(&Console::THING) // a page that opens later also gets the last lines
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// Maximum length of a shown line, in bytes.
const LINE_MAX: usize = 120;
/// Capacity of the queue, in lines.
const LINES_MAX: usize = 8;

struct Line {
    severity: Severity,
    text: String<LINE_MAX>,
}

static LINES: Channel<CriticalSectionRawMutex, Line, LINES_MAX> = Channel::new();
// The counter has a mutex, because not every chip has atomic additions.
static LOST: Mutex<CriticalSectionRawMutex, Cell<u32>> = Mutex::new(Cell::new(0));

/// Queues a line of the log. A board's logger calls it.
///
/// It never waits. It ignores messages of clients, secrets, and errors of publishing, because showing such an error
/// could cause the next one.
pub fn note(record: &log::Record<'_>) {
    let target = record.target();
    if [instep::log_target::FROM_CLIENT, instep::log_target::NOT_PUBLISHED, instep::log_target::SECRET]
        .contains(&target)
    {
        return;
    }
    let severity = match record.level() {
        log::Level::Error => Severity::Error,
        log::Level::Warn => Severity::Warning,
        log::Level::Info => Severity::Info,
        log::Level::Debug | log::Level::Trace => Severity::Debug,
    };
    let mut cut = Cut(String::new());
    // Longer lines are truncated.
    let _ = write!(cut, "{}", record.args());
    if LINES.try_send(Line { severity, text: cut.0 }).is_err() {
        LOST.lock(|lost| lost.set(lost.get().wrapping_add(1)));
    }
}

/// Runs the application.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    use embassy_futures::select::{Either::First, select};
    let console = Console::new(device);
    let mut shown = 0;
    console.lost(f64::from(shown));
    loop {
        // The Thing has no commands; `next` answers clients that send one.
        let First(line) = select(LINES.receive(), console.recv(inbox)).await;
        console.lines(line.severity, line.text.as_str());
        let lost = LOST.lock(Cell::get);
        if lost != shown {
            shown = lost;
            console.lost(f64::from(shown));
        }
    }
}

/// Text that is truncated at its capacity.
struct Cut(String<LINE_MAX>);

impl core::fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.0.capacity() - self.0.len();
        let end = text.floor_char_boundary(room);
        // This cannot fail, because the text fits.
        let _ = self.0.push_str(&text[..end]);
        if end < text.len() { Err(core::fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There is a single test, because the log is global.
    #[test]
    fn log_lines_are_truncated_counted_and_filtered() {
        let take = |target, level, text: &str| {
            note(&log::Record::builder().target(target).level(level).args(format_args!("{text}")).build());
        };
        take(instep::log_target::FROM_CLIENT, log::Level::Info, "[1] Received: secret");
        take(instep::log_target::SECRET, log::Level::Info, "WIFI:T:WPA;S:lamp;P:12345678;;");
        take(instep::log_target::NOT_PUBLISHED, log::Level::Error, "Not published");
        assert!(LINES.is_empty());
        take("instep", log::Level::Warn, &"ä".repeat(100));
        let line = LINES.try_receive().unwrap();
        assert_eq!((line.severity, line.text.as_str()), (Severity::Warning, "ä".repeat(60).as_str()));
        for number in 0..LINES_MAX + 3 {
            take("instep", log::Level::Info, if number == 0 { "first" } else { "more" });
        }
        assert_eq!(LOST.lock(Cell::get), 3, "lines beyond the queue's capacity are counted");
        assert_eq!(LINES.try_receive().unwrap().text, "first");
    }
}

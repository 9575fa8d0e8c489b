//! A counter in the thread that serves the pages, for the shortest time from a message to all pages.
//!
//! `cargo run -p linux-examples --bin one_thread`, then open <http://127.0.0.1:8080/> twice. The application must never
//! block.

use instep::{App, Device, Inbox};
use instep_linux::Program;
use instep_panel::PANEL;
use std::process::ExitCode;

instep::thing! {
    /// A counter.
    Counter: "Counter", commands Command {
        count: sensor { title: "Count", precision: 0 },
        more => More: button { title: "One more" },
    }
}

const APP: App = App::new("one-thread", "A counter").thing(&Counter::THING).pages(&PANEL);

fn main() -> ExitCode {
    Program::new(&APP).in_one_thread().run(|_, device, inbox, _| run(device, inbox))
}

async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let counter = Counter::new(device);
    for count in 0.. {
        counter.count(count);
        let (Command::More, _) = counter.recv(inbox).await;
    }
}

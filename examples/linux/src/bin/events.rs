//! Events, the last of which a page gets that is opened later.
//!
//! `cargo run -p linux-examples --bin events`, then open <http://127.0.0.1:8080/> twice.

use instep::{App, Device, Inbox};
use instep_panel::PANEL;
use std::process::ExitCode;

instep::thing! {
    /// A guest book.
    Book: "Guest book", commands Command {
        write => Write: message { title: "Write", max: 80 },
        entry: event { title: "Entries" },
    }
}

const APP: App = App::new("events", "A guest book").thing_with_backlog(&Book::THING).pages(&PANEL);

fn main() -> ExitCode {
    instep_linux::main(&APP, |device, inbox, _| run(device, inbox))
}

async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let book = Book::new(device);
    loop {
        let (Command::Write(text), _) = book.recv(inbox).await;
        book.entry(text);
    }
}

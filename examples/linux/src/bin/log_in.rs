//! A device that a whole network may reach, with a password.
//!
//! `INSTEP_PASSWORD='open sesame' cargo run -p linux-examples --bin log_in`. Without a password the program does not start,
//! because it listens to the network.

use instep::{App, Device, Inbox};
use instep_linux::Program;
use instep_panel::PANEL;
use std::process::ExitCode;

instep::thing! {
    /// A door.
    Door: "Door", commands Command {
        open => Open: button { title: "Open" },
        opened: event { title: "Opened" },
    }
}

const APP: App = App::new("log-in", "A door with a password").thing(&Door::THING).pages(&PANEL);

fn main() -> ExitCode {
    Program::new(&APP)
        .with_defaults(r#"addr = ["0.0.0.0:8080"]"#)
        .run(|_, device, inbox, _| run(device, inbox))
}

async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let door = Door::new(device);
    loop {
        let (Command::Open, _) = door.recv(inbox).await;
        door.opened("by a page");
    }
}

//! A page of one's own for a Thing: `/instep.js` connects it, and reconnects it.
//!
//! `cargo run -p linux-examples --bin own_page`. With `--page FOLDER` the files of a folder take the page's place.

use instep::{App, Asset, Device, Inbox};
use instep_panel::INSTEP_JS;
use std::process::ExitCode;

instep::thing! {
    /// A lamp.
    Lamp: "Lamp", commands Command {
        lamp => Lamp: switch { title: "Lamp" },
    }
}

const APP: App = App::new("own-page", "A lamp with a page of its own")
    .thing(&Lamp::THING)
    .page("/", Asset::html(include_str!("../../pages/own-page.html")))
    .page("/instep.js", INSTEP_JS);

fn main() -> ExitCode {
    instep_linux::main(&APP, |device, inbox, _| run(device, inbox))
}

async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let lamp = Lamp::new(device);
    lamp.lamp(false);
    loop {
        let (Command::Lamp(on), _) = lamp.recv(inbox).await;
        lamp.lamp(on);
    }
}

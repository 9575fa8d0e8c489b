//! A chat among browsers, in which every client gets every line.

use instep::{App, Device, Inbox};
use instep_panel::PANEL;

instep::thing! {
    /// A chat.
    pub Chat: "Chat", commands Command {
        say => Say: message { title: "Say", max: 160 },
        said: event { title: "Said" },
    }
}

/// The application's declaration.
pub const APP: App = App::new("chat", "A chat among browsers")
    .thing_with_backlog(&Chat::THING) // a page that opens later also gets the last lines
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// Runs the application.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let chat = Chat::new(device);
    loop {
        match chat.recv(inbox).await {
            (Command::Say(text), responder) if text.trim().is_empty() => {
                responder.refuse("there is nothing to say in that");
            }
            (Command::Say(text), _) => chat.said(text),
        }
    }
}

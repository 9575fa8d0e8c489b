//! Device as the client of a broker sees it.

use super::description::StreamedDescription;
use crate::app::App;
use crate::device::{ClientId, Device};
use crate::log::Escaped;
use crate::model::{Interaction, Kind, Manifest, Shortest, Thing};
use crate::service::greeting_frame;
use crate::time::Instant;
use core::fmt::Display;
use core::num::NonZeroU32;
use core::task::Waker;
use instep_proto::delivery::Feed;
use instep_proto::frame::server_payload;

/// Device with a Thing, as the client of a broker follows it.
#[derive(Clone, Copy, Debug)]
pub struct Followed<'a> {
    manifest: &'a Manifest,
    thing: &'static Thing,
    device: &'a Device,
    follower: usize,
}

/// Property, action or event of a Thing.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// The name, as in frames.
    pub name: &'static str,
    /// The title for people.
    pub title: &'static str,
    /// The words for true and false of a binary sensor.
    pub words: Option<[&'static str; 2]>,
    /// The kind, with its range.
    pub kind: &'static Kind,
}

/// Formats a number with as many digits as it has, without the code for floating point.
pub fn shortest(number: f64) -> impl Display {
    Shortest(number)
}

/// Formats a client's text for the log, escaped and cut.
pub fn escaped(text: &[u8]) -> impl Display {
    Escaped(text)
}

/// Id of a command that the application has yet to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandId(ClientId);

impl<'a> Followed<'a> {
    /// Follows a device, as the driver with the index `follower` in [`Memory::followers`](crate::driver::Memory::followers).
    ///
    /// Returns `None` if the application has no Thing, because only a Thing has names for topics.
    pub fn new(app: &'a App, device: &'a Device, follower: usize) -> Option<Self> {
        let manifest = app.manifest();
        Some(Self { manifest, thing: manifest.thing?, device, follower })
    }

    /// Returns the Thing's property, action or event of that number, in the order of their declaration.
    pub fn control(&self, number: usize) -> Option<Control> {
        let Interaction { name, title, words, kind, .. } = self.thing.interactions.get(number)?;
        Some(Control { name, title, words: *words, kind })
    }

    /// Returns the name, if the Thing has a property, action or event of that name.
    pub fn find(&self, name: &str) -> Option<&'static str> {
        self.thing.find(name).map(|(_, interaction)| interaction.name)
    }

    /// Returns the title of the Thing.
    pub fn title(&self) -> &'static str {
        self.thing.title
    }

    /// Returns the name of the application.
    pub fn name(&self) -> &'static str {
        self.manifest.name
    }

    /// Returns the version of the application for people, which may be empty.
    pub fn version(&self) -> &'static str {
        self.manifest.version
    }

    /// Returns the hash of the Thing and the version.
    pub fn hash(&self) -> u64 {
        self.manifest.hash
    }

    /// Returns the id of this start of the device, if the driver has set it.
    pub fn start(&self) -> Option<NonZeroU32> {
        self.device.start()
    }

    /// Returns the frame `thing`, with the id of this start.
    pub fn greeting(&self) -> impl Display {
        greeting_frame(self.manifest.hash, self.device.start())
    }

    /// Returns the Thing Description.
    pub fn description(&self) -> StreamedDescription<'a> {
        StreamedDescription::new(self.manifest, self.thing)
    }

    /// Returns the maximum length of a frame's payload, in bytes.
    pub fn frame_max(&self) -> usize {
        self.device.limits().frame
    }

    /// Returns the maximum length of a command, in bytes.
    pub fn command_max(&self) -> usize {
        self.device.limits().message
    }

    /// Registers the waker that is called when the device has a new frame or an answer.
    pub fn register(&self, waker: &Waker) {
        self.device.register(self.follower, waker);
    }

    /// Calls `with` with the device's feed.
    ///
    /// The device is locked meanwhile, so `with` is short and does not call the device.
    pub fn with_feed<R>(&self, now: Instant, with: impl FnOnce(&Feed<'_>) -> R) -> R {
        self.device.with_feed(now, self.follower, with)
    }

    /// Notes how the connection to the broker stands, for the health check and the panel.
    pub fn note_connection(&self, is_open: bool) {
        self.device.note_broker(is_open);
    }

    /// Counts events that the client missed.
    pub fn count_missed(&self, events: u64) {
        self.device.count_missed(events);
    }

    /// Returns whether a refused command may be logged now, so that commands cannot flood the log.
    pub fn allow_log(&self, now: Instant) -> bool {
        self.device.allow_log(now).is_some()
    }

    /// Returns whether [`Followed::command`] has room.
    pub fn has_room(&self) -> bool {
        self.device.has_room_for_command()
    }

    /// Passes a command, in parts, to the application, which checks it as the message of a WebSocket client.
    ///
    /// Returns `None` if there is no room, or if the command is longer than [`Followed::command_max`].
    pub fn command(&self, parts: &[&[u8]]) -> Option<CommandId> {
        self.device.command(self.follower, parts).map(CommandId)
    }

    /// Returns whether the application has received the command.
    pub fn has_received(&self, command: CommandId) -> bool {
        self.device.has_received(command.0)
    }

    /// Passes the reply to `take`, with the revision that it follows, and removes it if `take` returns `true`.
    ///
    /// Returns whether the reply was removed.
    pub fn take_reply(&self, command: CommandId, mut take: impl FnMut(u64, &[u8]) -> bool) -> bool {
        self.device.take_reply_of(command.0, &mut |revision, frame| take(revision, server_payload(frame)))
    }

    /// Ends a command, whose reply is no longer waited for.
    ///
    /// If the application has not received it, the application never will.
    pub fn end_command(&self, command: CommandId) {
        self.device.withdraw(command.0, 0);
    }
}

//! Topics of an application without a Thing.

/// Topic, of which every client receives the latest message.
///
/// A client that is behind receives only the latest message, and a new client receives it first.
///
/// The macro [`topics!`](crate::topics!) declares the topics of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(pub(crate) usize);

/// Creates the topics of an application, which [`App::topics`](crate::App::topics) takes.
///
/// The macro [`topics!`](crate::topics!) declares them with a name for each. Where names are in the way, such as for one of eight
/// relays, topics have numbers:
///
/// ```
/// use instep::{Device, Topics};
///
/// const RELAYS: Topics = Topics::new(8);
///
/// fn show(device: &Device, relay: usize, on: bool) {
///     if let Some(topic) = RELAYS.at(relay) {
///         device.publish(topic, on);
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topics {
    count: usize,
}

impl Topic {
    pub(crate) const fn new(index: usize) -> Self {
        Self(index)
    }
}

impl Topics {
    /// So many topics.
    pub const fn new(count: usize) -> Self {
        Self { count }
    }

    /// Returns how many topics there are.
    pub const fn count(self) -> usize {
        self.count
    }

    /// Returns the topic with an index from 0, or `None` if there are fewer topics.
    pub const fn at(self, index: usize) -> Option<Topic> {
        if index < self.count { Some(Topic::new(index)) } else { None }
    }
}

/// Declares the topics that an application publishes.
///
/// Declares a constant for each topic, and a constant with all of them, which [`App::topics`](crate::App::topics) takes.
///
/// ```
/// use instep::{App, Device};
///
/// instep::topics! {
///     const TOPICS = [LED, COUNT];
/// }
///
/// pub const APP: App = App::new("lamp", "A lamp that counts").endpoint("/ws").topics(TOPICS);
///
/// fn show(device: &Device, on: bool, count: u32) {
///     device.publish(LED, on);
///     device.publish(COUNT, count);
/// }
/// ```
///
/// So an application can publish only declared topics, because another name is an error of the compiler. If `App::topics` is
/// forgotten, the compiler warns that `TOPICS` is not used. With `pub const TOPICS`, all of the constants are public.
#[macro_export]
macro_rules! topics {
    ($($declaration:tt)*) => { $crate::__topics! { $crate $($declaration)* } };
}

//! Topics of one device.

/// Topics of one device, which begin with a prefix and the device's id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Topics<'t> {
    pub(crate) prefix: &'t str,
    pub(crate) id: &'t str,
}

/// Topic of the device, as a broker's message names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnTopic<'m> {
    /// Whether the device is online.
    State,
    /// The frame `thing`.
    Thing,
    /// The hash of what Home Assistant was told.
    Discovered,
    /// The platform of the component of that name.
    DiscoveredName(&'m str),
    /// A command for the property or action of that name.
    Set(&'m str),
    /// A topic directly below the device, of that name.
    Below(&'m str),
    Other,
}

/// Topic of a packet to the broker.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Topic<'t> {
    /// Whether the device is online.
    State,
    /// A topic below the device at which the broker stores the message.
    Stored(&'t str),
    /// A topic below the device at which the message is not stored, or a filter.
    Live(&'t str),
    /// The platform of a component.
    Discovered(&'t str),
    /// An answer to a command.
    Answer(&'t str),
    /// The message to Home Assistant.
    Discovery,
}

/// Beginning of the topics of answers, after the device's own part.
const ANSWER: &str = "/thing/answer/";

/// Topic of the hash of what Home Assistant was told.
pub(crate) const DISCOVERED: &str = "thing/discovered";
/// Topic at which Home Assistant says that it was started.
pub(crate) const HOME_ASSISTANT: &str = "homeassistant/status";

impl Topic<'_> {
    /// Returns whether the broker stores the message.
    pub(crate) fn is_retained(self) -> bool {
        !matches!(self, Self::Live(_) | Self::Answer(_))
    }
}

impl<'t> Topics<'t> {
    /// Returns a topic in parts.
    pub(crate) fn parts<'p>(&self, topic: Topic<'p>) -> [&'p str; 5]
    where
        't: 'p,
    {
        let (head, rest) = match topic {
            Topic::Discovery => return ["homeassistant/device/", self.id, "/config", "", ""],
            Topic::State => ("", ""),
            Topic::Stored(rest) | Topic::Live(rest) => ("/", rest),
            Topic::Discovered(rest) => ("/thing/discovered/", rest),
            Topic::Answer(rest) => (ANSWER, rest),
        };
        [self.prefix, "/", self.id, head, rest]
    }

    /// Returns which topic of the device this one is.
    ///
    /// Returns `None` if it belongs to another device.
    pub(crate) fn find<'m>(&self, topic: &'m str) -> Option<OwnTopic<'m>> {
        let own = self.strip(topic)?;
        if own.is_empty() {
            return Some(OwnTopic::State);
        }
        let own = own.strip_prefix('/')?;
        // A component may have the name `set`.
        if let Some(name) = own.strip_prefix(DISCOVERED).and_then(|rest| rest.strip_prefix('/')) {
            return Some(OwnTopic::DiscoveredName(name));
        }
        Some(match own.strip_suffix("/set") {
            Some(name) => OwnTopic::Set(name),
            None if own == "thing" => OwnTopic::Thing,
            None if own == DISCOVERED => OwnTopic::Discovered,
            None if own.contains('/') => OwnTopic::Other,
            None => OwnTopic::Below(own),
        })
    }

    /// Returns the rest of a Response Topic, if the device may answer there.
    pub(crate) fn find_answer<'m>(&self, topic: &'m str) -> Option<&'m str> {
        self.strip(topic)?.strip_prefix(ANSWER).filter(|rest| !rest.is_empty())
    }

    fn strip<'m>(&self, topic: &'m str) -> Option<&'m str> {
        topic.strip_prefix(self.prefix)?.strip_prefix('/')?.strip_prefix(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPICS: Topics<'static> = Topics { prefix: "instep", id: "lamp" };

    #[test]
    fn topics_are_told_apart() {
        for (topic, expected) in [
            ("instep/lamp", Some(OwnTopic::State)),
            ("instep/lamp/thing", Some(OwnTopic::Thing)),
            ("instep/lamp/led/set", Some(OwnTopic::Set("led"))),
            ("instep/lamp/led", Some(OwnTopic::Below("led"))),
            ("instep/lamp/set", Some(OwnTopic::Below("set"))),
            ("instep/lamp/thing/td", Some(OwnTopic::Other)),
            ("instep/lamp/thing/discovered", Some(OwnTopic::Discovered)),
            ("instep/lamp/thing/discovered/led", Some(OwnTopic::DiscoveredName("led"))),
            ("instep/lamp/thing/discovered/set", Some(OwnTopic::DiscoveredName("set"))),
            ("instep/lamp2/led/set", None),
            ("instep/lam", None),
            ("other/lamp", None),
        ] {
            assert_eq!(TOPICS.find(topic), expected, "{topic}");
        }
    }

    #[test]
    fn answers_stay_below_the_device() {
        assert_eq!(TOPICS.find_answer("instep/lamp/thing/answer/a/1"), Some("a/1"));
        for topic in ["instep/lamp/thing/answer/", "instep/lamp2/thing/answer/a", "instep/lamp/led/set", "a"]
        {
            assert_eq!(TOPICS.find_answer(topic), None, "{topic}");
        }
    }
}

//! Declaration of a Thing, which is checked at compile time.

use super::check::eq;
use super::interaction::Interaction;
use super::kind::Kind;
use instep_proto::http::strip_path;

/// Declaration of a device: its properties, actions and events.
///
/// The macro [`thing!`](crate::thing!) declares one together with the commands that the application receives.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    pub(crate) title: &'static str,
    pub(crate) interactions: &'static [Interaction],
}

impl Thing {
    /// Creates a Thing with these interactions, whose order is that on the panel.
    ///
    /// # Panics
    /// If the title is empty, or two interactions have the same name. In a `const`, this is an error of the compiler.
    pub const fn new(title: &'static str, interactions: &'static [Interaction]) -> Self {
        assert!(!title.is_empty(), "a Thing must have a title");
        let mut i = 0;
        while i < interactions.len() {
            let mut other = 0;
            while other < i {
                assert!(
                    !eq(interactions[i].name, interactions[other].name),
                    "two interactions must not have one name"
                );
                other += 1;
            }
            i += 1;
        }
        Self { title, interactions }
    }

    /// Creates a Thing that was declared elsewhere, if [`Thing::new`] would.
    #[cfg(feature = "gateway")]
    pub fn try_new(title: &'static str, interactions: &'static [Interaction]) -> Result<Self, &'static str> {
        let mut names: alloc::vec::Vec<&str> = interactions.iter().map(|one| one.name).collect();
        names.sort_unstable();
        if title.is_empty() {
            Err("a Thing must have a title")
        } else if names.windows(2).any(|two| two[0] == two[1]) {
            Err("two interactions must not have one name")
        } else {
            Ok(Self { title, interactions })
        }
    }

    /// Returns the names of its properties, actions and events, in the order of their declaration.
    #[cfg(feature = "gateway")]
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.interactions.iter().map(|interaction| interaction.name)
    }

    /// Returns the topic of the property of that name.
    #[cfg(feature = "gateway")]
    pub fn topic_of(&self, name: &str) -> Option<super::Topic> {
        let (number, _) = self.find(name)?;
        self.topic(number).map(super::Topic::new)
    }

    /// Returns the name in the declaration that equals `name`, if it is that of an event.
    #[cfg(feature = "gateway")]
    pub fn event_of(&self, name: &str) -> Option<&'static str> {
        self.find(name).filter(|(_, found)| found.kind.is_event()).map(|(_, found)| found.name)
    }

    /// Returns the topic after those of all properties, for the frame `thing` of a device that another one stands for.
    #[cfg(feature = "gateway")]
    pub const fn greeting_topic(&self) -> super::Topic {
        super::Topic::new(self.property_count())
    }

    /// Returns the number of properties, each of which is a topic.
    pub const fn property_count(&self) -> usize {
        let (mut count, mut i) = (0, 0);
        while i < self.interactions.len() {
            count += self.interactions[i].kind.is_property() as usize;
            i += 1;
        }
        count
    }

    /// Returns the number of values in the histories of all sensors.
    pub const fn history_points(&self) -> usize {
        let (mut points, mut i) = (0, 0);
        while i < self.interactions.len() {
            if let Kind::Sensor { history: Some(history), .. } = self.interactions[i].kind {
                points += history.points;
            }
            i += 1;
        }
        points
    }

    /// Returns the number of sensors with a history.
    pub const fn history_count(&self) -> usize {
        let (mut count, mut i) = (0, 0);
        while i < self.interactions.len() {
            if let Kind::Sensor { history: Some(_), .. } = self.interactions[i].kind {
                count += 1;
            }
            i += 1;
        }
        count
    }

    /// Returns the number of persistent properties.
    pub const fn persistent_count(&self) -> usize {
        let (mut count, mut i) = (0, 0);
        while i < self.interactions.len() {
            count += self.interactions[i].kept as usize;
            i += 1;
        }
        count
    }

    /// Finds the interaction of that name, and its number.
    pub(crate) fn find(&self, name: &str) -> Option<(usize, &'static Interaction)> {
        self.interactions.iter().enumerate().find(|(_, interaction)| interaction.name == name)
    }

    /// Returns whether clients can write any of its properties.
    pub(crate) fn is_writable(&self) -> bool {
        self.interactions
            .iter()
            .any(|interaction| interaction.kind.is_property() && interaction.kind.is_writable())
    }

    /// Finds the interaction of a percent-encoded name, and its number.
    pub(crate) fn find_in_path(&self, name: &str) -> Option<(usize, &'static Interaction)> {
        let is = |interaction: &Interaction| strip_path(name, interaction.name) == Some("");
        self.interactions.iter().enumerate().find(|(_, interaction)| is(interaction))
    }

    /// Returns the topic of the interaction of that number, if it is a property.
    pub(crate) fn topic(&self, number: usize) -> Option<usize> {
        let interaction = self.interactions.get(number)?;
        let before = self.interactions[..number].iter().filter(|interaction| interaction.kind.is_property());
        interaction.kind.is_property().then(|| before.count())
    }
}

//! The application of the list.

use super::admittance::Admittance;
use super::directory::Directory;
use super::places::Places;
use super::row::{About, FRAME_MAX, Row};
use crate::fleet::{Changes, Fleet, Position};
use instep::{App, Device, Inbox, Limits, Topic, Topics};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Maximum number of devices that are published between two looks at anything else.
const BATCH: usize = 256;
/// Pause between two looks at the fleet, in which changes gather.
const PAUSE: Duration = Duration::from_millis(50);
/// Interval at which the gateway says that it is alive.
const ALIVE: Duration = Duration::from_secs(5);

/// The list of all devices of a fleet, as an application.
#[derive(Debug)]
pub struct List {
    app: App,
    topics: Topics,
    fleet: Arc<Fleet>,
    admittance: Admittance,
}

impl List {
    /// Creates the list of a fleet, which lives as long as the process.
    pub fn new(fleet: &Arc<Fleet>, admittance: Admittance) -> &'static Self {
        // The last topic is the gateway's own.
        let topics = Topics::new(fleet.limits().devices + 1);
        let directory =
            Box::leak(Box::new(Directory::new(fleet.clone(), admittance == Admittance::Password)));
        let app = App::new("gateway", "All devices of a broker")
            .with_folder(directory)
            .pages(&instep_panel::LIST)
            .endpoint("/ws")
            .topics(topics);
        Box::leak(Box::new(Self { app, topics, fleet: fleet.clone(), admittance }))
    }

    /// Returns the application.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Returns the limits of the list's own server, for those of the devices that it shows.
    ///
    /// The frames of the list are short, and there are many of them.
    pub fn limits(limits: Limits) -> Limits {
        limits.with_frame(FRAME_MAX)
    }

    /// Publishes the list, and never returns.
    pub async fn run(&self, device: &Device, inbox: &mut Inbox<'_>) -> ! {
        let mut revisions = self.fleet.revisions();
        let places = Places::new(self.fleet.limits().devices);
        let mut shown = Shown {
            list: self,
            device,
            places,
            position: Position::default(),
            in_round: false,
            is_short: false,
        };
        let mut alive_at = Instant::now();
        loop {
            // Whatever changes from here on is seen in the next round.
            let newest = *revisions.borrow_and_update();
            let is_all = shown.follow(newest);
            if is_all || alive_at <= Instant::now() {
                shown.publish_gateway();
                alive_at = Instant::now() + ALIVE;
            }
            if !is_all {
                tokio::task::yield_now().await;
                continue;
            }
            // Whatever clients send is of no interest.
            let wait_for_change = async {
                // Cannot fail, because the fleet is held here.
                let _ = revisions.changed().await;
                tokio::time::sleep(PAUSE).await;
            };
            let read_all = async {
                loop {
                    inbox.recv().await;
                    // Clients that flood the inbox must not stop the others of this thread.
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                () = wait_for_change => {}
                () = tokio::time::sleep_until(alive_at) => {}
                () = read_all => {}
            }
        }
    }
}

/// The list as it is published.
struct Shown<'d> {
    list: &'d List,
    device: &'d Device,
    places: Places,
    /// The position of the fleet's changes up to which it is published.
    position: Position,
    /// Whether all devices are being told anew.
    in_round: bool,
    /// Whether a device got no place in this round.
    is_short: bool,
}

impl Shown<'_> {
    /// Publishes what has changed, and returns whether that was all until this revision.
    fn follow(&mut self, newest: u64) -> bool {
        let Changes { position, revision, is_whole, changed, gone } =
            self.list.fleet.changes(self.position, BATCH);
        if is_whole {
            self.places.begin_round();
            self.in_round = true;
        }
        gone.iter().for_each(|id| self.remove(id));
        for summary in &changed {
            match self.places.take(summary.id) {
                Some(place) => self.publish(&Row { place, device: Some(summary) }),
                // The fleet has no more devices than the list has places, so devices that are gone still have theirs.
                None => self.is_short = true,
            }
        }
        self.position = position;
        let is_all = revision >= newest;
        if is_all && std::mem::take(&mut self.in_round) {
            self.places.untold().iter().for_each(|id| self.remove(id));
            if std::mem::take(&mut self.is_short) {
                self.position = Position::default();
                return false;
            }
        }
        is_all
    }

    fn remove(&mut self, id: &instep_mqtt::DeviceId) {
        if let Some(place) = self.places.free(id) {
            self.publish(&Row { place, device: None });
        }
    }

    fn publish(&self, row: &Row<'_>) {
        // The first places have the last topics, because a table finds those at its end soonest.
        let topic = self.list.fleet.limits().devices.checked_sub(row.place + 1);
        if let Some(topic) = topic.and_then(|topic| self.list.topics.at(topic)) {
            self.device.publish(topic, row);
        }
    }

    fn publish_gateway(&self) {
        let (fleet, devices) = (&self.list.fleet, self.places.count());
        let about = About {
            broker: fleet.is_connected(),
            devices,
            full: devices >= fleet.limits().devices,
            admittance: self.list.admittance,
        };
        let topic: Option<Topic> = self.list.topics.at(fleet.limits().devices);
        topic.into_iter().for_each(|topic| self.device.publish(topic, &about));
    }
}

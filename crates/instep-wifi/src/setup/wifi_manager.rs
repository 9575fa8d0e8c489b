//! The Wi-Fi manager, which decides when the device joins a network and when it opens its own.

use super::or_never::or_never;
use super::provisioning::SetUp;
use super::values::network;
use crate::lines;
use crate::portal::{Networks, Outcome, Portal, Task};
use embassy_futures::select::{Either3, select3};
use embassy_time::{Duration, Instant, Timer};
use instep_settings::Network;

/// Interval between two attempts to join.
pub const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// Interval between two attempts while the device's own network is open, because each attempt disturbs it.
pub const RETRY_INTERVAL_WITH_AP: Duration = Duration::from_secs(30);
/// Time without a network after which the device opens its own, once the current attempt has ended.
pub const AP_OPEN_DELAY: Duration = Duration::from_secs(60);
/// Time for which the device's own network stays open after the other network was joined again.
pub const AP_CLOSE_DELAY: Duration = Duration::from_secs(120);
/// Time for which the device's own network stays open after a phone got the device's address.
pub const LEAVE_DELAY: Duration = Duration::from_secs(30);

/// A radio. Only one method is called at a time.
#[allow(async_fn_in_trait, reason = "a device has one thread")]
pub trait Radio {
    /// Scans for networks, which takes some seconds.
    async fn scan(&mut self) -> Networks;

    /// Leaves the current network, joins another one, and waits for an address there.
    ///
    /// The future returns the outcome within about 30 s. The device's own network stays open. The radio logs the reason of
    /// [`Outcome::NotJoined`].
    async fn join(&mut self, network: &Network) -> Outcome;

    /// Returns when the joined network is lost. Cancel-safe.
    async fn lost(&mut self);

    /// Opens the device's own network.
    async fn open(&mut self);

    /// Closes the device's own network. This may lose the other network, which is joined again.
    async fn close(&mut self);

    /// Restarts the device.
    async fn restart(&mut self);
}

/// Runs the radio, and never returns. Run it in its own task.
///
/// The radio joins the known network, and joins it again whenever it is lost. The device's own network opens if no network is
/// known, or after a minute without the known network ([`AP_OPEN_DELAY`]). Attempts to join go on, because a power cut restarts the
/// router, too. Tasks of the page come first. A network is saved once it was joined, and the device's own network stays open
/// until a phone has got the device's new address. If the device has a new name, it restarts then.
pub async fn run(set_up: &SetUp, radio: impl Radio) -> ! {
    let now = Instant::now();
    let mut manager = Manager {
        set_up,
        radio,
        is_open: false,
        is_joined: false,
        since: now,
        next_try: now,
        closes_at: None,
        address_was_shown: false,
    };
    manager.run().await
}

struct Manager<'a, R> {
    set_up: &'a SetUp,
    radio: R,
    /// Whether the device's own network is open.
    is_open: bool,
    is_joined: bool,
    /// Time since which the network is joined, or fails.
    since: Instant,
    next_try: Instant,
    closes_at: Option<Instant>,
    /// Whether a phone got the device's new address.
    address_was_shown: bool,
}

impl<R: Radio> Manager<'_, R> {
    async fn run(&mut self) -> ! {
        if self.set_up.settings.network().is_none() {
            lines::info(format_args!("No WiFi network is known"));
            self.open().await;
        }
        loop {
            let next_look = self.next_look();
            let Self { set_up, radio, is_joined, .. } = self;
            let lost = or_never(is_joined.then(|| radio.lost()));
            let look = or_never(next_look.map(Timer::at));
            match select3(lost, set_up.next_task(), look).await {
                Either3::First(()) => self.lost(),
                Either3::Second(task) => self.work(task).await,
                Either3::Third(()) => self.look().await,
            }
        }
    }

    /// Returns the time of the next step that is not a task of the page.
    fn next_look(&self) -> Option<Instant> {
        if self.is_joined {
            return self.closes_at;
        }
        self.set_up.settings.network()?;
        let opens_at = self.since + AP_OPEN_DELAY;
        Some(if self.is_open { self.next_try } else { self.next_try.min(opens_at) })
    }

    async fn look(&mut self) {
        let now = Instant::now();
        if self.is_joined {
            if self.closes_at.is_some_and(|at| at <= now) {
                self.close().await;
            }
            return;
        }
        if self.next_try <= now
            && let Some(network) = self.set_up.settings.network()
        {
            lines::info(format_args!("Connecting to WiFi..."));
            self.join(&network).await;
            if self.is_joined && self.is_open {
                self.closes_at = Some(Instant::now() + AP_CLOSE_DELAY);
            }
        }
        if !self.is_joined && !self.is_open && self.since.elapsed() >= AP_OPEN_DELAY {
            lines::warn(format_args!("WiFi has failed for {} s", AP_OPEN_DELAY.as_secs()));
            self.open().await;
        }
    }

    async fn join(&mut self, network: &Network) -> Outcome {
        if core::mem::take(&mut self.is_joined) {
            self.since = Instant::now();
        }
        self.closes_at = None;
        self.set_up.forget_found();
        let outcome = self.radio.join(network).await;
        let name = network.name();
        match outcome {
            Outcome::Joined(address) => {
                (self.is_joined, self.since) = (true, Instant::now());
                lines::info(format_args!("IP Address: {address}"));
            }
            Outcome::WrongPassword => lines::warn(format_args!("WiFi {name:?} refuses the password")),
            Outcome::NotAdmitted => lines::warn(format_args!(
                "WiFi {name:?} does not admit the device: is the password right, is it near enough, and does it admit every device?"
            )),
            Outcome::OtherProtection => {
                lines::warn(format_args!(
                    "WiFi {name:?} is protected in another way: does it want a password, none, or a user's name?"
                ));
            }
            Outcome::NotFound => {
                lines::warn(format_args!(
                    "WiFi {name:?} is not there: is it near enough, and does it send at 2.4 GHz?"
                ));
            }
            Outcome::NoAddress => {
                lines::warn(format_args!("WiFi {name:?} gives no address: is its router's DHCP on?"));
            }
            Outcome::NotJoined => {
                lines::warn(format_args!("WiFi {name:?} could not be joined: see the previous line"));
            }
        }
        self.next_try = Instant::now() + if self.is_open { RETRY_INTERVAL_WITH_AP } else { RETRY_INTERVAL };
        outcome
    }

    fn lost(&mut self) {
        lines::warn(format_args!("WiFi is lost"));
        let now = Instant::now();
        (self.is_joined, self.since, self.next_try, self.closes_at) = (false, now, now, None);
        self.reset_page();
    }

    /// Resets the page, so that it asks for a network again.
    fn reset_page(&mut self) {
        self.address_was_shown = false;
        self.set_up.with(|state| {
            if state.portal.shows_address() {
                state.portal = Portal::new();
            }
        });
    }

    /// Runs a task of the page.
    async fn work(&mut self, task: Task) {
        match task {
            Task::Rest => {}
            Task::Scan => {
                let found = self.radio.scan().await;
                self.set_up.with(|state| state.portal.found(found));
            }
            Task::Join(credentials) => {
                let outcome = match network(&credentials) {
                    Some(network) => self.join(&network).await,
                    None => Outcome::WrongPassword,
                };
                if !self.is_joined {
                    // Joins the previous network again, if any.
                    self.next_try = Instant::now();
                }
                self.set_up.with(|state| state.portal.tried(outcome));
            }
            Task::Keep(credentials) => {
                self.set_up.settings.set_network(network(&credentials));
                let kept = self.set_up.save().await;
                self.set_up.wait_until_found().await;
                self.set_up.with(|state| state.portal.kept(kept));
            }
            Task::Leave => {
                self.address_was_shown = true;
                self.closes_at = Some(Instant::now() + LEAVE_DELAY);
            }
        }
    }

    async fn open(&mut self) {
        self.is_open = true;
        lines::info(format_args!("The device opens a network of its own, called {}", self.set_up.name));
        self.radio.open().await;
    }

    async fn close(&mut self) {
        self.closes_at = None;
        if self.address_was_shown && self.set_up.next_name() != self.set_up.name {
            lines::info(format_args!("The device starts anew, with its new name"));
            // The last changes may not be saved yet.
            self.set_up.save().await;
            self.radio.restart().await;
        }
        self.reset_page();
        if core::mem::take(&mut self.is_open) {
            self.radio.close().await;
            lines::info(format_args!("The device's own network is closed"));
            let now = Instant::now();
            (self.is_joined, self.since, self.next_try) = (false, now, now);
        }
    }
}

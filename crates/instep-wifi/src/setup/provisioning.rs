//! State that the page, the radio and the settings share.

use super::typed::Text;
use crate::name::Name;
use crate::portal::{Portal, Task};
use core::cell::RefCell;
use core::fmt;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, WithTimeout as _};
use instep::LogIn;
use instep_settings::Settings;

/// Timeout of the page for the device's mDNS name in the joined network.
///
/// Probing takes up to 1 s (RFC 6762 section 8.1), and longer if the name is taken.
const NAME_TIMEOUT: Duration = Duration::from_secs(4);

/// Provisioning of a device, and its page, which is passed to the server as the board's pages.
pub struct SetUp {
    pub(crate) settings: &'static Settings,
    /// Name of the device since its start.
    pub(crate) name: Name,
    pub(crate) log_in: &'static LogIn,
    state: Mutex<CriticalSectionRawMutex, RefCell<State>>,
    /// Wakes the task of the radio, because there may be a [`Task`].
    asked: Signal<CriticalSectionRawMutex, ()>,
    /// The name in the joined network is known.
    found: Signal<CriticalSectionRawMutex, ()>,
    /// Wakes the task that hashes a new password.
    pub(crate) password: Signal<CriticalSectionRawMutex, ()>,
    /// Serialises the requests to save or to reset.
    pub(crate) saving: embassy_sync::mutex::Mutex<CriticalSectionRawMutex, ()>,
    pub(crate) save: Signal<CriticalSectionRawMutex, ()>,
    pub(crate) reset: Signal<CriticalSectionRawMutex, ()>,
    pub(crate) saved: Signal<CriticalSectionRawMutex, bool>,
}

pub(crate) struct State {
    pub(crate) portal: Portal,
    /// Last name of the device in the joined network.
    found: Option<Name>,
    /// Message on the page about the last form for the device's name and password.
    pub(crate) said: Option<&'static str>,
    /// Message on the page about the last form for the broker.
    #[cfg(feature = "mqtt")]
    pub(crate) broker_said: Option<&'static str>,
    /// New password, until it is hashed.
    pub(crate) new_password: Option<Text>,
    /// Whether a password is being set.
    pub(crate) sets_password: bool,
}

impl SetUp {
    /// Creates the provisioning of the device with the name `name`.
    ///
    /// If `log_in` has no password, a password can be set on the page, once.
    pub fn new(settings: &'static Settings, name: Name, log_in: &'static LogIn) -> Self {
        let state = State {
            portal: Portal::new(),
            found: None,
            said: None,
            #[cfg(feature = "mqtt")]
            broker_said: None,
            new_password: None,
            sets_password: false,
        };
        Self {
            settings,
            name,
            log_in,
            state: Mutex::new(RefCell::new(state)),
            asked: Signal::new(),
            found: Signal::new(),
            password: Signal::new(),
            saving: embassy_sync::mutex::Mutex::new(()),
            save: Signal::new(),
            reset: Signal::new(),
            saved: Signal::new(),
        }
    }

    /// Returns the name of the device from its next start.
    pub fn next_name(&self) -> Name {
        let set = self.settings.device_name();
        set.and_then(|name| name.as_str().parse().ok()).unwrap_or(self.name)
    }

    /// Sets the device's mDNS name in the joined network, which the page shows.
    ///
    /// Call it each time that the responder has a name.
    pub fn found_as(&self, name: &Name) {
        self.with(|state| state.found = Some(*name));
        self.found.signal(());
    }

    /// Returns the name that the page shows for the joined network.
    pub(crate) fn found_name(&self) -> Name {
        let next = self.next_name();
        if next != self.name {
            return next;
        }
        self.with(|state| state.found).unwrap_or(next)
    }

    /// Forgets the name, because another network is being joined.
    pub(crate) fn forget_found(&self) {
        self.found.reset();
    }

    /// Waits until the name in the joined network is known, or for [`NAME_TIMEOUT`].
    pub(crate) async fn wait_until_found(&self) {
        // The name from the next start is not probed yet.
        if self.next_name() == self.name {
            let _ = self.found.wait().with_timeout(NAME_TIMEOUT).await;
        }
    }

    /// Waits for the next task. Cancel-safe.
    pub(crate) async fn next_task(&self) -> Task {
        loop {
            match self.with(|state| state.portal.next_task()) {
                Task::Rest => self.asked.wait().await,
                task => return task,
            }
        }
    }

    /// Wakes the task of the radio.
    pub(crate) fn ask(&self) {
        self.asked.signal(());
    }

    /// Locks the state. `act` must be short and must not call this method.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        self.state.lock(|state| act(&mut state.borrow_mut()))
    }
}

impl fmt::Debug for SetUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetUp").field("name", &self.name).finish_non_exhaustive()
    }
}

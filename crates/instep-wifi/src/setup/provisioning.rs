//! What the page, the radio and the settings share.

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

/// How long the page waits for the device's name in the network that was joined: it is asked for there up to three times in a
/// second (RFC 6762 section 8.1), and once more with a number where it is taken.
const FOUND_WITHIN: Duration = Duration::from_secs(4);

/// How a device is set up. It goes to the server as its board's pages.
pub struct SetUp {
    pub(crate) settings: &'static Settings,
    /// The name that it was started with.
    pub(crate) name: Name,
    pub(crate) log_in: &'static LogIn,
    state: Mutex<CriticalSectionRawMutex, RefCell<State>>,
    /// There may be something to do for whoever has the radio.
    asked: Signal<CriticalSectionRawMutex, ()>,
    /// The name in the network that is joined is known.
    found: Signal<CriticalSectionRawMutex, ()>,
    /// A password is to be set.
    pub(crate) password: Signal<CriticalSectionRawMutex, ()>,
    /// Held by whoever waits that it is saved.
    pub(crate) saving: embassy_sync::mutex::Mutex<CriticalSectionRawMutex, ()>,
    pub(crate) save: Signal<CriticalSectionRawMutex, ()>,
    pub(crate) reset: Signal<CriticalSectionRawMutex, ()>,
    pub(crate) saved: Signal<CriticalSectionRawMutex, bool>,
}

pub(crate) struct State {
    pub(crate) portal: Portal,
    /// The name by which it was found last in the network that is joined.
    found: Option<Name>,
    /// What there is to say to what was asked of the device last.
    pub(crate) said: Option<&'static str>,
    /// A password that is to be set, until it is.
    pub(crate) new_password: Option<Text>,
    /// One is being set.
    pub(crate) sets_password: bool,
}

impl SetUp {
    /// For the device of that name. `log_in` need not have a password: one may be set on the page, once.
    pub fn new(settings: &'static Settings, name: Name, log_in: &'static LogIn) -> Self {
        let state = State {
            portal: Portal::new(),
            found: None,
            said: None,
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

    /// The name that the device will have from its next start on.
    pub fn next_name(&self) -> Name {
        let set = self.settings.device_name();
        set.and_then(|name| name.as_str().parse().ok()).unwrap_or(self.name)
    }

    /// In the network that is joined, the device is found by this name (mDNS): what the page tells, if it is not to have another
    /// name soon. To be called each time that it is known.
    pub fn found_as(&self, name: &Name) {
        self.with(|state| state.found = Some(*name));
        self.found.signal(());
    }

    /// The name by which it will be found in the network that is joined.
    pub(crate) fn found_name(&self) -> Name {
        let next = self.next_name();
        if next != self.name {
            return next;
        }
        self.with(|state| state.found).unwrap_or(next)
    }

    /// Another network is joined: its name there is not known yet.
    pub(crate) fn forget_found(&self) {
        self.found.reset();
    }

    /// Waits until its name in the network that is joined is known, but not for long.
    pub(crate) async fn wait_until_found(&self) {
        // A name that it is to have later nobody can know.
        if self.next_name() == self.name {
            let _ = self.found.wait().with_timeout(FOUND_WITHIN).await;
        }
    }

    /// Waits for something that the radio, or the memory, is to do. If this is dropped, nothing is lost.
    pub(crate) async fn next_task(&self) -> Task {
        loop {
            match self.with(|state| state.portal.next_task()) {
                Task::Rest => self.asked.wait().await,
                task => return task,
            }
        }
    }

    /// There may be something to do.
    pub(crate) fn ask(&self) {
        self.asked.signal(());
    }

    /// Short, and not within itself.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        self.state.lock(|state| act(&mut state.borrow_mut()))
    }
}

impl fmt::Debug for SetUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetUp").field("name", &self.name).finish_non_exhaustive()
    }
}

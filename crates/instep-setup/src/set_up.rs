//! What the page, the radio and the settings share.

use crate::password::Text;
use core::cell::RefCell;
use core::fmt;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use instep::LogIn;
use instep_network::name::Name;
use instep_network::portal::{Portal, Task};
use instep_settings::Settings;

/// How a device is set up. It goes to the server as its board's pages.
pub struct SetUp {
    pub(crate) settings: &'static Settings,
    /// The name that it was started with.
    pub(crate) name: Name,
    pub(crate) log_in: &'static LogIn,
    state: Mutex<CriticalSectionRawMutex, RefCell<State>>,
    /// There may be something to do for whoever has the radio.
    asked: Signal<CriticalSectionRawMutex, ()>,
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
        let state = State { portal: Portal::new(), said: None, new_password: None, sets_password: false };
        Self {
            settings,
            name,
            log_in,
            state: Mutex::new(RefCell::new(state)),
            asked: Signal::new(),
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

//! How the device is told of a network: what its page and its radio share.

use core::cell::RefCell;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_time::Timer;
use instep_network::portal::{Portal, Task};

/// How often the radio asks whether there is something to do, in milliseconds.
const ASK_EVERY: u64 = 250;

static PORTAL: Mutex<CriticalSectionRawMutex, RefCell<Option<Portal>>> = Mutex::new(RefCell::new(None));

/// Lends the portal.
pub fn with<T>(use_it: impl FnOnce(&mut Portal) -> T) -> T {
    PORTAL.lock(|portal| use_it(portal.borrow_mut().get_or_insert_with(Portal::new)))
}

/// Waits for the next task of the radio.
pub async fn next_task() -> Task {
    loop {
        match with(Portal::next_task) {
            Task::Rest => Timer::after_millis(ASK_EVERY).await,
            task => return task,
        }
    }
}

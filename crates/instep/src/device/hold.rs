//! Wake-ups that are held while a driver serves its clients and the application in one task.
//!
//! Without this, each message and each publish would wake the task that is running, and it would run once more for nothing.

/// Hold of one driver.
#[derive(Debug)]
pub(crate) struct Hold {
    /// Index of the driver.
    pub(crate) follower: usize,
    /// Whether the application was to be woken.
    pub(crate) application_is_due: bool,
}

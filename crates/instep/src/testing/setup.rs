//! What a device under test is made of.

use crate::access::Access;
use crate::app::App;
use crate::limits::Limits;

static ACCESS: Access = Access::new("device").with_ports(&[80]);

/// A device under test: its application, its limits, and its access control.
///
/// ```
/// use instep::testing::Setup;
/// use instep::{App, Limits};
///
/// const APP: App = App::new("quiet", "Says nothing").endpoint("/ws");
///
/// Setup::new(&APP).with_limits(Limits::DEVICE.with_clients(1)).run(
///     |_, inbox| async { inbox.on_message(|_| ()).await },
///     async |link| {
///         let _first = link.open("/ws").await;
///         assert_eq!(link.try_open("/ws").await.unwrap_err().status, 503);
///     },
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub(super) app: &'static App,
    pub(super) limits: Limits,
    pub(super) access: &'static Access,
}

impl Setup {
    /// Returns a device with the limits of a microcontroller ([`Limits::DEVICE`]).
    pub const fn new(app: &'static App) -> Self {
        Self { app, limits: Limits::DEVICE, access: &ACCESS }
    }

    /// Replaces the limits.
    #[must_use]
    pub const fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Replaces the access control, which allows no other origin.
    #[must_use]
    pub const fn with_access(self, access: &'static Access) -> Self {
        Self { access, ..self }
    }
}

//! Extent of a run.

use std::time::Duration;

/// Number of properties of a simulated device.
pub const PROPERTIES: usize = 10;
/// Number of gateways that viewers look at.
pub const GATEWAYS: usize = 2;

/// Extent of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Numbers of devices of the small fleet and of the large one, behind which the viewers are.
    pub devices: [usize; 2],
    /// Starts of a gateway with each fleet.
    pub starts: usize,
    /// Time for which a fleet is watched whose devices change, and one whose devices do not.
    pub watched: Duration,
    /// Viewers at each gateway.
    pub viewers: usize,
    /// Repeats of the deliveries to viewers.
    pub repeats: usize,
    /// Time of each repeat.
    pub time: Duration,
}

impl Plan {
    /// The run for docs/reference/benchmarks.md.
    pub const FULL: Self = Self {
        devices: [1_000, 10_000],
        starts: 5,
        watched: Duration::from_secs(10),
        viewers: 2_000,
        repeats: 9,
        time: Duration::from_millis(800),
    };
    /// A first look.
    pub const QUICK: Self = Self {
        devices: [100, 1_000],
        starts: 2,
        watched: Duration::from_secs(2),
        viewers: 200,
        repeats: 3,
        time: Duration::from_millis(200),
    };

    /// Returns the maximum number of devices.
    pub fn devices_max(&self) -> usize {
        self.devices.into_iter().max().unwrap_or_default()
    }

    /// Returns the number of viewers at all gateways, and that at the device itself.
    pub fn viewers_in_all(&self) -> usize {
        GATEWAYS * self.viewers
    }

    /// Returns the number of sockets of the viewers at the gateways and at the device.
    pub fn sockets(&self) -> usize {
        2 * self.viewers_in_all()
    }
}

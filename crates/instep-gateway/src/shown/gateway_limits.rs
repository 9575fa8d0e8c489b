//! Limits of what viewers look at.

/// Limits of what viewers look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GatewayLimits {
    /// The maximum number of devices that are looked at at the same time.
    pub viewed: usize,
    /// The maximum number of viewers of one device.
    pub viewers: usize,
    /// The maximum length of a frame to or from a viewer, in bytes.
    pub frame: usize,
    /// The number of events of a device that are kept for viewers that are slow, or come again.
    pub events: usize,
    /// The maximum number of commands of a device that wait for their answers.
    pub commands: usize,
    /// The maximum number of different descriptions of devices that were looked at since the start.
    pub declarations: usize,
    /// The maximum length of all these descriptions together, in bytes.
    pub declaration_bytes: usize,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            viewed: 1_000,
            viewers: 512,
            frame: 16 * 1_024,
            events: 64,
            commands: 8,
            declarations: 1_000,
            declaration_bytes: 16 * 1_024 * 1_024,
        }
    }
}

impl GatewayLimits {
    /// Sets the maximum number of devices that are looked at at the same time.
    #[must_use]
    pub fn with_viewed(self, viewed: usize) -> Self {
        Self { viewed, ..self }
    }

    /// Sets the maximum number of viewers of one device.
    #[must_use]
    pub fn with_viewers(self, viewers: usize) -> Self {
        Self { viewers, ..self }
    }
}

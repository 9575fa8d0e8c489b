//! What was measured.

use crate::plan::PROPERTIES;
use instep_bench::sample::Sample;

/// Everything that was measured.
#[derive(Debug)]
pub struct Figures {
    /// The small fleet and the large one.
    pub fleets: [Fleet; 2],
    /// A fleet whose devices change.
    pub heard: Heard,
    /// Viewers of one device.
    pub viewers: Viewers,
}

/// Gateway of a fleet whose values stay as they are.
#[derive(Debug)]
pub struct Fleet {
    /// Devices of the fleet.
    pub devices: usize,
    /// Time from the start of the process until it has all values, descriptions and states, in s.
    pub start: Sample,
    /// CPU time of the gateway for that, in s.
    pub gateway_cpu: Sample,
    /// CPU time of the broker for that, in s.
    pub broker_cpu: Sample,
    /// Share of a core that the broker takes while nothing changes.
    pub broker_at_rest: f64,
    /// Memory that the gateway has more than one without devices, in bytes.
    pub memory: Sample,
}

/// Fleet whose devices change a value once a second.
#[derive(Debug)]
pub struct Heard {
    /// Devices of the fleet.
    pub devices: usize,
    /// Messages a second that the gateway heard.
    pub rate: f64,
    /// CPU time of the gateway for each, in µs.
    pub gateway: f64,
    /// CPU time of the broker for each, in µs.
    pub broker: f64,
}

/// Viewers of one device, at the device itself and at gateways.
#[derive(Debug, Default)]
pub struct Viewers {
    /// At the device itself.
    pub direct: Deliveries,
    /// At all gateways.
    pub gateways: Deliveries,
    /// CPU time of the broker for each publish, in µs.
    pub broker: Sample,
    /// CPU time of the device for each publish to the broker, in µs.
    pub device: Sample,
}

/// Deliveries to viewers.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// CPU time of the servers for each delivery, in µs.
    pub cpu: Sample,
    /// Time until half of the viewers have a value, in ms.
    pub p50: Sample,
    /// Time until 99 % of the viewers have a value, in ms.
    pub p99: Sample,
    /// Time until the last viewer has a value, in ms; the median of all publishes.
    pub last: Sample,
}

impl Fleet {
    /// Returns the memory of a device, in bytes.
    pub fn per_device(&self) -> Sample {
        self.memory_over(self.devices)
    }

    /// Returns the memory of a property, in bytes, with its share of all that a device takes.
    pub fn per_property(&self) -> Sample {
        self.memory_over(PROPERTIES * self.devices)
    }

    #[expect(clippy::cast_precision_loss, reason = "they are far below 2^52")]
    fn memory_over(&self, count: usize) -> Sample {
        Sample(self.memory.0.iter().map(|bytes| bytes / count as f64).collect())
    }
}

impl Viewers {
    /// Returns the CPU time of a delivery at gateways, as a ratio to that at the device itself.
    pub fn ratio(&self) -> Sample {
        self.gateways.cpu.ratio(&self.direct.cpu)
    }
}

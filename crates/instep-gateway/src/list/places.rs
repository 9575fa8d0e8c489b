//! Places of devices in the list.

use instep_mqtt::DeviceId;
use std::collections::HashMap;

/// Places of devices, numbered from 0. The place of a device that is gone is used again.
#[derive(Debug)]
pub(super) struct Places {
    of: HashMap<DeviceId, Place>,
    free: Vec<usize>,
    next: usize,
    max: usize,
    /// Number of the current round, in which devices are told anew.
    round: u64,
}

#[derive(Debug)]
struct Place {
    number: usize,
    /// The last round in which the device was told.
    round: u64,
}

impl Places {
    pub(super) fn new(max: usize) -> Self {
        Self { of: HashMap::new(), free: Vec::new(), next: 0, max, round: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.of.len()
    }

    /// Returns the place of a device, which gets one if it has none. Returns `None` if all are used.
    pub(super) fn take(&mut self, id: DeviceId) -> Option<usize> {
        if let Some(place) = self.of.get_mut(&id) {
            place.round = self.round;
            return Some(place.number);
        }
        let number = self.free.pop().or_else(|| {
            let next = self.next;
            (next < self.max).then(|| {
                self.next += 1;
                next
            })
        })?;
        self.of.insert(id, Place { number, round: self.round });
        Some(number)
    }

    /// Frees the place of a device that is gone, and returns it.
    pub(super) fn free(&mut self, id: &DeviceId) -> Option<usize> {
        let Place { number, .. } = self.of.remove(id)?;
        self.free.push(number);
        Some(number)
    }

    /// Begins a round, in which all devices are told anew.
    pub(super) fn begin_round(&mut self) {
        self.round += 1;
    }

    /// Returns the devices that were not told in this round.
    pub(super) fn untold(&self) -> Vec<DeviceId> {
        self.of.iter().filter(|(_, place)| place.round != self.round).map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DeviceId {
        DeviceId::new(text).unwrap()
    }

    #[test]
    fn place_of_a_device_that_is_gone_is_used_again() {
        let mut places = Places::new(2);
        assert_eq!(
            (places.take(id("a")), places.take(id("b")), places.take(id("a"))),
            (Some(0), Some(1), Some(0))
        );
        assert_eq!((places.take(id("c")), places.count()), (None, 2));
        assert_eq!((places.free(&id("a")), places.free(&id("a"))), (Some(0), None));
        assert_eq!((places.take(id("c")), places.count()), (Some(0), 2));
    }

    #[test]
    fn devices_that_are_not_told_anew_are_known() {
        let mut places = Places::new(9);
        places.take(id("a"));
        places.take(id("b"));
        assert_eq!(places.untold(), []);
        places.begin_round();
        places.take(id("b"));
        places.take(id("c"));
        assert_eq!(places.untold(), [id("a")]);
    }
}

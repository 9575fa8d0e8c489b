//! The right of a connection to be there.

use crate::admission::{Gate, Holder};
use crate::rate::Rate;
use instep::{AddressLimit, Standing};
use std::cell::OnceCell;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

/// The right to be connected, if only to be told that all places are taken. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Permit {
    pub(crate) gate: Arc<Gate>,
    pub(crate) address: IpAddr,
    /// The key of its holder.
    pub(crate) number: usize,
    /// How many messages the address may send; `None`: as many as it likes.
    pub(crate) rate: Option<Arc<Rate>>,
    /// For whom a proxy forwards, once that is known, and how many messages may come from there.
    pub(crate) forwarded: OnceCell<Box<(IpAddr, Option<Arc<Rate>>)>>,
    /// It is above the limits.
    pub(crate) refused: bool,
}

impl AddressLimit for Permit {
    fn count(&self, address: IpAddr) -> bool {
        let gate = &self.gate;
        let mut counts = gate.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let from_there = counts.addresses.get(&address).map_or(0, |from_there| from_there.connections);
        if gate.is_limited(address) && from_there >= gate.per_address {
            counts.refused_per_address += 1;
            return false;
        }
        // A connection becomes a WebSocket once.
        self.forwarded.get_or_init(|| {
            Box::new((address, counts.connect(address, gate.message_rate, gate.total_limit)))
        });
        true
    }
}

impl Permit {
    /// How many messages may come over it; `None`: any number.
    pub(crate) fn rate(&self) -> Option<&Rate> {
        self.forwarded.get().map_or(&self.rate, |forwarded| &forwarded.1).as_deref()
    }

    /// Takes note of who holds it.
    pub(crate) fn take_seat(&self, shard: usize, key: usize) {
        let mut counts = self.gate.counts.lock().unwrap_or_else(PoisonError::into_inner);
        // There are never so many of either.
        let (Ok(shard), Ok(key)) = (shard.try_into(), key.try_into()) else { return };
        counts.holders[self.number] = Holder { shard, key };
    }

    /// Takes note of how the connection stands.
    pub(crate) fn set_standing(&self, standing: Standing) {
        // Who is only told that there is no place takes none, so it cannot give any up.
        if !self.refused {
            self.gate.standings.set(self.number, standing);
        }
    }

    /// The number of how the connection stands.
    pub(crate) fn standing(&self) -> u64 {
        self.gate.standings.of(self.number)
    }

    /// It was asked to leave, but is in use by now: another one is to be asked.
    pub(crate) fn stay(&self) {
        let mut counts = self.gate.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.asked.take_if(|asked| *asked == self.number);
        self.gate.changed.notify_one();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.standings.set(self.number, Standing::InUse);
        let mut counts = self.gate.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.holders.remove(self.number);
        counts.asked.take_if(|asked| *asked == self.number);
        self.gate.changed.notify_one();
        if self.refused {
            counts.told -= 1;
            return;
        }
        counts.total -= 1;
        counts.disconnect(self.address);
        if let Some(forwarded) = self.forwarded.get() {
            counts.disconnect(forwarded.0);
        }
    }
}

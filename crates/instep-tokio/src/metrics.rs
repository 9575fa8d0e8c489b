//! What an operator wants to know of a running server.
//!
//! What is counted for each byte is counted by its shard, in numbers that no other thread writes. How far clients
//! are behind is found out only when somebody asks.

use crate::admission::AdmissionControl;
use instep::Device;
use instep::driver::{Counts, RefusalReason};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a shard may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// Questions that may wait for a shard; whoever has more waits to ask.
const QUEUE_LENGTH: usize = 16;

/// How far clients are behind: a histogram of revisions, each [`Client::lag`](instep::driver::Client::lag).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    buckets: [u64; Self::BOUNDS.len()],
    clients: u64,
    revisions: u64,
}

impl Lag {
    /// The upper bounds of the buckets, inclusive.
    pub const BOUNDS: [u64; 12] = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

    /// For each of [`Lag::BOUNDS`], how many clients are behind by no more than that.
    pub fn cumulated(&self) -> [u64; Self::BOUNDS.len()] {
        let mut sum = 0;
        self.buckets.map(|count| {
            sum += count;
            sum
        })
    }

    /// How many clients follow what is published; an endpoint that only echoes has none.
    pub fn clients(&self) -> u64 {
        self.clients
    }

    /// The revisions of all clients together.
    pub fn revisions(&self) -> u64 {
        self.revisions
    }

    pub(crate) fn add(&mut self, lag: u64) {
        if let Some(at) = Self::BOUNDS.iter().position(|bound| lag <= *bound) {
            self.buckets[at] += 1;
        }
        self.clients += 1;
        self.revisions = self.revisions.saturating_add(lag);
    }

    fn merge(&mut self, other: &Self) {
        for (mine, other) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += other;
        }
        self.clients += other.clients;
        self.revisions = self.revisions.saturating_add(other.revisions);
    }
}

/// A server at one moment. Totals count from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// What the device counts.
    pub counts: Counts,
    /// Connections that are open, those of clients and others.
    pub connections: u64,
    /// Messages that clients sent, to the application or to an endpoint that answers inline.
    pub messages_received: u64,
    /// Bytes read from sockets, without what TLS adds.
    pub received_bytes: u64,
    /// Bytes that sockets accepted, without what TLS adds.
    pub sent_bytes: u64,
    /// How far clients are behind; `None` if not every shard said so.
    pub lag: Option<Lag>,
    /// Shards that did not answer within a second.
    pub shards_unresponsive: usize,
    /// Connections that were refused as a whole: there are too many in all, and too many from one address.
    refused_connections: (u64, u64),
}

impl Metrics {
    /// Requests and connections that were refused.
    pub fn refused(&self, reason: RefusalReason) -> u64 {
        let connections = match reason {
            RefusalReason::Full => self.refused_connections.0,
            RefusalReason::PerAddress => self.refused_connections.1,
            _ => 0,
        };
        self.counts.refused(reason) + connections
    }
}

/// What is measured outside of the device.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(crate) gate: Arc<AdmissionControl>,
    pub(crate) shards: Box<[ShardMeter]>,
}

impl Meters {
    pub(crate) fn new(gate: Arc<AdmissionControl>, shards: usize) -> Self {
        Self { gate, shards: (0..shards).map(|_| ShardMeter::default()).collect() }
    }

    /// Asks every shard, and waits for each a second at most.
    pub(crate) async fn metrics(&self, device: &Device) -> Metrics {
        let shards = &self.shards;
        let mut asking: JoinSet<_> =
            shards.iter().map(|shard| timeout(ANSWER_TIMEOUT, ask(shard.questions()))).collect();
        let (mut lag, mut answered) = (Lag::default(), 0);
        while let Some(answer) = asking.join_next().await {
            if let Ok(Ok(Some(of_shard))) = answer {
                lag.merge(&of_shard);
                answered += 1;
            }
        }
        let shards_unresponsive = shards.len() - answered;
        let sum = |value: fn(&ShardMeter) -> &Counter| shards.iter().map(|shard| value(shard).total()).sum();
        let connections = self.gate.snapshot();
        Metrics {
            counts: device.counts(),
            connections: connections.open,
            messages_received: sum(|shard| &shard.messages),
            received_bytes: sum(|shard| &shard.received),
            sent_bytes: sum(|shard| &shard.sent),
            lag: (shards_unresponsive == 0).then_some(lag),
            shards_unresponsive,
            refused_connections: (connections.refused_full, connections.refused_per_address),
        }
    }
}

/// What one shard counts, apart from what others write to.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ShardMeter {
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
    pub(crate) messages: Counter,
    /// Where to ask the shard; `None` while it does not run.
    questions: Mutex<Option<mpsc::Sender<Question>>>,
}

/// Somebody wants to know how far the clients of a shard are behind.
pub(crate) type Question = oneshot::Sender<Lag>;

impl ShardMeter {
    /// The shard begins to run: here it gets its questions.
    pub(crate) fn listen(&self) -> mpsc::Receiver<Question> {
        let (ask, asked) = mpsc::channel(QUEUE_LENGTH);
        *self.questions.lock().unwrap_or_else(PoisonError::into_inner) = Some(ask);
        asked
    }

    fn questions(&self) -> Option<mpsc::Sender<Question>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn ask(shard: Option<mpsc::Sender<Question>>) -> Option<Lag> {
    let (question, answer) = oneshot::channel();
    shard?.send(question).await.ok()?;
    answer.await.ok()
}

/// A count that one thread writes and any may read.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Only for the thread whose counter it is: another one's addition at the same time would be lost.
    pub(crate) fn add(&self, more: usize) {
        let total = self.0.load(Ordering::Relaxed).wrapping_add(more as u64);
        self.0.store(total, Ordering::Relaxed);
    }

    fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_at_and_between_the_bounds_and_beyond_the_last() {
        let (mut one, mut two) = (Lag::default(), Lag::default());
        for lag in [0, 0, 1, 3, 4, 5] {
            one.add(lag);
        }
        for lag in [1024, 1025, u64::MAX] {
            two.add(lag);
        }
        one.merge(&two);
        assert_eq!(one.cumulated(), [2, 3, 3, 5, 6, 6, 6, 6, 6, 6, 6, 7]);
        assert_eq!((one.clients(), one.revisions()), (9, u64::MAX));
    }
}

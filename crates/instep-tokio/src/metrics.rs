//! Metrics of a running server.
//!
//! Each shard counts its bytes in counters that no other thread writes. The lag of clients is computed only on
//! request.

use crate::admission::AdmissionControl;
use instep::Device;
use instep::driver::{Counts, RefusalReason};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Time limit for a shard's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum questions in a shard's queue; further ones wait.
const QUEUE_LENGTH: usize = 16;

/// Histogram of how many revisions clients are behind.
///
/// Each value is a [`Client::lag`](instep::driver::Client::lag).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    buckets: [u64; Self::BOUNDS.len()],
    clients: u64,
    revisions: u64,
}

impl Lag {
    /// Upper bounds of the buckets, inclusive, in revisions.
    pub const BOUNDS: [u64; 12] = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

    /// Returns how many clients are behind by at most each of [`Lag::BOUNDS`].
    pub fn cumulated(&self) -> [u64; Self::BOUNDS.len()] {
        let mut sum = 0;
        self.buckets.map(|count| {
            sum += count;
            sum
        })
    }

    /// Returns how many clients receive published messages.
    ///
    /// An endpoint that only echoes has no such clients.
    pub fn clients(&self) -> u64 {
        self.clients
    }

    /// Returns the sum of all clients' lag, in revisions.
    pub fn revisions(&self) -> u64 {
        self.revisions
    }

    pub(crate) fn add(&mut self, lag: u64) {
        if let Some(i) = Self::BOUNDS.iter().position(|bound| lag <= *bound) {
            self.buckets[i] += 1;
        }
        self.clients += 1;
        self.revisions = self.revisions.saturating_add(lag);
    }

    fn merge(&mut self, other: &Self) {
        for (count, other) in self.buckets.iter_mut().zip(other.buckets) {
            *count += other;
        }
        self.clients += other.clients;
        self.revisions = self.revisions.saturating_add(other.revisions);
    }
}

/// Metrics of a server at one moment. Totals count from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Counts of the device.
    pub counts: Counts,
    /// Open connections, of WebSocket clients and others.
    pub connections: u64,
    /// Messages from clients, to the application or to an inline endpoint.
    pub messages_received: u64,
    /// Bytes read from sockets, without the overhead of TLS.
    pub received_bytes: u64,
    /// Bytes accepted by sockets, without the overhead of TLS.
    pub sent_bytes: u64,
    /// Lag of all clients; `None` if any shard did not answer.
    pub lag: Option<Lag>,
    /// Number of shards that did not answer within a second.
    pub shards_unresponsive: usize,
    /// Connections refused by the limit in all, and by the limit per address.
    refused_connections: (u64, u64),
}

impl Metrics {
    /// Returns how many requests and connections were refused for `reason`.
    pub fn refused(&self, reason: RefusalReason) -> u64 {
        let connections = match reason {
            RefusalReason::Full => self.refused_connections.0,
            RefusalReason::PerAddress => self.refused_connections.1,
            _ => 0,
        };
        self.counts.refused(reason) + connections
    }
}

/// Counters outside of the device.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(crate) admission: Arc<AdmissionControl>,
    pub(crate) shards: Box<[ShardMeter]>,
    /// Number of clients with an open WebSocket or a stream, at the server and at the devices behind it.
    pub(crate) open: AtomicUsize,
}

impl Meters {
    pub(crate) fn new(admission: Arc<AdmissionControl>, shards: usize) -> Self {
        Self {
            admission,
            shards: (0..shards).map(|_| ShardMeter::default()).collect(),
            open: AtomicUsize::new(0),
        }
    }

    /// Collects the metrics, and waits at most one second for the shards.
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
        let connections = self.admission.snapshot();
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

/// Counters of one shard, on their own cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ShardMeter {
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
    pub(crate) messages: Counter,
    /// Queue of the shard's questions; `None` before it runs.
    questions: Mutex<Option<mpsc::Sender<Question>>>,
}

/// Question for the lag of a shard's clients, as the channel of its answer.
pub(crate) type Question = oneshot::Sender<Lag>;

impl ShardMeter {
    /// Opens the queue of questions for a shard that starts.
    pub(crate) fn listen(&self) -> mpsc::Receiver<Question> {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
        *self.questions.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
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

/// Counter that one thread writes and any may read.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds to the counter.
    ///
    /// Only its own thread may call this, because a concurrent addition would be lost.
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
    fn lag_is_counted_up_to_each_bound() {
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

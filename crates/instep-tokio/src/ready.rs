//! Ready list of a shard: the connections to serve next.

use static_waker::{StaticWake, waker};
use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Number of wakers of a block, which is its alignment and the number of bits of [`Block::queued`].
const BLOCK: usize = 64;

/// Ready list: connections whose wakers were called, in that order.
///
/// Each connection is on the list at most once. A task for each connection would do the same, but takes about 250
/// bytes more for each. A waker takes one byte, because 64 of them share a block, which lives as long as the process.
#[derive(Debug)]
pub(crate) struct Ready {
    queue: &'static Queue,
    blocks: RefCell<Vec<&'static Block>>,
}

#[derive(Debug, Default)]
struct Queue(Mutex<Called>);

#[derive(Debug, Default)]
struct Called {
    keys: Vec<u32>,
    waker: Option<Waker>,
}

/// Targets of the wakers of connections with consecutive keys.
#[derive(Debug)]
#[repr(align(64))]
struct Block {
    /// Bits of the connections that are on the list.
    queued: AtomicU64,
    /// Key of the first connection.
    first: u32,
    queue: &'static Queue,
}

impl Ready {
    pub(crate) fn new() -> Self {
        // Leaked, because wakers may outlive the shard.
        Self { queue: Box::leak(Box::default()), blocks: RefCell::default() }
    }

    /// Returns the waker that puts the connection with `key` on the list.
    pub(crate) fn waker(&self, key: usize) -> Waker {
        waker(self.block(key), key % BLOCK)
    }

    /// Puts the connection with `key` on the list.
    pub(crate) fn wake(&self, key: usize) {
        self.block(key).wake(key % BLOCK);
    }

    /// Returns whether no connection is ready.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.called().keys.is_empty()
    }

    /// Waits until a connection is ready, and moves the keys of all ready ones to `called`.
    ///
    /// `called` must be empty.
    pub(crate) async fn wait(&self, called: &mut Vec<u32>) {
        poll_fn(|context| self.poll(context, called)).await;
    }

    /// Moves the keys of all ready connections to `called`, which must be empty, or registers for the next one.
    pub(crate) fn poll(&self, context: &mut Context<'_>, called: &mut Vec<u32>) -> Poll<()> {
        let mut queue = self.queue.called();
        if queue.keys.is_empty() {
            queue.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        std::mem::swap(&mut queue.keys, called);
        drop(queue);
        for key in called {
            let key = *key as usize;
            // A later call puts the connection on the list again.
            self.block(key).queued.fetch_and(!(1 << (key % BLOCK)), Ordering::AcqRel);
        }
        Poll::Ready(())
    }

    fn block(&self, key: usize) -> &'static Block {
        let mut blocks = self.blocks.borrow_mut();
        while blocks.len() <= key / BLOCK {
            let first = u32::try_from(blocks.len() * BLOCK).expect("too many connections");
            let block = Block { queued: AtomicU64::new(0), first, queue: self.queue };
            blocks.push(Box::leak(Box::new(block)));
        }
        blocks[key / BLOCK]
    }
}

impl Queue {
    fn called(&self) -> MutexGuard<'_, Called> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StaticWake for Block {
    fn wake(&'static self, index: usize) {
        let bit = 1 << index;
        if self.queued.fetch_or(bit, Ordering::AcqRel) & bit == 0 {
            let mut queue = self.queue.called();
            #[expect(clippy::cast_possible_truncation, reason = "it is below BLOCK")]
            queue.keys.push(self.first + index as u32);
            if let Some(waker) = queue.waker.take() {
                drop(queue);
                waker.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn called(ready: &Ready) -> Vec<u32> {
        let mut called = Vec::new();
        let _ = ready.poll(&mut Context::from_waker(Waker::noop()), &mut called);
        called
    }

    #[test]
    fn each_connection_is_listed_once_until_it_is_taken() {
        let ready = Ready::new();
        let wakers = [0, 63, 64, 1000].map(|key| ready.waker(key));
        assert!(ready.is_empty() && called(&ready).is_empty());
        for waker in wakers.iter().rev().chain(&wakers) {
            waker.wake_by_ref();
        }
        ready.wake(64);
        assert_eq!(called(&ready), [1000, 64, 63, 0]);
        wakers[1].wake_by_ref();
        assert_eq!((called(&ready), called(&ready)), (vec![63], vec![]));
    }

    #[test]
    fn calls_of_other_threads_are_listed() {
        let ready = Ready::new();
        thread::scope(|scope| {
            for key in 0..200 {
                let waker = ready.waker(key);
                scope.spawn(move || waker.wake());
            }
        });
        let mut keys = called(&ready);
        keys.sort_unstable();
        assert!(keys.into_iter().eq(0..200));
    }
}

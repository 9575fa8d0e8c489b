//! Ready list of a shard: the connections to serve next.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Ready list: connections whose wakers were called, in that order.
///
/// Each connection is on the list at most once. A task for each connection would do the same, but takes about 250
/// bytes more for each.
#[derive(Debug, Default)]
pub(crate) struct Ready(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    called: Vec<Arc<Called>>,
    waker: Option<Waker>,
}

/// Target of the waker of one connection.
#[derive(Debug)]
pub(crate) struct Called {
    /// Key of the connection within its shard.
    pub(crate) key: usize,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Ready {
    /// Returns a waker that puts the connection with `key` on the list.
    pub(crate) fn waker(self: &Arc<Self>, key: usize) -> Waker {
        Arc::new(Called { key, queued: AtomicBool::new(false), ready: self.clone() }).into()
    }

    /// Returns whether no connection is ready.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue().called.is_empty()
    }

    /// Waits until a connection is ready, and moves all ready ones to `called`.
    ///
    /// `called` must be empty.
    pub(crate) async fn wait(&self, called: &mut Vec<Arc<Called>>) {
        poll_fn(|context| self.poll(context, called)).await;
    }

    /// Moves all ready connections to `called`, which must be empty, or registers for the next one.
    pub(crate) fn poll(&self, context: &mut Context<'_>, called: &mut Vec<Arc<Called>>) -> Poll<()> {
        let mut queue = self.queue();
        if queue.called.is_empty() {
            queue.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        std::mem::swap(&mut queue.called, called);
        drop(queue);
        for called in called {
            // A later call puts the connection on the list again.
            called.queued.store(false, Ordering::Release);
        }
        Poll::Ready(())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            let ready = self.ready.clone();
            let mut queue = ready.queue();
            queue.called.push(self);
            if let Some(waker) = queue.waker.take() {
                drop(queue);
                waker.wake();
            }
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.clone().wake();
    }
}

//! A test's end of one connection, and waiting.

use super::connection::Connection;
use super::net::Net;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// Maximum time that a test waits for the device, in virtual s.
pub(super) const WAIT_MAX: u64 = 60;

/// The network, as pages and links share it.
pub(super) type SharedNet = Rc<RefCell<Net>>;

/// A test's end of one connection. Dropping it ends the connection.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) net: SharedNet,
    pub(super) number: u16,
}

impl Handle {
    /// Connects, and sends a request.
    pub(super) fn connect(net: &SharedNet, request: Vec<u8>) -> Self {
        let number = net.borrow_mut().connect(request);
        Self { net: net.clone(), number }
    }

    /// Waits until `ready` returns a value. Returns `None` after [`WAIT_MAX`].
    pub(super) async fn wait<T>(&self, mut ready: impl FnMut(&mut Connection) -> Option<T>) -> Option<T> {
        // The test is polled whenever the device waits, so nothing has to wake it.
        let ready = poll_fn(|_| match ready(self.net.borrow_mut().connection(self.number)) {
            Some(value) => Poll::Ready(value),
            None => Poll::Pending,
        });
        tokio::time::timeout(Duration::from_secs(WAIT_MAX), ready).await.ok()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // It is borrowed if the device has panicked.
        if let Ok(mut net) = self.net.try_borrow_mut() {
            net.leave(self.number);
        }
    }
}

/// Waits until the application and the device wait.
pub(super) async fn settle() {
    let mut polled = false;
    poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

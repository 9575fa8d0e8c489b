//! Accepting when descriptors or memory have run out.
//!
//! When file descriptors run out, the lowest-priority connection is evicted: an idle one, a partial request, or
//! a client that answers no pings. A responsive client is never evicted. If no connection can be evicted, the new
//! connection gets 503 on a reserved descriptor, because in the accept queue it would cause a busy loop.

use crate::dispatch::{Dispatcher, Incoming, Listeners};
use crate::permit::Admission;
use crate::throttle::LogThrottle;
use instep::Device;
use instep_proto::http::{Reply, Status};
use rustix::io::Errno;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Write as _};
use std::net::Shutdown;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Pause before accepting is retried, because an immediate retry would fail again.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Returns whether an error means that descriptors or memory have run out.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    let errnos = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS];
    error.raw_os_error().is_some_and(|error| errnos.iter().any(|errno| errno.raw_os_error() == error))
}

/// Reserve for the time when descriptors or memory run out.
pub(crate) struct Exhaustion {
    /// Reserved descriptor, closed while a connection is rejected with 503.
    reserve: Option<File>,
    /// Response with 503.
    response: Vec<u8>,
    throttle: LogThrottle,
}

impl Exhaustion {
    pub(crate) fn new(device: &Device) -> Self {
        let mut response = vec![0; 1024];
        let length = Reply::error(Status::ServiceUnavailable, None).produce(device, &mut response);
        response.truncate(length);
        Self { reserve: reserve(), response, throttle: LogThrottle::default() }
    }

    /// Evicts a connection and returns a new one, or rejects the new one.
    ///
    /// No other connection is accepted meanwhile.
    pub(crate) async fn free_descriptor(
        &mut self,
        error: &io::Error,
        listeners: &mut Listeners,
        dispatcher: &Dispatcher,
    ) -> Option<Incoming> {
        // Without a free descriptor, accepting fails even if the queue is empty, and an eviction would be in
        // vain.
        drop(self.reserve.take());
        let accepted = poll_fn(|context| {
            Poll::Ready(match listeners.poll(context) {
                Poll::Ready(accepted) => Some(accepted.ok()),
                Poll::Pending => None,
            })
        });
        let Some(incoming) = accepted.await else {
            self.reserve = reserve();
            return None;
        };
        if self.throttle.is_due() {
            log::error!("accept failed: {error}; evicting an idle connection, or rejecting with 503");
        }
        while let Some(Admission::Wait(eviction)) = dispatcher.admission.evict() {
            let _ = timeout(RETRY_PAUSE, dispatcher.wait(eviction)).await;
            // The freed descriptor becomes the new reserve, unless another part of the process took it.
            self.reserve = reserve();
            if self.reserve.is_some() {
                return incoming;
            }
        }
        match incoming {
            Some(Incoming { stream, security, .. }) => {
                dispatcher.admission.count_refused();
                // A TLS handshake would need memory, so an encrypted connection gets no response.
                let response = if security.is_none() { &self.response[..] } else { &[] };
                respond(stream, response).await;
            }
            None => tokio::time::sleep(RETRY_PAUSE).await,
        }
        self.reserve = reserve();
        None
    }
}

/// Sends a response, and closes once the request has arrived.
///
/// If the request arrived after the close, the kernel would send RST, and the peer might discard the response.
async fn respond(stream: std::net::TcpStream, response: &[u8]) {
    // Both calls fail only if the peer has reset the connection.
    let _ = (&stream).write(response);
    let _ = stream.shutdown(Shutdown::Write);
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let request = async {
        if stream.readable().await.is_ok() {
            let _ = stream.try_read(&mut [0; 4096]);
        }
    };
    let _ = timeout(RETRY_PAUSE, request).await;
}

/// Opens any file, to reserve a descriptor.
fn reserve() -> Option<File> {
    File::open("/dev/null").ok()
}

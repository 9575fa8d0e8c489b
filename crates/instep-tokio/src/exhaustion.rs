//! When descriptors or memory run out.
//!
//! Who costs least to give up makes room for the newcomer: an idle connection, a request that does not end, a
//! client that answers no pings; never a client that is well. If there is nobody, the newcomer is told by 503: one
//! descriptor is kept in reserve for that. Otherwise it would lie in the kernel's queue, and wake this process
//! again and again.

use crate::dispatch::{Dispatcher, Incoming, Listeners};
use crate::permit::Admission;
use crate::throttle::LogThrottle;
use instep::Device;
use instep_proto::http::{Reply, Status};
use rustix::io::Errno;
use socket2::SockRef;
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long accepting pauses when it cannot go on: trying at once would only burn time.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Whether accepting failed because the process, or the machine, has no descriptor or no memory left.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS];
    error.raw_os_error().is_some_and(|error| shortages.iter().any(|errno| errno.raw_os_error() == error))
}

/// What is kept for a shortage.
pub(crate) struct Exhaustion {
    /// A descriptor in reserve. It is given up for the moment that it takes to refuse a connection.
    reserve: Option<File>,
    /// The 503.
    refusal: Vec<u8>,
    throttle: LogThrottle,
}

impl Exhaustion {
    pub(crate) fn new(device: &Device) -> Self {
        let mut refusal = vec![0; 1024];
        let length = Reply::error(Status::ServiceUnavailable, None).produce(device, &mut refusal);
        refusal.truncate(length);
        Self { reserve: reserve(), refusal, throttle: LogThrottle::default() }
    }

    /// Lets one in whose connection could not be accepted, or refuses it. Meanwhile nothing else is accepted.
    pub(crate) async fn free_descriptor(
        &mut self,
        error: &io::Error,
        listeners: &mut Listeners,
        dealer: &Dispatcher,
    ) -> Option<Incoming> {
        // Without a descriptor accepting fails even if nobody is there, for whom a place would be given up in vain.
        drop(self.reserve.take());
        let accepted = poll_fn(|context| {
            Poll::Ready(match listeners.poll(context) {
                Poll::Ready(accepted) => Some(accepted.ok()),
                Poll::Pending => None,
            })
        });
        let Some(newcomer) = accepted.await else {
            self.reserve = reserve();
            return None;
        };
        if self.throttle.is_due() {
            log::error!(
                "A connection cannot be accepted: {error}. It gets the place of one that is idle or does not answer; if there is none, it is refused"
            );
        }
        while let Some(Admission::Wait(asked)) = dealer.gate.evict() {
            let _ = timeout(RETRY_PAUSE, dealer.wait(asked)).await;
            // What became free is the new reserve, unless others took it.
            self.reserve = reserve();
            if self.reserve.is_some() {
                return newcomer;
            }
        }
        match newcomer {
            Some(Incoming { stream, security, .. }) => {
                dealer.gate.count_refused();
                // To encrypt the answer is not worth what it takes now.
                let answer = if security.is_none() { &self.refusal[..] } else { &[] };
                respond(stream, answer).await;
            }
            None => tokio::time::sleep(RETRY_PAUSE).await,
        }
        self.reserve = reserve();
        None
    }
}

/// Sends the answer, and closes when the request has come: if that is on its way when the socket is closed, the
/// peer's kernel hears of a broken connection and may throw the answer away.
async fn respond(stream: TcpStream, answer: &[u8]) {
    // If the peer does not take it, there is no more to be done for it.
    let _ = stream.try_write(answer);
    let _ = SockRef::from(&stream).shutdown(Shutdown::Write);
    let request = async {
        if stream.readable().await.is_ok() {
            let _ = stream.try_read(&mut [0; 4096]);
        }
    };
    let _ = timeout(RETRY_PAUSE, request).await;
}

/// Anything that takes a descriptor.
fn reserve() -> Option<File> {
    File::open("/dev/null").ok()
}

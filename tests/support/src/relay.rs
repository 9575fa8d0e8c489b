//! A relay for TCP, as a network that a test can cut.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Interval at which a silent relay looks whether it may go on.
const PAUSE: Duration = Duration::from_millis(20);

/// Relay that passes connections on to the first of its targets that accepts them.
///
/// Its threads end with the process.
#[derive(Debug, Clone)]
pub struct Relay {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    is_silent: AtomicBool,
    accepted: AtomicUsize,
    streams: Mutex<Vec<TcpStream>>,
}

impl Relay {
    /// Starts a relay to these targets.
    ///
    /// # Panics
    /// If no port is free.
    pub fn start(targets: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
        let addr = listener.local_addr().expect("no address");
        let shared = Arc::<Shared>::default();
        let (targets, state) = (targets.to_vec(), shared.clone());
        thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                state.accepted.fetch_add(1, Ordering::Relaxed);
                let target = targets.iter().find_map(|target| TcpStream::connect(target).ok());
                // Without a target the connection ends at once.
                let Some(target) = target else { continue };
                state.join(&client, &target);
            }
        });
        Self { addr, shared }
    }

    /// Returns the address at which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the number of connections that it has accepted.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Passes nothing on, and ends nothing, as a network that is cut, or goes on.
    pub fn set_silent(&self, is_silent: bool) {
        self.shared.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// Ends all connections.
    pub fn end_all(&self) {
        for stream in self.shared.streams().drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    /// Passes on what either of two streams sends to the other.
    fn join(self: &Arc<Self>, client: &TcpStream, target: &TcpStream) {
        for (from, to) in [(client, target), (target, client)] {
            let copy = |stream: &TcpStream| stream.try_clone().expect("cannot copy a stream");
            let (from, to, state) = (copy(from), copy(to), self.clone());
            self.streams().push(copy(&from));
            thread::spawn(move || state.pass(from, to));
        }
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        // A relay must not add the delay of joined packets.
        let _ = to.set_nodelay(true);
        let mut part = [0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut part) {
            while self.is_silent.load(Ordering::Relaxed) {
                thread::sleep(PAUSE);
            }
            if to.write_all(&part[..length]).is_err() {
                break;
            }
        }
        // Either may have ended by itself. A cut network does not tell.
        while self.is_silent.load(Ordering::Relaxed) {
            thread::sleep(PAUSE);
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }

    fn streams(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

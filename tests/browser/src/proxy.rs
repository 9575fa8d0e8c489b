//! A reverse proxy that treats WebSockets as the test requires.
//!
//! It serves one request on each connection.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Treatment of a WebSocket request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// It is forwarded to the device.
    Passes,
    /// It is forwarded without `Upgrade` and `Connection`, as nginx does by default.
    IsDropped,
    /// The proxy answers it with 400.
    IsRefused,
    /// It is never answered.
    IsForgotten,
}

/// Proxy in threads of its own, until the test ends.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    /// Its address.
    pub addr: SocketAddr,
}

#[derive(Debug)]
struct Shared {
    device: SocketAddr,
    upgrade: Mutex<Upgrade>,
    /// Whether streams are held back.
    held: Mutex<bool>,
    released: Condvar,
    /// Delay of streams, in ms.
    delay: AtomicU64,
    /// Number of open streams.
    streams: AtomicUsize,
    /// Number of open WebSockets.
    sockets: AtomicUsize,
    /// Number of streams ever opened.
    begun: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// Starts a proxy in front of the device at that address.
    pub fn start(device: SocketAddr, upgrade: Upgrade) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
        let addr = listener.local_addr().expect("no address");
        let shared = Arc::new(Shared {
            device,
            upgrade: Mutex::new(upgrade),
            held: Mutex::new(false),
            released: Condvar::new(),
            delay: AtomicU64::new(0),
            streams: AtomicUsize::new(0),
            sockets: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                // The thread ends when either side does.
                thread::spawn(move || shared.serve(client));
            }
        });
        Proxy { shared, addr }
    }

    /// Sets the treatment of WebSocket requests from now on.
    pub fn upgrade(&self, upgrade: Upgrade) {
        *lock(&self.shared.upgrade) = upgrade;
    }

    /// Holds back the bytes of streams until [`Proxy::release`].
    pub fn hold(&self) {
        *lock(&self.shared.held) = true;
    }

    /// Forwards the held bytes of streams, and all later ones.
    pub fn release(&self) {
        *lock(&self.shared.held) = false;
        self.shared.released.notify_all();
    }

    /// Delays streams from now on.
    pub fn delay(&self, delay: Duration) {
        self.shared.delay.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Returns the number of open streams.
    pub fn streams(&self) -> usize {
        self.shared.streams.load(Ordering::Relaxed)
    }

    /// Returns the number of streams ever opened.
    pub fn streams_begun(&self) -> usize {
        self.shared.begun.load(Ordering::Relaxed)
    }

    /// Returns the number of open WebSockets.
    pub fn sockets(&self) -> usize {
        self.shared.sockets.load(Ordering::Relaxed)
    }
}

/// Increments a counter while it lives.
struct Counted<'c>(Option<&'c AtomicUsize>);

impl<'c> Counted<'c> {
    fn new(count: Option<&'c AtomicUsize>) -> Self {
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.0 {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Shared {
    fn serve(&self, mut client: TcpStream) {
        let Some((head, rest)) = read_head(&mut client) else { return };
        let upgrade = *lock(&self.upgrade);
        let asks = head.to_ascii_lowercase().contains("\r\nupgrade: websocket");
        if asks && upgrade == Upgrade::IsRefused {
            // If this fails, the browser has gone.
            let _ = client
                .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return;
        }
        if asks && upgrade == Upgrade::IsForgotten {
            // Until the browser gives up.
            let _ = client.read(&mut [0]);
            return;
        }
        let passes = asks && upgrade == Upgrade::Passes;
        let streams = head.starts_with("GET /events");
        let head = if passes { head } else { without_upgrade(&head) };
        let Ok(mut device) = TcpStream::connect(self.device) else { return };
        if device.write_all(head.as_bytes()).and_then(|()| device.write_all(&rest)).is_err() {
            return;
        }
        if streams {
            self.begun.fetch_add(1, Ordering::Relaxed);
        }
        let count = if streams { Some(&self.streams) } else { passes.then_some(&self.sockets) };
        let _counted = Counted::new(count);
        let (mut from, mut to) = (
            client.try_clone().expect("cannot create a socket"),
            device.try_clone().expect("cannot create a socket"),
        );
        thread::scope(|scope| {
            scope.spawn(move || {
                // The end of either connection ends both.
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
                let _ = from.shutdown(Shutdown::Read);
            });
            let mut buffer = [0; 16 * 1024];
            while let Ok(length @ 1..) = device.read(&mut buffer) {
                if streams {
                    thread::sleep(Duration::from_millis(self.delay.load(Ordering::Relaxed)));
                    let held = lock(&self.held);
                    drop(self.released.wait_while(held, |held| *held));
                }
                if client.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            let _ = client.shutdown(Shutdown::Both);
            let _ = device.shutdown(Shutdown::Both);
        });
    }
}

/// Reads the head of a request, and returns it with the bytes behind it.
fn read_head(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Some((String::from_utf8(bytes).ok()?, rest));
        }
        let length = client.read(&mut buffer).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&buffer[..length]);
    }
}

/// Returns the head without `Upgrade`, for one request on a connection.
fn without_upgrade(head: &str) -> String {
    let hops = ["upgrade:", "connection:", "keep-alive:"];
    let lines = head.trim_end().lines();
    let kept = lines.filter(|line| !hops.iter().any(|hop| line.to_ascii_lowercase().starts_with(hop)));
    kept.chain(["Connection: close", "", ""]).collect::<Vec<_>>().join("\r\n")
}

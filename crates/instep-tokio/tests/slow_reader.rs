//! A client that reads slowly, but steadily, is not a stalled one.

mod in_process;

use in_process::serve;
use instep::{App, Limits};
use instep_tokio::SocketLimits;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::Read as _;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};
use test_support::{WebSocket, wait_until};

instep::topics! { const TOPICS = [FRAME]; }
static APP: App = App::new("slow", "for tests").endpoint("/ws").topics(TOPICS);

/// Write-stall timeout.
///
/// It is long, so that a busy machine does not make the test itself stall.
const STALL: Duration = Duration::from_secs(3);

#[test]
fn slow_reader_is_kept_and_stalled_one_is_dropped() {
    let limits = Limits::LINUX.with_write_stall(3_000);
    let server = serve(&APP, limits, SocketLimits::default());
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(&server.addr.into()).unwrap();
    let slow = WebSocket::upgrade(TcpStream::from(socket), "/ws", &[("Host", "localhost")]).unwrap();
    let frame = "x".repeat(60_000);
    let begin = Instant::now();
    // It takes longer than the stall timeout until the kernel reports the socket as writable.
    while begin.elapsed() < 3 * STALL {
        server.device().publish(FRAME, &frame);
        slow.tcp().read_exact(&mut [0; 400]).unwrap();
        thread::sleep(Duration::from_millis(150));
        assert_eq!(server.device().clients(), 1, "after {:?}", begin.elapsed());
    }
    wait_until(4 * STALL, || server.device().clients() == 0, || "the stalled client was not dropped");
}

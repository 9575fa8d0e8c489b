//! An application that publishes without a pause:
//! clients still connect, are served and get answers.

mod in_process;

use in_process::serve;
use instep::{App, Limits};
use instep_tokio::SocketLimits;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use test_support::{SOON, WebSocket, opcode};

instep::topics! { const TOPICS = [NUMBER]; }
static APP: App = App::new("busy", "for tests").endpoint("/ws").echo("/echo").topics(TOPICS);

#[test]
fn constant_publishing_shuts_no_client_out() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let device = server.device();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut number = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    device.publish(NUMBER, number);
                }
            });
        }
        let all_served = std::panic::catch_unwind(|| {
            let mut followers: Vec<_> = (0..20).map(|_| WebSocket::connect(server.addr, "/ws")).collect();
            let mut echo = WebSocket::connect(server.addr, "/echo");
            for _ in 0..20 {
                echo.send_text("hello");
                assert_eq!(echo.read_frame(SOON).text(), "hello");
            }
            for follower in &mut followers {
                assert_eq!(follower.read_frame(SOON).opcode, opcode::TEXT);
            }
        });
        stop.store(true, Ordering::Relaxed);
        all_served.unwrap();
    });
}

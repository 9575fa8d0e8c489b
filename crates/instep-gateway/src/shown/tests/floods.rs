//! Viewers that send without a pause: one thread passes on the requests of all devices and publishes the list.

use super::*;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use test_support::{Frame, opcode};

/// Number of viewers that flood at each place.
const FLOODERS: usize = 24;

/// A message that many viewers send again and again, until this is dropped.
struct Flood {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Flood {
    fn start(addr: SocketAddr, path: &str, message: &str) -> Self {
        let frames = Frame::encode(true, 0, opcode::TEXT, Some([3, 1, 4, 1]), message.as_bytes()).repeat(100);
        let sockets: Vec<_> = (0..FLOODERS).map(|_| WebSocket::connect(addr, path)).collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let flag = is_over.clone();
        let run = move || {
            let mut sent = vec![0; sockets.len()];
            while !flag.load(Ordering::Relaxed) {
                for (socket, sent) in sockets.iter().zip(&mut sent) {
                    socket.tcp().set_nonblocking(true).expect("cannot set an option");
                    send_and_read(socket.tcp(), &frames, sent);
                }
            }
            for socket in sockets {
                // The server may have ended it.
                let _ = socket.tcp().shutdown(Shutdown::Both);
            }
        };
        Self { is_over, thread: Some(std::thread::spawn(run)) }
    }
}

/// Sends as much as there is room for, and reads all answers, because a client that does not read is not read from.
fn send_and_read(mut stream: &TcpStream, frames: &[u8], sent: &mut usize) {
    let mut part = [0; 16_384];
    while stream.read(&mut part).is_ok_and(|length| length > 0) {}
    while let Ok(length @ 1..) = stream.write(&frames[*sent..]) {
        *sent = (*sent + length) % frames.len();
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A request that is not replaced by the next one, as a write is.
const PRESS: &str = r#"{"label":"press"}"#;

/// A command to the device `lamp` is answered, and the list changes, while viewers flood the list, a device that is offline, one
/// that is busy, and one with messages that are no requests.
#[test]
fn flooding_viewers_stop_nobody_else() {
    let running = serve_for(3 * FLOODERS);
    let with_action =
        TD.replace("\"events\"", r#""actions":{"press":{"title":"Press","instep:kind":"button"}},"events""#);
    for device in ["fan", "pump"] {
        tell(&running.fleet, device);
        running.fleet.hear(Heard::Description { id: id(device), text: with_action.as_bytes() });
    }
    running.fleet.hear(Heard::State { id: id("fan"), online: false });
    let mut lamp = running.socket();
    read_until(&mut lamp, LED);
    let mut list = WebSocket::connect(running.addr, "/ws");
    list.read_text_until(|text| text.contains("\"id\":\"lamp\""));
    // From here on the pump is busy, because nobody answers its commands.
    let mut pump = WebSocket::connect(running.addr, "/pump/ws");
    for number in 0..GatewayLimits::default().commands {
        pump.send_text(&format!(r#"{{"label":"press","id":{number}}}"#));
        assert_eq!(running.command().1, "pump");
    }
    let floods = [("/ws", "what"), ("/fan/ws", PRESS), ("/pump/ws", PRESS), ("/lamp/ws", "what")];
    let floods = floods.map(|(path, message)| Flood::start(running.addr, path, message));
    for number in 0..10 {
        let title = format!("Lamp {number}");
        let text = TD.replace("\"Lamp\"", &format!("\"{title}\""));
        running.fleet.hear(Heard::Description { id: id("other"), text: text.as_bytes() });
        running.fleet.hear(Heard::Thing { id: id("other"), frame: THING.as_bytes() });
        list.read_text_until(|frame| frame.contains(&title));
        lamp.send_text(&format!(r#"{{"label":"led","value":false,"id":{number}}}"#));
        let (command, device, ..) = running.command();
        assert_eq!(device, "lamp");
        let answer = format!(r#"{{"label":"ok","id":{number}}}"#);
        running.answer(command, &answer);
        read_until(&mut lamp, &answer);
    }
    drop(floods);
}

//! Levels of the applications' pins.

use embedded_hal::digital::{ErrorType, OutputPin};
use instep::{Access, App, Limits};
use instep_apps::{Hardware, Inverted, LED, Led};
use instep_settings::{Kept, KeptSwitch, PowerUp, Settings};
use instep_tokio::{Server, SocketLimits};
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use test_support::WebSocket;

/// A pin that reports each level to the test.
struct Pin(Sender<bool>);

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        // The receiver is gone once a test has ended.
        let _ = self.0.send(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        let _ = self.0.send(true);
        Ok(())
    }
}

static ACCESS: Access = Access::new("");

fn server(app: &'static App) -> Server {
    Server::new(app, &ACCESS, Limits::LINUX.with_clients(4), SocketLimits::default(), 1)
}

#[tokio::test(start_paused = true)]
async fn led_is_off_before_the_first_client() {
    for app in ["workshop", "lamp", "toggle", "led-plain", "led-json", "led-words", "led-state"] {
        let server = server(instep_apps::find(app).unwrap());
        let mut inbox = server.inbox().unwrap();
        let (told, levels) = channel();
        let running = instep_apps::run(app, server.device(), &mut inbox, Pin(told));
        let ended = tokio::time::timeout(Duration::from_millis(1), host_time::run(running)).await;
        assert!(ended.is_err(), "{app} goes on");
        assert_eq!(levels.iter().collect::<Vec<_>>(), [false], "{app}");
    }
}

#[tokio::test(start_paused = true)]
async fn led_has_its_power_up_state_before_a_client() {
    for app in ["workshop", "lamp", "toggle", "led-plain", "led-json", "led-words", "led-state"] {
        for (power_up, last, wanted) in [
            (PowerUp::Off, Some("on"), false),
            (PowerUp::On, Some("off"), true),
            (PowerUp::Last, Some("on"), true),
            (PowerUp::Last, Some("off"), false),
            (PowerUp::Last, None, false),
        ] {
            let settings = Settings::new();
            let kept = Kept::by(&settings);
            if let Some(last) = last {
                kept.keep(LED, last.as_bytes()).unwrap();
            }
            let server = server(instep_apps::find(app).unwrap());
            let mut inbox = server.inbox().unwrap();
            let (told, levels) = channel();
            let led = Led::kept(Pin(told), KeptSwitch::new(kept, LED, power_up));
            let running = instep_apps::run_with(app, server.device(), &mut inbox, Hardware::new(led));
            let ended = tokio::time::timeout(Duration::from_millis(1), host_time::run(running)).await;
            assert!(ended.is_err(), "{app} goes on");
            assert_eq!(levels.iter().collect::<Vec<_>>(), [wanted], "{app}, {power_up:?}, {last:?}");
        }
    }
}

/// Serves `toggle` with that pin on separate threads, and returns a client.
fn toggle(pin: impl OutputPin + Send + 'static) -> WebSocket {
    let server = server(&instep_apps::toggle::APP);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::spawn(move || {
        let mut inbox = server.inbox().unwrap();
        runtime().block_on(instep_apps::run("toggle", server.device(), &mut inbox, pin));
    });
    std::thread::spawn(move || runtime().block_on(server.serve(vec![listener], std::future::pending())));
    WebSocket::connect(addr, "/ws")
}

fn expect(levels: &Receiver<bool>, wanted: bool) {
    assert_eq!(levels.recv_timeout(Duration::from_secs(10)), Ok(wanted));
}

#[test]
fn inverted_pin_has_the_opposite_level() {
    let (told, levels) = channel();
    let (told_inverted, inverted) = channel();
    let mut plain = toggle(Pin(told));
    let mut upside_down = toggle(Inverted(Pin(told_inverted)));
    for on in [false, true, false, true] {
        expect(&levels, on);
        expect(&inverted, !on);
        plain.send_text("toggle");
        upside_down.send_text("toggle");
    }
}

//! A lamp that persists its brightness in flash through power cuts at any time.

#[path = "../../../crates/instep-settings/tests/mock_flash/mod.rs"]
mod mock_flash;

use embassy_futures::block_on;
use embedded_hal::digital::{ErrorType, OutputPin};
use embedded_hal::pwm::{self, SetDutyCycle};
use instep::thing::PropertyStore;
use instep::{Access, Limits};
use instep_apps::{LED, Led, lamp};
use instep_settings::{FlashError, FlashStorage, Kept, KeptSwitch, LoadOutcome, PowerUp, Saver, Settings};
use instep_tokio::{Server, SocketLimits};
use mock_flash::{MockError, MockFlash};
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use test_support::WebSocket;

/// Timeout of every step.
const ENOUGH: Duration = Duration::from_secs(20);

static ACCESS: Access = Access::new("");

/// An unconnected pin.
struct Pin;

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A dimmer that reports each brightness to the test.
struct Dimmer(Sender<u16>);

impl pwm::ErrorType for Dimmer {
    type Error = Infallible;
}

impl SetDutyCycle for Dimmer {
    fn max_duty_cycle(&self) -> u16 {
        100
    }

    fn set_duty_cycle(&mut self, duty: u16) -> Result<(), Infallible> {
        // The receiver is gone once a test has ended.
        let _ = self.0.send(duty);
        Ok(())
    }
}

/// Returns the settings from the flash, their saver, and the outcome of loading.
type Stored<'f> =
    (&'static Settings, Saver<'static, FlashStorage<&'f mut MockFlash>>, LoadOutcome<FlashError<MockError>>);

fn open(flash: &mut MockFlash) -> Stored<'_> {
    let end = flash.end();
    let settings: &Settings = Box::leak(Box::new(Settings::new()));
    let (saver, opened) = block_on(Saver::open(settings, FlashStorage::new(flash, 0..end).unwrap()));
    (settings, saver, opened)
}

fn properties(settings: &'static Settings) -> &'static Kept<'static> {
    Box::leak(Box::new(Kept::by(settings)))
}

/// A server of the lamp, and the lamp's brightness.
///
/// The application runs on a thread of its own.
fn start(settings: &'static Settings) -> (Server, Receiver<u16>) {
    let server = Server::new(&lamp::APP, &ACCESS, Limits::LINUX.with_clients(4), SocketLimits::default(), 1);
    let (told, levels) = channel();
    std::thread::spawn(move || {
        let mut inbox = server.inbox().unwrap();
        inbox.keep_in(properties(settings));
        let led = Led::kept(Pin, KeptSwitch::new(Kept::by(settings), LED, PowerUp::Off));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(host_time::run(lamp::run(server.device(), &mut inbox, led, Dimmer(told))));
    });
    (server, levels)
}

/// Connects a client.
fn connect(server: Server) -> WebSocket {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(server.serve(vec![listener], std::future::pending()))
    });
    WebSocket::connect(addr, "/ws")
}

/// Writes the brightness, and waits for the answer.
fn dim(client: &mut WebSocket, percent: u16) {
    client.send_text(&format!(r#"{{"label":"brightness","value":{percent},"id":1}}"#));
    while client.read_text() != r#"{"label":"ok","id":1}"# {}
}

#[test]
fn brightness_is_restored_after_a_restart() {
    let mut flash = MockFlash::new(4);
    for (before, after) in [(None, 60), (Some(60), 1), (Some(1), 100), (Some(100), 42)] {
        let (settings, mut saver, _) = open(&mut flash);
        let (server, levels) = start(settings);
        // The initial brightness comes first, and then the restored one.
        for wanted in [Some(100), before].into_iter().flatten() {
            assert_eq!(levels.recv_timeout(ENOUGH), Ok(wanted));
        }
        let mut client = connect(server);
        dim(&mut client, 77);
        dim(&mut client, after);
        for wanted in [77, after] {
            assert_eq!(levels.recv_timeout(ENOUGH), Ok(wanted));
        }
        // In firmware, a task saves some seconds later.
        block_on(saver.save()).unwrap();
    }
}

#[test]
fn power_cut_while_saving_keeps_old_or_new_value() {
    let mut flash = MockFlash::new(4);
    let (settings, mut saver, _) = open(&mut flash);
    properties(settings).keep("brightness", &60).unwrap();
    block_on(saver.save()).unwrap();
    let (mut old, mut new) = (0, 0);
    for steps in 0.. {
        let mut cut = MockFlash { power: Some(steps), ..flash.clone() };
        let (settings, mut saver, _) = open(&mut cut);
        properties(settings).keep("brightness", &30).unwrap();
        let stored = block_on(saver.save());
        cut.power = None;
        let (settings, _, opened) = open(&mut cut);
        assert_eq!(opened, LoadOutcome::Loaded, "after {steps} steps");
        let (_, levels) = start(settings);
        assert_eq!(levels.recv_timeout(ENOUGH), Ok(100));
        match levels.recv_timeout(ENOUGH) {
            Ok(60) if stored.is_err() => old += 1,
            Ok(30) => new += 1,
            other => panic!("{other:?} after {steps} steps"),
        }
        if stored.is_ok() {
            break;
        }
    }
    assert!(old > 1 && new > 0, "{old} times the old value, {new} times the new value");
}

//! A lamp that keeps its brightness in flash: whatever is done to its power, it comes back as bright as it was.

#[path = "../../crates/instep-settings/tests/mock_flash/mod.rs"]
mod mock_flash;

use embassy_futures::block_on;
use embedded_hal::digital::{ErrorType, OutputPin};
use embedded_hal::pwm::{self, SetDutyCycle};
use instep::thing::PropertyStore;
use instep::{Access, Limits};
use instep_apps::{Hardware, KeptProperties, LED, Led, lamp};
use instep_settings::{FlashError, FlashStorage, Kept, KeptSwitch, LoadOutcome, PowerUp, Saver, Settings};
use instep_tokio::{Server, SocketLimits};
use mock_flash::{MockError, MockFlash};
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use test_support::WebSocket;

/// Longer than anything here takes.
const ENOUGH: Duration = Duration::from_secs(20);

static ACCESS: Access = Access::new("");

/// A pin that nothing is connected to.
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

/// A dimmer that tells of every brightness that it is set to.
struct Dimmer(Sender<u16>);

impl pwm::ErrorType for Dimmer {
    type Error = Infallible;
}

impl SetDutyCycle for Dimmer {
    fn max_duty_cycle(&self) -> u16 {
        100
    }

    fn set_duty_cycle(&mut self, duty: u16) -> Result<(), Infallible> {
        // Nobody may listen any more when a test has ended.
        let _ = self.0.send(duty);
        Ok(())
    }
}

/// The settings that are in the flash, what is to store them there, and how they were found.
type Stored<'f> =
    (&'static Settings, Saver<'static, FlashStorage<&'f mut MockFlash>>, LoadOutcome<FlashError<MockError>>);

fn open(flash: &mut MockFlash) -> Stored<'_> {
    let end = flash.end();
    let settings: &Settings = Box::leak(Box::new(Settings::new()));
    let (saver, opened) = block_on(Saver::open(settings, FlashStorage::new(flash, 0..end).unwrap()));
    (settings, saver, opened)
}

fn properties(settings: &'static Settings) -> &'static KeptProperties {
    Box::leak(Box::new(KeptProperties::new(Kept::by(settings))))
}

/// A server of the lamp, its application running in a thread of its own, and how bright it is.
fn start(settings: &'static Settings) -> (Server, Receiver<u16>) {
    let server = Server::new(&lamp::APP, &ACCESS, Limits::LINUX.with_clients(4), SocketLimits::default(), 1);
    let (told, levels) = channel();
    std::thread::spawn(move || {
        let mut inbox = server.inbox().unwrap();
        inbox.keep_in(properties(settings));
        let led = Led::kept(Pin, KeptSwitch::new(Kept::by(settings), LED, PowerUp::Off));
        let hardware = Hardware::new(led).with_dimmer(Dimmer(told));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(host_time::run(instep_apps::run_with(
            "lamp",
            server.device(),
            &mut inbox,
            hardware,
        )));
    });
    (server, levels)
}

/// A client of it.
fn connect(server: Server) -> WebSocket {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(server.serve(vec![listener], std::future::pending()))
    });
    WebSocket::connect(addr, "/ws")
}

/// Writes the brightness, and waits until that is done.
fn dim(client: &mut WebSocket, percent: u16) {
    client.send_text(&format!(r#"{{"label":"brightness","value":{percent},"id":1}}"#));
    while client.read_text() != r#"{"label":"ok","id":1}"# {}
}

#[test]
fn a_lamp_comes_back_as_bright_as_it_was() {
    let mut flash = MockFlash::new(4);
    for (before, after) in [(None, 60), (Some(60), 1), (Some(1), 100), (Some(100), 42)] {
        let (settings, mut saver, _) = open(&mut flash);
        let (server, levels) = start(settings);
        // First as it always begins, then as it was.
        for wanted in [Some(100), before].into_iter().flatten() {
            assert_eq!(levels.recv_timeout(ENOUGH), Ok(wanted));
        }
        let mut client = connect(server);
        dim(&mut client, 77);
        dim(&mut client, after);
        for wanted in [77, after] {
            assert_eq!(levels.recv_timeout(ENOUGH), Ok(wanted));
        }
        // A task of the firmware does so, some seconds later.
        block_on(saver.save()).unwrap();
    }
}

#[test]
fn a_cut_while_it_is_stored_leaves_the_old_brightness_or_the_new_one() {
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
    assert!(old > 1 && new > 0, "{old} times the old one, {new} times the new one");
}

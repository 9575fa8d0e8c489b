//! The device: its server, and its restarts.

use crate::Sample;
use crate::flash::Flash;
use instep::login::Password;
use instep::update::{FirmwareStatus, ImageState, LastUpdate, LastUpdateOutcome, Permission, SECTOR, Upload};
use instep::{Access, App, Limits};
use instep_tokio::{Certificate, Listener, Server, SocketLimits};
use instep_update::{Identity, PublicKey};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Time for the answer to reach the client before the device restarts, in ms.
const BEFORE_RESTART: Duration = Duration::from_millis(200);
/// Interval at which a device looks whether it is dropped while it restarts.
const LOOK: Duration = Duration::from_millis(20);
/// Time in which the port of the server before becomes free.
const PORT_TIME: Duration = Duration::from_secs(5);

/// What becomes of a new image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is confirmed.
    Confirmed,
    /// It is given up for this reason, and the old image returns.
    Returned(&'static str),
    /// It is given up, and the old image knows nothing of it.
    Forgotten,
    /// It is on trial for ever.
    OnTrial,
    /// It never answers.
    Silent,
    /// It asks for this password.
    OtherPassword(&'static str),
    /// It cannot be updated.
    NoUpdates,
}

/// How a device is made.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The application.
    pub app: &'static App,
    /// The image that runs first.
    pub image: Sample,
    /// What becomes of a new image.
    pub fate: Fate,
    /// The password, if one is needed.
    pub password: Option<&'static str>,
    /// Whether everyone may update a device without a password.
    pub is_open: bool,
    /// The key of the images that it accepts.
    pub key: Option<PublicKey>,
    /// The length of its slots, in bytes.
    pub capacity: Option<u32>,
    /// The time in which a sector is written.
    pub sector_time: Duration,
    /// The time in which it answers nothing while it restarts.
    pub restart_time: Duration,
    /// The time in which a new image is on trial.
    pub trial_time: Duration,
    /// The outcome of an update before.
    pub last: Option<LastUpdate>,
    /// What the application publishes at each start.
    pub publish: fn(&'static instep::Device),
    /// The certificate, for TLS.
    pub certificate: Option<Certificate>,
}

impl Setup {
    /// Returns a device that everyone may update to an image that is confirmed.
    pub fn new(app: &'static App) -> Self {
        Self {
            app,
            image: Sample::new("0.2.0"),
            fate: Fate::Confirmed,
            password: None,
            is_open: true,
            key: None,
            capacity: Some(256 * 1024),
            sector_time: Duration::from_millis(5),
            restart_time: Duration::from_millis(300),
            trial_time: Duration::from_millis(300),
            last: None,
            publish: |_| {},
            certificate: None,
        }
    }

    /// Starts the device at a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If there is none.
    pub fn start(self) -> Device {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no free port");
        let addr = listener.local_addr().expect("the socket has no address");
        let power = Arc::new(Power::default());
        let life = {
            let power = Arc::clone(&power);
            move || live(&self, listener, addr, &power)
        };
        let thread = thread::Builder::new().name("device".into()).spawn(life).expect("cannot start a thread");
        Device { addr, power, thread: Some(thread) }
    }
}

/// A running device, which ends when it is dropped.
#[derive(Debug)]
pub struct Device {
    /// The address at which it serves.
    pub addr: SocketAddr,
    power: Arc<Power>,
    thread: Option<JoinHandle<()>>,
}

impl Device {
    /// Restarts the device, as a loss of power does. The image that it receives is lost.
    pub fn lose_power(&self) {
        self.power.cut.notify_one();
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.power.ends.store(true, Ordering::Relaxed);
        self.power.cut.notify_one();
        let ended = self.thread.take().map_or(Ok(()), JoinHandle::join);
        if !thread::panicking() {
            ended.expect("the device panicked");
        }
    }
}

/// Supply of a device.
#[derive(Debug, Default)]
struct Power {
    cut: Notify,
    ends: AtomicBool,
}

/// A start of the device.
#[derive(Clone, Copy, Debug)]
struct Start {
    running: Identity,
    slot: &'static str,
    last: Option<LastUpdate>,
    /// What becomes of the image, if it is on trial.
    trial: Option<Fate>,
}

/// End of a start.
enum End {
    /// The power failed.
    Power,
    /// An image is activated.
    Activated(Identity),
    /// The running image was given up.
    GivenUp,
}

/// Starts again and again, until the device is dropped.
fn live(setup: &Setup, listener: TcpListener, addr: SocketAddr, power: &Power) {
    let first = Start { running: setup.image.identity(), slot: "ota_0", last: setup.last, trial: None };
    let (mut start, mut before) = (first, first);
    let mut listener = Some(listener);
    while !power.ends.load(Ordering::Relaxed) {
        let listener = listener.take().unwrap_or_else(|| rebind(addr));
        match serve(setup, start, listener, power) {
            End::Power => {}
            End::Activated(image) => {
                before = start;
                let slot = if start.slot == "ota_0" { "ota_1" } else { "ota_0" };
                start = Start { running: image, slot, last: None, trial: Some(setup.fate) };
            }
            End::GivenUp => {
                let version = start.running.version;
                let returned =
                    |reason| LastUpdate::new(LastUpdateOutcome::Returned, version.as_str(), reason);
                let last = match setup.fate {
                    Fate::Returned(reason) => Some(returned(reason)),
                    _ => None,
                };
                start = Start { last, ..before };
            }
        }
        rest(setup.restart_time, power);
        if start.trial == Some(Fate::Silent) {
            rest(Duration::MAX, power);
        }
    }
}

/// Answers nothing for a time.
fn rest(time: Duration, power: &Power) {
    let begun = Instant::now();
    while begun.elapsed() < time && !power.ends.load(Ordering::Relaxed) {
        thread::sleep(LOOK);
    }
}

/// Listens at the address of the start before.
fn rebind(addr: SocketAddr) -> TcpListener {
    let begun = Instant::now();
    loop {
        match TcpListener::bind(addr) {
            Ok(listener) => return listener,
            Err(error) if begun.elapsed() > PORT_TIME => panic!("cannot bind {addr} again: {error}"),
            Err(_) => thread::sleep(LOOK),
        }
    }
}

/// Serves until the start ends.
fn serve(setup: &Setup, start: Start, listener: TcpListener, power: &Power) -> End {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("no runtime");
    let port = listener.local_addr().expect("the socket has no address").port();
    let access = Box::leak(Box::new(Access::new("garden").with_ports(vec![port].leak())));
    let mut server = Server::new(setup.app, access, Limits::LINUX, SocketLimits::default(), 1);
    let password = match start.trial {
        Some(Fate::OtherPassword(password)) => Some(password),
        _ => setup.password,
    };
    if let Some(password) = password {
        let hashed = Password::new(password.as_bytes(), [7; 16], 10).expect("the password is not valid");
        server = server.with_log_in(instep_tokio::log_in(hashed, number));
    }
    let permission = if setup.is_open { Permission::Everyone } else { Permission::LoggedIn };
    let upload: &'static Upload = Box::leak(Box::new(Upload::new(permission)));
    let mut receiver = upload.receiver(Box::leak(Box::new([0; SECTOR])));
    if start.trial != Some(Fate::NoUpdates) {
        server = server.with_update(upload);
    }
    let status = status(setup, start);
    upload.set_status(status);
    (setup.publish)(server.device());
    let listener = match &setup.certificate {
        Some(certificate) => Listener::tls(listener, certificate.clone()),
        None => Listener::plain(listener),
    };
    let flash = Flash {
        running: start.running,
        key: setup.key,
        capacity: setup.capacity.unwrap_or(0),
        sector_time: setup.sector_time,
    };
    let life = async {
        if let Some(fate) = start.trial {
            tokio::time::sleep(setup.trial_time).await;
            match fate {
                Fate::Returned(_) | Fate::Forgotten => return End::GivenUp,
                Fate::OnTrial => {}
                _ => {
                    let version = start.running.version;
                    let by = "a client received an answer";
                    let last = LastUpdate::new(LastUpdateOutcome::Confirmed, version.as_str(), by);
                    upload.set_status(status.with_state(ImageState::Confirmed).with_last(Some(last)));
                }
            }
        }
        let image = flash.receive(&mut receiver).await;
        tokio::time::sleep(BEFORE_RESTART).await;
        End::Activated(image)
    };
    runtime.block_on(async {
        let life = async {
            tokio::select! {
                end = life => end,
                () = power.cut.notified() => End::Power,
            }
        };
        let mut end = End::Power;
        let ended = async { end = life.await };
        server.serve(vec![listener], ended).await.expect("the server failed");
        end
    })
}

/// Fills bytes with a number that is new each time. Sessions for tests need no secret.
fn number(bytes: &mut [u8]) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    for (to, from) in bytes.iter_mut().zip(NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes()) {
        *to = from;
    }
}

fn status(setup: &Setup, start: Start) -> FirmwareStatus {
    let leak = |name: instep_update::Name| &*name.as_str().to_owned().leak();
    let Start { running, slot, last, trial } = start;
    FirmwareStatus::UNKNOWN
        .with_version(leak(running.version))
        .with_board(leak(running.board))
        .with_chip(Some(running.chip.0))
        .with_application(leak(running.application))
        .with_slot(slot)
        .with_state(if trial.is_some() { ImageState::Trial } else { ImageState::Confirmed })
        .with_capacity(setup.capacity)
        .with_last(last)
}

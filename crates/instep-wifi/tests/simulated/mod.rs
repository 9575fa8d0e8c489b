//! A simulated radio, and a device that uses it.

#![allow(dead_code, reason = "not every test uses all of it")]

use embassy_time::{Instant, Timer};
use instep::LogIn;
use instep::board::BoardPages as _;
use instep_embassy::LogInResources;
use instep_settings::{FileStorage, Network, NetworkName, Saver, Settings, WifiPassword};
use instep_wifi::portal::{FIRST_PART, Network as Found, Networks, Outcome, Ssid};
use instep_wifi::setup::{Radio, SetUp, run, store};
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;

pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);

/// Network in the air: its name, its password, which is empty if it is open, and
/// whether its router assigns addresses.
pub type Around = (&'static str, &'static str, bool);

pub const HOME: Around = ("Home", "correct horse", true);
pub const CAFE: Around = ("Cafe", "", true);
pub const MUTE: Around = ("Mute", "12345678", false);
/// A network that accepts no further device.
pub const FULL: Around = ("Full", "12345678", true);

/// The networks in the air, and a record of the radio's actions.
#[derive(Default)]
pub struct Air {
    pub around: Vec<Around>,
    pub joined: Option<String>,
    pub is_open: bool,
    /// Actions of the radio, each with its second.
    pub did: Vec<(u64, String)>,
}

impl Air {
    fn note(&mut self, what: &str) {
        self.did.push((Instant::now().as_secs(), what.to_owned()));
    }

    pub fn times(&self, what: &str) -> Vec<u64> {
        self.did.iter().filter(|(_, did)| did == what).map(|(at, _)| *at).collect()
    }
}

#[derive(Clone, Default)]
pub struct Simulated(pub Rc<RefCell<Air>>);

impl Simulated {
    fn is_there(&self, name: &str) -> bool {
        self.0.borrow().around.iter().any(|(known, ..)| *known == name)
    }
}

impl Radio for Simulated {
    async fn scan(&mut self) -> Networks {
        Timer::after_secs(2).await;
        let mut found = Networks::default();
        let mut air = self.0.borrow_mut();
        air.note("scan");
        for (name, password, _) in &air.around {
            let ssid = Ssid::new(name.as_bytes()).unwrap();
            found.add(Found { ssid, signal: -40, protected: !password.is_empty() });
        }
        found
    }

    async fn join(&mut self, network: &Network) -> Outcome {
        let name = String::from_utf8_lossy(network.name().as_bytes()).into_owned();
        let said = network.password().map_or("", WifiPassword::reveal).to_owned();
        self.0.borrow_mut().joined = None;
        self.0.borrow_mut().note(&format!("join {name}"));
        if !self.is_there(&name) {
            Timer::after_secs(10).await;
            return Outcome::NotFound;
        }
        Timer::after_secs(2).await;
        let found = self.0.borrow().around.iter().find(|(known, ..)| *known == name).copied();
        match found {
            None => Outcome::NotFound,
            Some((_, password, _)) if password != said => Outcome::WrongPassword,
            Some(network) if network == FULL => Outcome::NotJoined,
            Some((_, _, false)) => {
                Timer::after_secs(15).await;
                Outcome::NoAddress
            }
            Some(_) => {
                self.0.borrow_mut().joined = Some(name);
                Outcome::Joined(ADDRESS)
            }
        }
    }

    async fn lost(&mut self) {
        loop {
            let joined = self.0.borrow().joined.clone();
            if joined.is_none_or(|name| !self.is_there(&name)) {
                return;
            }
            Timer::after_millis(500).await;
        }
    }

    async fn open(&mut self) {
        let mut air = self.0.borrow_mut();
        air.is_open = true;
        air.note("open");
    }

    async fn close(&mut self) {
        let mut air = self.0.borrow_mut();
        (air.is_open, air.joined) = (false, None);
        air.note("close");
    }

    async fn restart(&mut self) {
        self.0.borrow_mut().note("restart");
        std::future::pending::<()>().await;
    }
}

/// Device with the file that stores its settings.
pub struct Device {
    pub settings: &'static Settings,
    pub set_up: &'static SetUp,
    pub log_in: &'static LogIn,
    pub air: Rc<RefCell<Air>>,
    pub file: std::path::PathBuf,
}

pub fn known((name, password, _): Around) -> Network {
    let password = (!password.is_empty()).then(|| WifiPassword::new(password.as_bytes()).unwrap());
    Network::new(NetworkName::new(name.as_bytes()).unwrap(), password)
}

impl Device {
    /// Starts a device with one stored network or none, with the networks `around`.
    pub async fn start(knows: Option<Around>, around: &[Around], file: &str) -> Self {
        let file = std::env::temp_dir().join(format!("instep-wifi-{}-{file}", std::process::id()));
        let _ = std::fs::remove_file(&file);
        let settings: &'static Settings = Box::leak(Box::default());
        let (saver, _) = Saver::open(settings, FileStorage::new(&file).unwrap()).await;
        settings.set_network(knows.map(known));
        let log_in: &'static LogInResources = Box::leak(Box::new(LogInResources::new()));
        let log_in = log_in.start_without_password(|bytes| bytes.fill(42));
        let set_up = Box::leak(Box::new(SetUp::new(settings, "lamp".parse().unwrap(), log_in)));
        let radio = Simulated::default();
        let air = radio.0.clone();
        air.borrow_mut().around = around.to_vec();
        let set_up: &'static SetUp = set_up;
        virtual_ethernet::spawn(async move { store(set_up, Some(saver)).await });
        virtual_ethernet::spawn(async move { run(set_up, radio).await });
        Self { settings, set_up, log_in, air, file }
    }

    /// Returns the page, as a phone gets it.
    pub fn page(&self) -> String {
        let (mut page, mut next) = (String::new(), Some(FIRST_PART));
        while let Some(part) = next {
            next = self.set_up.write_part(part, &mut page).unwrap();
        }
        page
    }

    pub fn submit(&self, form: &str) {
        assert_eq!(self.set_up.submit("/network", form.as_bytes()), "/network");
    }

    /// Requests one of the networks around.
    pub fn ask_for(&self, (name, ..): Around, password: &str) {
        let digits: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.submit(&format!("network={digits}&other=&password={}", password.replace(' ', "+")));
    }

    pub fn is_open(&self) -> bool {
        self.air.borrow().is_open
    }

    pub fn joined(&self) -> Option<String> {
        self.air.borrow().joined.clone()
    }

    pub fn times(&self, what: &str) -> Vec<u64> {
        self.air.borrow().times(what)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

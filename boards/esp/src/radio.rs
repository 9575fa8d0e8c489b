//! The radio: joins the network that is known, again and again, and opens the device's own where that does not work.

use crate::given::{AP_IS_OPEN, ap_password};
use crate::memory::AP_CLIENTS;
use crate::{AP_PAGE, keep, portal};
use core::net::Ipv4Addr;
use embassy_futures::select::{Either3, select3};
use embassy_net::Stack;
use embassy_time::{Duration, Instant, Timer, WithTimeout as _};
use esp_hal::rng::Trng;
use esp_radio::wifi::ap::AccessPointConfig;
use esp_radio::wifi::scan::ScanConfig;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{
    AuthenticationMethod, AuthenticationMethodConfig, Config, ConnectionError, DisconnectReason, Password,
    Ssid, WifiController,
};
use instep_network::join::Protection;
use instep_network::name::Name;
use instep_network::portal::{Credentials, NETWORKS_MAX, Networks, Outcome, Task};
use instep_network::portal::{Network as Heard, Ssid as HeardSsid};
use instep_settings::{Network, NetworkName, Settings, WifiPassword};
use log::{error, info, warn};

/// How long a try may take until the network answers, and then until it gives an address.
const JOIN_TIME: Duration = Duration::from_secs(20);
const ADDRESS_TIME: Duration = Duration::from_secs(15);
/// From one try to the next. Each one disturbs the device's own network, if that is there.
const RETRY: Duration = Duration::from_secs(5);
const RETRY_BESIDE_AP: Duration = Duration::from_secs(30);
/// How long the network may fail until the device opens its own.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the device's own network stays when the other one is there again and nobody has asked for anything.
const AP_STAYS: Duration = Duration::from_secs(120);
/// How often the connection is looked at, beside what the radio tells.
const LOOK: Duration = Duration::from_secs(5);
/// How long it may take to leave a network.
const LEAVE_TIME: Duration = Duration::from_secs(3);

/// How the device protects its own network: as the build says, else by the password that it keeps, else by a new one, which it
/// keeps. The radio has to be on: it is where random numbers come from.
pub fn protection(settings: &Settings) -> Protection {
    let said = AP_IS_OPEN.then_some(Protection::Open);
    let kept = settings.ap_password().as_ref().and_then(ap_password);
    let random = || Trng::try_new().expect("the radio is on").random();
    let (protection, made) = Protection::choose(said, kept, random);
    if let Some(made) = made {
        settings.set_ap_password(WifiPassword::new(made.reveal().as_bytes()).ok());
    }
    protection
}

/// The radio, and what it is to do.
pub struct Radio {
    controller: WifiController<'static>,
    station: Stack<'static>,
    name: &'static Name,
    settings: &'static Settings,
    access_point: AccessPointConfig,
    ap_is_open: bool,
    is_joined: bool,
    /// Since when the network fails, or is there.
    since: Instant,
    /// When to try the network again.
    next_try: Instant,
}

impl Radio {
    /// The radio of the device of that name, whose own network is protected so.
    pub fn new(
        controller: WifiController<'static>,
        station: Stack<'static>,
        name: &'static Name,
        protection: Protection,
        settings: &'static Settings,
    ) -> Self {
        let password = match &protection {
            Protection::Open => None,
            Protection::Password(password) => Some(password.reveal()),
        };
        let access_point = AccessPointConfig::default()
            // Both are short enough.
            .with_ssid(name.as_str().try_into().unwrap_or_default())
            .with_authentication(authentication(password))
            .with_max_connections(AP_CLIENTS as u16);
        let now = Instant::now();
        Self {
            controller,
            station,
            name,
            settings,
            access_point,
            ap_is_open: false,
            is_joined: false,
            since: now,
            next_try: now,
        }
    }

    /// Does what is to be done, for ever.
    pub async fn run(mut self) -> ! {
        if self.settings.network().is_none() {
            info!("No WiFi network is known: the device makes its own");
            self.open_access_point();
        }
        loop {
            if !self.is_joined {
                self.try_again().await;
            }
            let Self { controller, is_joined, .. } = &self;
            let lost = async {
                match is_joined {
                    true => controller.wait_for_disconnect_async().await.map(|info| info.reason).ok(),
                    false => core::future::pending().await,
                }
            };
            match select3(lost, portal::next_task(), Timer::at(self.next_look())).await {
                Either3::First(reason) => self.lost(reason),
                Either3::Second(task) => self.work(task).await,
                Either3::Third(()) => self.look().await,
            }
        }
    }

    /// Tries the network that is known, if it is time to.
    async fn try_again(&mut self) {
        let Some(network) = self.settings.network() else { return };
        if Instant::now() < self.next_try {
            return;
        }
        if self.join(&network).await.is_err() && !self.ap_is_open && self.since.elapsed() >= PATIENCE {
            warn!(
                "WiFi has failed for {} s: the device makes its own network, and goes on trying",
                PATIENCE.as_secs()
            );
            self.open_access_point();
        }
        self.next_try = Instant::now() + if self.ap_is_open { RETRY_BESIDE_AP } else { RETRY };
    }

    /// When the next step is due.
    fn next_look(&self) -> Instant {
        if self.is_joined || self.settings.network().is_none() {
            Instant::now() + LOOK
        } else {
            self.next_try
        }
    }

    async fn look(&mut self) {
        if !self.is_joined {
            return;
        }
        if !self.controller.is_connected() {
            return self.lost(None);
        }
        let is_used = portal::with(|portal| portal.tells_address());
        if self.ap_is_open && !is_used && self.since.elapsed() >= AP_STAYS {
            self.close_access_point().await;
        }
    }

    fn lost(&mut self, reason: Option<DisconnectReason>) {
        match reason {
            Some(reason) => warn!("WiFi is lost ({reason:?})"),
            None => warn!("WiFi is lost"),
        }
        self.is_joined = false;
        self.since = Instant::now();
        self.next_try = self.since;
    }

    /// Does what the page asks for.
    async fn work(&mut self, task: Task) {
        match task {
            Task::Rest => {}
            Task::Scan => {
                let found = self.scan().await;
                portal::with(|portal| portal.found(found));
            }
            Task::Join(credentials) => {
                let outcome = match network(&credentials) {
                    Some(network) => {
                        self.join(&network).await.map_or_else(|outcome| outcome, Outcome::Joined)
                    }
                    None => Outcome::WrongPassword,
                };
                // The network that was there before is joined again, if there was one.
                self.next_try = Instant::now();
                portal::with(|portal| portal.tried(outcome));
            }
            Task::Keep(credentials) => {
                self.settings.set_network(network(&credentials));
                let saved = keep::save().await;
                portal::with(|portal| portal.kept(saved));
            }
            Task::Leave => {
                portal::with(|portal| *portal = Default::default());
                self.close_access_point().await;
            }
        }
    }

    async fn scan(&mut self) -> Networks {
        let mut networks = Networks::default();
        match self.controller.scan_async(&ScanConfig::default().with_max(2 * NETWORKS_MAX)).await {
            Ok(found) => {
                for one in found {
                    // The driver shows a name only as far as it is UTF-8: one that is not could not be joined.
                    let whole = one.ssid.as_str().len() == one.ssid.len();
                    let Some(ssid) = HeardSsid::new(one.ssid.as_str().as_bytes()).filter(|_| whole) else {
                        continue;
                    };
                    let protected = one.auth_method != Some(AuthenticationMethod::None);
                    networks.add(Heard { ssid, signal: one.signal_strength, protected });
                }
            }
            Err(problem) => warn!("The radio cannot look for networks: {problem}"),
        }
        networks
    }

    /// Joins a network, and says what comes of it.
    async fn join(&mut self, network: &Network) -> Result<Ipv4Addr, Outcome> {
        info!("Connecting to WiFi...");
        self.leave().await;
        let name = network.name();
        self.configure(station(network));
        let connected = self.controller.connect_async().with_timeout(JOIN_TIME).await;
        let outcome = match connected {
            Ok(Ok(_)) => {
                let up = self.station.wait_config_up().with_timeout(ADDRESS_TIME).await;
                match self.station.config_v4() {
                    Some(config) if up.is_ok() => {
                        let address = config.address.address();
                        self.is_joined = true;
                        self.since = Instant::now();
                        info!("IP Address: {address}");
                        info!("Open http://{address}/ or http://{}.local/", self.name);
                        return Ok(address);
                    }
                    _ => {
                        warn!("WiFi {name:?} gives no address: is its router's DHCP on?");
                        Outcome::NoAddress
                    }
                }
            }
            Ok(Err(ConnectionError::Failed(info))) if is_refused(info.reason) => {
                warn!("WiFi {name:?} refuses the password ({:?})", info.reason);
                Outcome::WrongPassword
            }
            Ok(Err(ConnectionError::Failed(info))) => {
                warn!(
                    "WiFi {name:?} is not there ({:?}): is it near enough, and does it send at 2.4 GHz?",
                    info.reason
                );
                Outcome::NotFound
            }
            Ok(Err(problem)) => {
                warn!("WiFi {name:?} cannot be joined: {problem}");
                Outcome::NotFound
            }
            Err(_) => {
                warn!("WiFi {name:?} does not answer");
                Outcome::NotFound
            }
        };
        self.leave().await;
        Err(outcome)
    }

    /// Leaves the network, or gives up joining it.
    async fn leave(&mut self) {
        self.is_joined = false;
        // It fails if there is none.
        let _ = self.controller.disconnect_async().with_timeout(LEAVE_TIME).await;
        let _ = self.station.wait_config_down().with_timeout(LEAVE_TIME).await;
    }

    fn open_access_point(&mut self) {
        self.ap_is_open = true;
        self.configure(self.settings.network().as_ref().map(station).unwrap_or_default());
        info!("Join the WiFi network {} and open {AP_PAGE}", self.name);
    }

    /// The radio starts anew without it, so the other network is joined again.
    async fn close_access_point(&mut self) {
        self.leave().await;
        self.ap_is_open = false;
        info!("The device's own network has ended");
        self.next_try = Instant::now();
    }

    fn configure(&mut self, station: StationConfig) {
        let config = if self.ap_is_open {
            Config::AccessPointStation(station, self.access_point.clone())
        } else {
            Config::Station(station)
        };
        if let Err(problem) = self.controller.set_config(&config) {
            error!("The radio cannot be set: {problem}");
        }
    }
}

/// Whether it is the password that the network does not like.
fn is_refused(reason: DisconnectReason) -> bool {
    matches!(
        reason,
        DisconnectReason::AuthenticationExpired
            | DisconnectReason::AuthenticationFailed
            | DisconnectReason::FourWayHandshakeTimeout
            | DisconnectReason::HandshakeTimeout
            | DisconnectReason::MicFailure
            | DisconnectReason::NoAccessPointFoundInAuthmodeThreshold
            | DisconnectReason::NoAccessPointFoundWithCompatibleSecurity
    )
}

fn station(network: &Network) -> StationConfig {
    StationConfig::default()
        // Both are short enough.
        .with_ssid(Ssid::try_from(network.name().as_bytes()).unwrap_or_default())
        .with_authentication(authentication(network.password().map(WifiPassword::reveal)))
}

fn authentication(password: Option<&str>) -> AuthenticationMethodConfig {
    match password {
        None => AuthenticationMethodConfig::Open,
        Some(password) => {
            AuthenticationMethodConfig::Wpa2Personal(Password::try_from(password).unwrap_or_default())
        }
    }
}

/// A network as the settings have it.
fn network(credentials: &Credentials) -> Option<Network> {
    let name = NetworkName::new(credentials.ssid.as_bytes()).ok()?;
    let password = match &credentials.protection {
        Protection::Open => None,
        Protection::Password(password) => Some(WifiPassword::new(password.reveal().as_bytes()).ok()?),
    };
    Some(Network::new(name, password))
}

//! The radio of the chip.
//!
//! `instep_wifi::setup` decides when the radio scans, joins a network, and opens or closes the device's own network.

use crate::config::AP_IS_OPEN;
use crate::disconnect;
use crate::limits::AP_CLIENTS;
use crate::lines;
use crate::servers::AP_PAGE;
use crate::settings;
use embassy_net::Stack;
use embassy_time::{Duration, WithTimeout as _};
use esp_hal::rng::Trng;
use esp_radio::wifi::ap::AccessPointConfig;
use esp_radio::wifi::scan::ScanConfig;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{
    AuthenticationMethod, AuthenticationMethodConfig, Config, ConnectionError, Password, Ssid, WifiController,
};
use instep_settings::{Network, Settings, WifiPassword};
use instep_wifi::join::Protection;
use instep_wifi::name::Name;
use instep_wifi::portal::{NETWORKS_MAX, Network as Heard, Networks, Outcome, Ssid as HeardSsid};
use instep_wifi::{reason, setup};

/// Timeout of joining a network.
const JOIN_TIMEOUT: Duration = Duration::from_secs(15);
/// Timeout of getting an address by DHCP.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(15);
/// Timeout of leaving a network.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);
/// Timeout of a scan.
const SCAN_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval of polling the connection, beside the radio's events.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Returns the protection of the device's own network. The radio must be on, as a source of random numbers.
pub(crate) fn protection(settings: &Settings) -> Protection {
    let random = || Trng::try_new().expect("the radio is off").random();
    setup::protection(settings, AP_IS_OPEN.then_some(Protection::Open), random)
}

/// The radio, for both networks.
pub(crate) struct Radio {
    controller: WifiController<'static>,
    stack: Stack<'static>,
    station: StationConfig,
    access_point: AccessPointConfig,
    is_open: bool,
}

impl Radio {
    /// Returns the radio of the device with that name and protection.
    ///
    /// `stack` is the network stack of the joined network.
    pub(crate) fn new(
        controller: WifiController<'static>,
        stack: Stack<'static>,
        name: &Name,
        protection: Protection,
    ) -> Self {
        let password = match &protection {
            Protection::Open => None,
            Protection::Password(password) => Some(password.reveal()),
        };
        let access_point = AccessPointConfig::default()
            // Never empty, because the name is short enough.
            .with_ssid(name.as_str().try_into().unwrap_or_default())
            .with_authentication(authentication(password))
            .with_max_connections(AP_CLIENTS as u16);
        let station = StationConfig::default();
        Self { controller, stack, station, access_point, is_open: false }
    }

    /// Leaves the network, or stops joining it.
    async fn leave(&mut self) {
        // This fails if no network is joined.
        let _ = self.controller.disconnect_async().with_timeout(LEAVE_TIMEOUT).await;
        let _ = self.stack.wait_config_down().with_timeout(LEAVE_TIMEOUT).await;
    }

    fn configure(&mut self) {
        let config = if self.is_open {
            Config::AccessPointStation(self.station.clone(), self.access_point.clone())
        } else {
            Config::Station(self.station.clone())
        };
        if let Err(problem) = self.controller.set_config(&config) {
            lines::error(format_args!("The radio cannot be configured: {problem}"));
        }
    }

    /// Joins the configured network. `password` is whether the network has a password.
    async fn connect(&mut self, password: bool) -> Outcome {
        match self.controller.connect_async().with_timeout(JOIN_TIMEOUT).await {
            Ok(Ok(_)) => {
                let up = self.stack.wait_config_up().with_timeout(ADDRESS_TIMEOUT).await;
                match self.stack.config_v4() {
                    Some(config) if up.is_ok() => Outcome::Joined(config.address.address()),
                    _ => Outcome::NoAddress,
                }
            }
            Ok(Err(ConnectionError::Failed(info))) => {
                lines::info(format_args!("Disconnected: {:?}", info.reason));
                reason::outcome(disconnect::code(info.reason), password)
            }
            Ok(Err(problem)) => {
                lines::warn(format_args!("The radio cannot join: {problem}"));
                Outcome::NotJoined
            }
            Err(_) => {
                lines::warn(format_args!("The network did not answer within {} s", JOIN_TIMEOUT.as_secs()));
                Outcome::NotJoined
            }
        }
    }
}

impl setup::Radio for Radio {
    async fn scan(&mut self) -> Networks {
        let mut networks = Networks::default();
        let options = ScanConfig::default().with_max(2 * NETWORKS_MAX);
        match self.controller.scan_async(&options).with_timeout(SCAN_TIMEOUT).await {
            Ok(Ok(found)) => {
                for one in found {
                    // The driver truncates a name at invalid UTF-8, so such a network could not be joined.
                    let whole = one.ssid.as_str().len() == one.ssid.len();
                    let Some(ssid) = HeardSsid::new(one.ssid.as_str().as_bytes()).filter(|_| whole) else {
                        continue;
                    };
                    let protected = one.auth_method != Some(AuthenticationMethod::None);
                    networks.add(Heard { ssid, signal: one.signal_strength, protected });
                }
            }
            Ok(Err(problem)) => lines::warn(format_args!("The radio cannot scan for networks: {problem}")),
            Err(_) => lines::warn(format_args!("The scan for networks timed out")),
        }
        networks
    }

    async fn join(&mut self, network: &Network) -> Outcome {
        self.leave().await;
        self.station = StationConfig::default()
            // Never empty, because the name is short enough.
            .with_ssid(Ssid::try_from(network.name().as_bytes()).unwrap_or_default())
            .with_authentication(authentication(network.password().map(WifiPassword::reveal)));
        self.configure();
        let outcome = self.connect(network.password().is_some()).await;
        if !matches!(outcome, Outcome::Joined(_)) {
            self.leave().await;
        }
        outcome
    }

    async fn lost(&mut self) {
        while self.controller.is_connected() {
            if let Ok(Ok(info)) =
                self.controller.wait_for_disconnect_async().with_timeout(POLL_INTERVAL).await
            {
                lines::info(format_args!("Disconnected: {:?}", info.reason));
                return;
            }
        }
    }

    async fn open(&mut self) {
        self.is_open = true;
        self.configure();
        lines::info(format_args!("Join this network, and open {AP_PAGE}"));
    }

    async fn close(&mut self) {
        self.leave().await;
        self.is_open = false;
        self.configure();
    }

    async fn restart(&mut self) {
        settings::restart()
    }
}

fn authentication(password: Option<&str>) -> AuthenticationMethodConfig {
    match password {
        None => AuthenticationMethodConfig::Open,
        Some(password) => {
            AuthenticationMethodConfig::Wpa2Personal(Password::try_from(password).unwrap_or_default())
        }
    }
}

//! The settings of the command `serve`.

use super::limits::ServerLimits;
use crate::addresses::Address;
use crate::certificate;
use crate::io::Connection;
use instep::App;
use instep_mqtt::DeviceId;
use instep_settings::PowerUp;
use instep_tokio::BrokerAddress;
use std::net::SocketAddr;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Settings of the command `serve`.
pub(crate) struct Settings {
    /// All applications of the identity.
    pub(super) apps: &'static [&'static App],
    pub(crate) app: &'static App,
    pub(crate) addresses: Vec<Address>,
    pub(crate) tls: certificate::Options,
    pub(crate) name: Option<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) frames: Vec<String>,
    pub(crate) proxies: Vec<instep::access::IpNetwork>,
    pub(crate) base_path: String,
    pub(crate) https_redirect: bool,
    pub(crate) page: Option<PathBuf>,
    pub(crate) percent_escape: bool,
    pub(crate) state_file: Option<PathBuf>,
    pub(crate) power_up: PowerUp,
    pub(crate) io: Vec<Connection>,
    pub(crate) password: Option<Zeroizing<String>>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) session_key_file: Option<PathBuf>,
    pub(crate) open: bool,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) mqtt: Option<BrokerAddress>,
    pub(crate) mqtt_id: Option<DeviceId>,
    pub(crate) mqtt_password: Option<Zeroizing<String>>,
    pub(crate) mqtt_password_file: Option<PathBuf>,
    pub(crate) mqtt_commands: bool,
    pub(crate) log_format: LogFormat,
    pub(crate) limits: ServerLimits,
}

/// Format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// A JSON object for programs.
    Json,
}

impl Settings {
    /// Returns the defaults, with the first of these applications.
    pub(super) fn new(apps: &'static [&'static App]) -> Self {
        Self {
            apps,
            app: apps[0],
            addresses: vec![SocketAddr::from(([127, 0, 0, 1], 8080)).into()],
            tls: certificate::Options::default(),
            name: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            frames: Vec::new(),
            proxies: Vec::new(),
            base_path: String::new(),
            https_redirect: false,
            page: None,
            percent_escape: false,
            state_file: None,
            power_up: PowerUp::Off,
            io: Vec::new(),
            password: None,
            password_file: None,
            session_key_file: None,
            open: false,
            metrics: None,
            mqtt: None,
            mqtt_id: None,
            mqtt_password: None,
            mqtt_password_file: None,
            mqtt_commands: false,
            log_format: LogFormat::Text,
            limits: ServerLimits::default(),
        }
    }
}

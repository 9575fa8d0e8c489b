//! Build-time configuration, from environment variables, which the build script has checked.

use instep::login::Password;
use instep_settings::{Build, DeviceName, Network, NetworkName, PowerUp, WifiPassword};
use instep_wifi::name::Name;
use instep_wifi::setup::stored;

/// Includes the value that the build script wrote for a variable.
macro_rules! configured {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name))
    };
}

/// Additional host names of the device, from `INSTEP_ALLOW_HOST`.
pub(crate) const HOSTS: &[&str] = configured!("INSTEP_ALLOW_HOST");
/// Other origins whose pages may use the device, from `INSTEP_ALLOW_ORIGIN`.
pub(crate) const ORIGINS: &[&str] = configured!("INSTEP_ALLOW_ORIGIN");
/// Other origins whose pages may frame the device, from `INSTEP_ALLOW_FRAME`.
pub(crate) const FRAMES: &[&str] = configured!("INSTEP_ALLOW_FRAME");

/// Maximum number of clients in the joined network, from `INSTEP_CLIENTS`.
///
/// The device's own network has half as many.
pub(crate) const CLIENTS: Option<usize> = configured!("INSTEP_CLIENTS");
/// Maximum size of a request's head, in bytes, from `INSTEP_HEAD_BYTES`.
pub(crate) const HEAD_BYTES: Option<usize> = configured!("INSTEP_HEAD_BYTES");
/// Maximum size of a client's message, in bytes, from `INSTEP_MESSAGE_BYTES`.
pub(crate) const MESSAGE_BYTES: Option<usize> = configured!("INSTEP_MESSAGE_BYTES");

/// State of a switch at power-up, from `INSTEP_POWER_UP`: `off`, `on` or `last`.
pub(crate) const POWER_UP: PowerUp = configured!("INSTEP_POWER_UP");

/// Whether the device's own network is open, by `INSTEP_AP_PASSWORD=open`.
///
/// The word is too short for a password, so it has only this meaning.
pub(crate) const AP_IS_OPEN: bool = configured!("AP_IS_OPEN");

/// Permission to update the device, from `INSTEP_UPDATE`.
#[cfg(feature = "update")]
pub(crate) const UPDATE_PERMISSION: instep::update::Permission =
    instep_embassy::update::permission(configured!("INSTEP_UPDATE"));
/// Public key of the images that the device accepts, from `INSTEP_UPDATE_KEY`.
// A static, because the linker scripts of the chips place constants of 32 bytes in RAM.
#[cfg(feature = "signature")]
pub(crate) static UPDATE_KEY: Option<instep_embassy::update::PublicKey> =
    instep_embassy::update::public_key(configured!("INSTEP_UPDATE_KEY"));

/// Whether commands from the broker are taken although the device has a password, by `INSTEP_MQTT_COMMANDS=true`.
#[cfg(feature = "mqtt")]
pub(crate) const MQTT_COMMANDS: bool = configured!("MQTT_COMMANDS");

#[cfg(feature = "mqtt")]
const _: () = {
    use instep_embassy::broker::LOGIN_MAX;
    use instep_settings::{BROKER_PASSWORD_MAX, BROKER_URL_MAX};
    let [login, url]: [usize; 2] = configured!("MQTT_LENGTHS");
    assert!(login == LOGIN_MAX && url == BROKER_URL_MAX, "the build script has other lengths");
    assert!(
        LOGIN_MAX == BROKER_PASSWORD_MAX,
        "a password that is kept and one that is sent have other lengths"
    );
};

#[cfg(feature = "mqtt")]
const MQTT: Option<&str> = configured!("INSTEP_MQTT");
#[cfg(feature = "mqtt")]
const MQTT_PASSWORD: Option<&str> = configured!("INSTEP_MQTT_PASSWORD");

const SSID: Option<&str> = configured!("INSTEP_WIFI_SSID");
const WIFI_PASSWORD: Option<&str> = configured!("INSTEP_WIFI_PASSWORD");
const AP_PASSWORD: Option<&str> = configured!("INSTEP_AP_PASSWORD");
const NAME: Option<&str> = configured!("INSTEP_NAME");

/// Hash of the log-in password from `INSTEP_PASSWORD`: salt, rounds, hash.
const LOG_IN: Option<([u8; 16], u32, [u8; 32])> = configured!("INSTEP_PASSWORD");

const _: () = {
    if let Some((_, rounds, _)) = LOG_IN {
        assert!(rounds == instep_wifi::setup::ROUNDS, "build.rs and instep-wifi differ in ROUNDS");
    }
};

/// Returns the build-time settings.
pub(crate) fn settings() -> Build {
    // The build script has checked the values.
    let password = |text: &str| WifiPassword::new(text.as_bytes()).ok();
    let network = SSID
        .and_then(|name| NetworkName::new(name.as_bytes()).ok())
        .map(|name| Network::new(name, WIFI_PASSWORD.and_then(password)));
    #[cfg(feature = "mqtt")]
    let broker = MQTT.and_then(|url| instep_settings::BrokerUrl::new(url).ok());
    Build {
        network,
        ap_password: AP_PASSWORD.and_then(password),
        device_name: NAME.and_then(|name| DeviceName::new(name).ok()),
        log_in: LOG_IN.map(|(salt, rounds, hash)| stored(&Password::from_parts(salt, rounds, hash))),
        #[cfg(feature = "mqtt")]
        broker_password: MQTT_PASSWORD
            .zip(broker.as_ref())
            .and_then(|(password, broker)| instep_settings::BrokerPassword::new(password, broker).ok()),
        #[cfg(feature = "mqtt")]
        broker,
    }
}

/// Returns the name from the settings, or the default name.
pub(crate) fn name(set: Option<DeviceName>, mac: [u8; 6]) -> Name {
    set.and_then(|name| name.as_str().parse().ok()).unwrap_or_else(|| Name::from_mac(mac))
}

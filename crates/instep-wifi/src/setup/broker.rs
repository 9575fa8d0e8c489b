//! The form about the broker.

use super::provisioning::SetUp;
use crate::portal::BrokerAbout;
use instep::board::form_value;
use instep_mqtt::{AddressError, BrokerAddress};
use instep_settings::{BROKER_PASSWORD_MAX, BROKER_URL_MAX, BrokerPassword, BrokerUrl};
use zeroize::Zeroizing;

const WRONG_ADDRESS: &str =
    "The address of a broker is like mqtt://homeassistant.local or mqtt://user@192.168.0.2:1883.";
const NO_TLS: &str = "A device has no TLS: use mqtt:// with a broker in the same network, not mqtts://.";
const PASSWORD_IN_ADDRESS: &str = "The password has a field of its own: leave it out of the address.";
const WRONG_PASSWORD: &str = "A password at a broker is text of at most 64 bytes.";
const NO_USER: &str = "A password at a broker needs a user: mqtt://user@homeassistant.local.";
const NO_BROKER: &str = "A password at a broker needs the address of the broker.";
const SET: &str =
    "The device publishes at this broker from its next start on. Wait 5 s before you restart it.";
const CLEARED: &str =
    "The device publishes at no broker from its next start on. Wait 5 s before you restart it.";

impl SetUp {
    /// Takes the fields `broker`, `password` and `none`.
    pub(super) fn submit_broker(&self, form: &[u8]) {
        let said = match self.take_broker(form) {
            Ok(said) => said,
            Err(problem) => Some(problem),
        };
        self.with(|state| state.broker_said = said);
    }

    /// Returns what the page says about the broker.
    pub(super) fn about_broker(&self) -> BrokerAbout {
        let said = self.with(|state| state.broker_said);
        BrokerAbout { is_set: self.settings.broker().is_some(), said }
    }

    fn take_broker(&self, form: &[u8]) -> Result<Option<&'static str>, &'static str> {
        let mut none = [0; 8];
        if matches!(form_value(form, "none", &mut none), Ok(Some([_, ..]))) {
            self.settings.set_broker(None);
            self.settings.set_broker_password(None);
            return Ok(Some(CLEARED));
        }
        let mut url = [0; BROKER_URL_MAX];
        let url = form_value(form, "broker", &mut url).map_err(|_| WRONG_ADDRESS)?.unwrap_or_default();
        let url = core::str::from_utf8(url).map_err(|_| WRONG_ADDRESS)?.trim_ascii();
        let mut password = Zeroizing::new([0; BROKER_PASSWORD_MAX]);
        let password = form_value(form, "password", &mut *password).map_err(|_| WRONG_PASSWORD)?;
        let password = core::str::from_utf8(password.unwrap_or_default()).map_err(|_| WRONG_PASSWORD)?;
        let broker = match (url, password) {
            ("", "") => return Ok(None),
            ("", _) => self.settings.broker().ok_or(NO_BROKER)?,
            _ => BrokerUrl::new(url).map_err(|_| WRONG_ADDRESS)?,
        };
        check(broker.as_str(), !password.is_empty())?;
        // Another broker never gets the password that was set for the one before.
        self.settings.set_broker_password(BrokerPassword::new(password, &broker).ok());
        self.settings.set_broker(Some(broker));
        Ok(Some(SET))
    }
}

fn check(url: &str, has_password: bool) -> Result<(), &'static str> {
    let address = BrokerAddress::parse_for_device(url).map_err(|error| match error {
        AddressError::Secure => NO_TLS,
        AddressError::Password => PASSWORD_IN_ADDRESS,
        _ => WRONG_ADDRESS,
    })?;
    match address.user {
        None if has_password => Err(NO_USER),
        Some(user) if user.len() > BROKER_PASSWORD_MAX => Err(WRONG_ADDRESS),
        _ => Ok(()),
    }
}

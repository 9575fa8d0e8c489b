//! Address of a broker, and the log-in at it.

use instep_mqtt::{AddressError, Password};
use std::fmt;

/// Address of a broker, with the prefix of the topics there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAddress(String);

/// Password at a broker. It is not printed.
#[derive(Clone)]
pub struct BrokerLogin(String);

impl BrokerLogin {
    /// Creates the log-in with this password, for the user in the address.
    pub fn new(password: String) -> Self {
        Self(password)
    }

    /// Returns the password.
    pub fn password(&self) -> Password<'_> {
        Password(&self.0)
    }
}

impl fmt::Debug for BrokerLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrokerLogin")
    }
}

impl BrokerAddress {
    /// Returns whether the address names a user.
    pub fn has_user(&self) -> bool {
        self.parts().user.is_some()
    }

    /// Parses `mqtt[s]://[user@]host[:port][/prefix]`.
    ///
    /// # Errors
    /// The rest of a sentence that begins with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        match instep_mqtt::BrokerAddress::parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error @ AddressError::Password) => Err(format!("{error} or --mqtt-password-file FILE")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Returns the parts of the address.
    ///
    /// # Panics
    /// Never, because the text was checked.
    pub fn parts(&self) -> instep_mqtt::BrokerAddress<'_> {
        instep_mqtt::BrokerAddress::parse(&self.0).expect("the text was checked")
    }
}

/// The address as [`BrokerAddress::parse`] takes it.
impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

//! Conversion of a network from the portal's type to the type of the settings.

use crate::join::Protection;
use crate::portal::Credentials;
use instep_settings::{Network, NetworkName, WifiPassword};

/// Converts the page's credentials for the settings and the radio.
pub(crate) fn network(credentials: &Credentials) -> Option<Network> {
    let name = NetworkName::new(credentials.ssid.as_bytes()).ok()?;
    let password = match &credentials.protection {
        Protection::Open => None,
        Protection::Password(password) => Some(WifiPassword::new(password.reveal().as_bytes()).ok()?),
    };
    Some(Network::new(name, password))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::Ssid;

    #[test]
    fn every_valid_network_converts() {
        for (name, password) in
            [(&[255; 32][..], None), (b"a", Some("12345678")), (b"\0", Some(&*"~".repeat(63)))]
        {
            let protection =
                password.map_or(Protection::Open, |password| Protection::Password(password.parse().unwrap()));
            let kept = network(&Credentials { ssid: Ssid::new(name).unwrap(), protection }).unwrap();
            assert_eq!((kept.name().as_bytes(), kept.password().map(WifiPassword::reveal)), (name, password));
        }
    }
}

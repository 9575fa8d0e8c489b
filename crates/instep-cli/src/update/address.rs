//! Addresses of devices.

use std::fmt;
use std::str::FromStr;
use ureq::http::Uri;

/// Address of a device, by which it is also named to the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    name: String,
    url: String,
}

impl Address {
    /// Returns the URL of the device's firmware, with a query.
    pub(super) fn firmware(&self, query: &str) -> String {
        format!("{}/firmware{query}", self.url)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let invalid = || format!("{text:?} is no address of a device; use one like http://garden.local");
        let uri: Uri = whole.parse().map_err(|_| invalid())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid());
        };
        if authority.as_str().contains('@') {
            return Err(
                "a password in an address is visible to others; use INSTEP_PASSWORD or --password-file"
                    .into(),
            );
        }
        if !["http", "https"].contains(&scheme) || uri.query().is_some() || authority.host().is_empty() {
            return Err(invalid());
        }
        // The address of a page below a path is that of the device there.
        let path = uri.path().trim_end_matches('/');
        Ok(Self { name: format!("{authority}{path}"), url: format!("{scheme}://{authority}{path}") })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_leads_to_firmware() {
        for (text, name, url) in [
            ("garden.local", "garden.local", "http://garden.local/firmware"),
            ("http://garden.local/", "garden.local", "http://garden.local/firmware"),
            (
                "https://home.example:8443/garden/",
                "home.example:8443/garden",
                "https://home.example:8443/garden/firmware",
            ),
            ("[::1]:8080", "[::1]:8080", "http://[::1]:8080/firmware"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.to_string(), address.firmware("")), (name.into(), url.into()));
        }
        let address: Address = "garden.local".parse().unwrap();
        assert_eq!(address.firmware("?downgrade"), "http://garden.local/firmware?downgrade");
    }

    #[test]
    fn other_text_is_no_address() {
        for text in ["", "http://", "ftp://garden.local", "garden bin", "http://garden.local/?downgrade"] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.contains("use one like http://garden.local"), "{text}: {error}");
        }
        assert!("http://me:secret@garden.local".parse::<Address>().unwrap_err().contains("--password-file"));
    }
}

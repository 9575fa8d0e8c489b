//! The page of provisioning, as the server's [`BoardPages`].

use super::provisioning::SetUp;
use super::typed::Text;
use crate::lines;
use crate::name::Name;
use crate::portal::{ADDRESS_PART, About, STYLE};
use core::fmt::{self, Write};
use instep::Asset;
use instep::board::{BoardPage, BoardPages, form_value};
use instep::login::{PASSWORD_MAX, find_password};
use instep_settings::DeviceName;
use zeroize::Zeroizing;

const PAGE: &str = "/network";
const SCAN: &str = "/network/scan";
const DEVICE: &str = "/network/device";
#[cfg(feature = "mqtt")]
const BROKER: &str = "/network/broker";

static STYLE_SHEET: Asset = Asset::new("text/css; charset=utf-8", STYLE.as_bytes());

/// An invalid Wi-Fi password, for a field that cannot be decoded.
const NO_PASSWORD: &[u8] = b"\0";

impl BoardPages for SetUp {
    fn find(&self, path: &str) -> Option<BoardPage> {
        Some(match path {
            PAGE => BoardPage::Page,
            SCAN | DEVICE => BoardPage::Form,
            #[cfg(feature = "mqtt")]
            BROKER => BoardPage::Form,
            "/network.css" => BoardPage::Asset(&STYLE_SHEET),
            _ => return None,
        })
    }

    fn submit(&self, path: &str, form: &[u8]) -> &'static str {
        match path {
            SCAN => self.with(|state| state.portal.scan()),
            DEVICE => self.submit_device(form),
            #[cfg(feature = "mqtt")]
            BROKER => self.submit_broker(form),
            _ => self.submit_network(form),
        }
        self.ask();
        PAGE
    }

    fn write_part(&self, part: u16, out: &mut dyn Write) -> Result<Option<u16>, fmt::Error> {
        let (name, found) = (self.next_name(), self.found_name());
        let guarded = self.log_in.is_on();
        #[cfg(feature = "mqtt")]
        let broker = self.about_broker();
        let next = self.with(|state| {
            let guarded = guarded || state.sets_password;
            let about = About {
                name: &name,
                found: &found,
                guarded,
                said: state.said,
                #[cfg(feature = "mqtt")]
                broker,
            };
            state.portal.write_part(part, &about, out)
        })?;
        if part == ADDRESS_PART {
            self.with(|state| state.portal.shown());
            self.ask();
        }
        Ok(next)
    }
}

impl SetUp {
    fn submit_network(&self, form: &[u8]) {
        let (mut network, mut other) = ([0; 64], [0; 32]);
        let mut password = Zeroizing::new([0; 64]);
        // A value that is too long or malformed counts as missing.
        let network = form_value(form, "network", &mut network).ok().flatten().unwrap_or_default();
        let other = form_value(form, "other", &mut other).ok().flatten().unwrap_or_default();
        let password = form_value(form, "password", &mut *password);
        let password = password.map_or(NO_PASSWORD, Option::unwrap_or_default);
        // The page shows the error.
        let _ = self.with(|state| state.portal.submit(network, other, password));
    }

    fn submit_device(&self, form: &[u8]) {
        let mut said = None;
        let mut name = [0; 64];
        match form_value(form, "name", &mut name) {
            Ok(None | Some([])) => {}
            Ok(Some(name)) if name == self.next_name().as_bytes() => {}
            Ok(Some(name)) => match parse_name(name) {
                Some((name, kept)) => {
                    self.settings.set_device_name(Some(kept));
                    lines::info(format_args!("From its next start on the device is called {name}"));
                    said = Some("The device has its new name from its next start on.");
                }
                None => said = Some(WRONG_NAME),
            },
            Err(_) => said = Some(WRONG_NAME),
        }
        let mut password = Zeroizing::new([0; PASSWORD_MAX]);
        let is_on = self.log_in.is_on();
        match form_value(form, "password", &mut *password) {
            Ok(None | Some([])) => {}
            _ if is_on || self.with(|state| state.sets_password) => {
                said = Some("The device has a password: it cannot be changed here.");
            }
            Ok(Some(password)) => match find_password(password) {
                Ok(password) => {
                    self.with(|state| {
                        state.new_password = Text::new(password.as_bytes());
                        state.sets_password = true;
                    });
                    self.password.signal(());
                    said = Some("The password is being set: in a moment it is asked for.");
                }
                Err(_) => said = Some(WRONG_PASSWORD),
            },
            Err(_) => said = Some(WRONG_PASSWORD),
        }
        self.with(|state| state.said = said);
    }
}

const WRONG_PASSWORD: &str = "A password is text of 1 to 128 bytes, without control characters.";

const WRONG_NAME: &str =
    "A name has 1 to 32 letters, digits and hyphens, a letter among them, and no hyphen at its ends.";

fn parse_name(name: &[u8]) -> Option<(Name, DeviceName)> {
    let text = core::str::from_utf8(name).ok()?;
    Some((text.parse().ok()?, DeviceName::new(text).ok()?))
}

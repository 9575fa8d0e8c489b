//! The page of the portal: HTML without script, which reloads itself during a scan or a join.

#[cfg(feature = "mqtt")]
use super::broker::{self, BrokerAbout};
use super::networks::{NETWORKS_MAX, Network};
use super::state::{FormError, Outcome, Phase, Portal, Problem};
use crate::name::Name;
use core::fmt::{self, Display, Write};
use instep_proto::http::escape_html;

/// Style sheet of the page, for `/network.css`.
pub const STYLE: &str = include_str!("network.css");

/// Facts about the device, for the page.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Name of the device from its next start.
    pub name: &'a Name,
    /// Name of the device in the other network, which is numbered if another device there has `name`.
    pub found: &'a Name,
    /// Whether the device has a password. If so, the page cannot change it.
    pub guarded: bool,
    /// Message about the last form for the device's name and password.
    pub said: Option<&'static str>,
    /// What it says about the broker.
    #[cfg(feature = "mqtt")]
    pub broker: BrokerAbout,
}

/// First part of the page.
pub const FIRST_PART: u16 = 0;
/// Part that ends a page with the device's new address. Call [`Portal::shown`] once it was written.
pub const ADDRESS_PART: u16 = 41;

const STATUS: u16 = 1;
/// Part of the first network; each network has one part.
const NETWORK: u16 = 2;
const OTHER: u16 = NETWORK + {
    assert!(NETWORKS_MAX == 16, "the number of parts differs from the number of networks");
    16
};
const PASSWORD: u16 = OTHER + 1;
const BROKER: u16 = PASSWORD + 1;
const BROKER_FORM: u16 = BROKER + 1;
const DEVICE: u16 = BROKER_FORM + 1;
const DEVICE_FORM: u16 = DEVICE + 1;
const END: u16 = DEVICE_FORM + 1;
const NAME: u16 = 40;

impl Portal {
    /// Writes one part of the page for `/network`, of at most 480 bytes, and returns the number of the next part.
    ///
    /// The page stays valid HTML even if the state changes between two parts.
    ///
    /// Its forms go to `/network` (fields of [`Portal::submit`]), to `/network/scan` (see [`Portal::scan`]), to
    /// `/network/device` (fields `name` and `password` of the device), and with the feature `mqtt` to `/network/broker` (fields
    /// `broker`, `password` and `none`). Answer each with 303 to the page. The page
    /// has no script and nothing inline, as the strict content security policy of `instep-proto` requires.
    ///
    /// # Errors
    /// Errors of `out`.
    pub fn write_part(
        &self,
        part: u16,
        about: &About<'_>,
        out: &mut dyn Write,
    ) -> Result<Option<u16>, fmt::Error> {
        let name = about.name;
        match part {
            FIRST_PART => {
                out.write_str(HEAD)?;
                if self.is_scanning() || matches!(self.phase, Phase::Trying(_) | Phase::Keeping { .. }) {
                    out.write_str("<meta http-equiv=\"refresh\" content=\"2\">\n")?;
                }
                write!(out, "<title>{name}</title>\n</head>\n<body>\n<main>\n<h1>{name}</h1>\n")?;
                Ok(Some(STATUS))
            }
            STATUS => self.write_status(out),
            NETWORK..OTHER => {
                if let Some(network) = self.networks.nth(usize::from(part - NETWORK)) {
                    self.write_network(network, out)?;
                    return Ok(Some(part + 1));
                }
                if self.is_scanning() {
                    out.write_str("<p role=\"status\">Looking for networks…</p>\n")?;
                }
                Ok(Some(OTHER))
            }
            OTHER => {
                let ours =
                    self.asked.filter(|asked| self.networks.iter().all(|network| network.ssid != *asked));
                let (checked, asked) = if ours.is_some() { (" checked", ours) } else { ("", None) };
                write!(
                    out,
                    "<label><input type=\"radio\" name=\"network\" value=\"other\" required{checked}> Another one: \
                     <input name=\"other\" maxlength=\"32\" autocapitalize=\"none\" spellcheck=\"false\""
                )?;
                if let Some(asked) =
                    asked.as_ref().filter(|asked| core::str::from_utf8(asked.as_bytes()).is_ok())
                {
                    write!(out, " value=\"{}\"", Html(asked))?;
                }
                out.write_str("></label>\n</fieldset>\n")?;
                Ok(Some(PASSWORD))
            }
            PASSWORD => {
                out.write_str(
                    "<label>Its password <input type=\"password\" name=\"password\" maxlength=\"63\"></label>\n\
                     <button>Join</button>\n</form>\n\
                     <form method=\"post\" action=\"/network/scan\"><button>Look for networks again</button></form>\n",
                )?;
                Ok(Some(if cfg!(feature = "mqtt") { BROKER } else { DEVICE }))
            }
            #[cfg(feature = "mqtt")]
            BROKER => broker::write_state(about.broker, out).map(|()| Some(BROKER_FORM)),
            #[cfg(feature = "mqtt")]
            BROKER_FORM => broker::write_form(about.broker, out).map(|()| Some(DEVICE)),
            DEVICE => {
                out.write_str("<h2>The device itself</h2>\n")?;
                if let Some(said) = about.said {
                    writeln!(out, "<p role=\"alert\">{said}</p>")?;
                }
                out.write_str(if about.guarded {
                    "<p>It asks for its password.</p>\n"
                } else {
                    "<p>It is open to everyone on this network: it has no password.</p>\n"
                })?;
                Ok(Some(DEVICE_FORM))
            }
            DEVICE_FORM => {
                write!(
                    out,
                    "<form method=\"post\" action=\"/network/device\" autocomplete=\"off\">\n\
                     <label>Its name <input name=\"name\" maxlength=\"32\" value=\"{name}\" autocapitalize=\"none\" \
                     spellcheck=\"false\"></label>\n"
                )?;
                if !about.guarded {
                    out.write_str(
                        "<label>A password for its pages <input type=\"password\" name=\"password\" maxlength=\"128\"></label>\n",
                    )?;
                }
                out.write_str(
                    "<button>Keep</button>\n</form>\n<p><a href=\"/\">To the device's page</a></p>\n",
                )?;
                Ok(Some(END))
            }
            NAME => self.write_address(about.found, out),
            _ => {
                out.write_str("</main>\n</body>\n</html>\n")?;
                Ok(None)
            }
        }
    }

    /// Returns whether the page waits for the first result of a scan.
    fn is_scanning(&self) -> bool {
        self.scan_pending && self.networks.nth(0).is_none() && self.phase == Phase::Asking(None)
    }

    /// Writes the state of the join, or the beginning of the form.
    fn write_status(&self, out: &mut dyn Write) -> Result<Option<u16>, fmt::Error> {
        match self.phase {
            Phase::Asking(problem) => {
                if let Some(problem) = problem {
                    writeln!(out, "<p role=\"alert\">{problem}</p>")?;
                }
                out.write_str(
                    "<form method=\"post\" action=\"/network\" autocomplete=\"off\">\n<fieldset>\n\
                     <legend>Which Wi-Fi network is the device to join? (2.4 GHz only)</legend>\n",
                )?;
                Ok(Some(NETWORK))
            }
            Phase::Trying(credentials) | Phase::Keeping { credentials, .. } => {
                writeln!(
                    out,
                    "<p role=\"status\">Joining <bdi>{}</bdi>. This takes up to half a minute, and this phone may lose the \
                     device's own network for a moment: stay here, or join it again.</p>",
                    Html(&credentials.ssid)
                )?;
                Ok(Some(END))
            }
            Phase::Joined { .. } => {
                let network = self.asked.as_ref().map_or(Html(&"the network"), |ssid| Html(ssid));
                writeln!(
                    out,
                    "<p role=\"status\">The device has joined <bdi>{network}</bdi>. Let this phone join it, too; there the \
                     device is at</p>"
                )?;
                Ok(Some(NAME))
            }
        }
    }

    fn write_network(&self, network: &Network, out: &mut dyn Write) -> fmt::Result {
        let checked = if self.asked == Some(network.ssid) { " checked" } else { "" };
        let open = if network.protected { "" } else { ", without a password" };
        writeln!(
            out,
            "<label><input type=\"radio\" name=\"network\" value=\"{}\" required{checked}> <bdi>{}</bdi> \
             <small>{} dBm{open}</small></label>",
            network.ssid.digits(),
            Html(&network.ssid),
            network.signal
        )
    }

    fn write_address(&self, name: &Name, out: &mut dyn Write) -> Result<Option<u16>, fmt::Error> {
        if let Phase::Joined { address, kept, .. } = self.phase {
            write!(
                out,
                "<ul>\n<li><a href=\"http://{name}.local/\">http://{name}.local/</a></li>\n\
                 <li><a href=\"http://{address}/\">http://{address}/</a></li>\n</ul>\n\
                 <p>The device's own network ends in half a minute.</p>\n"
            )?;
            if !kept {
                out.write_str(
                    "<p role=\"alert\">The network could not be kept: after its next start the device will ask again.</p>\n",
                )?;
            }
        }
        Ok(Some(ADDRESS_PART))
    }
}

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"stylesheet\" href=\"/network.css\">\n";

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form(FormError::Network) => "Choose a network, or write the name of another one.",
            Self::Form(FormError::Password(_)) => {
                "That is no password of a Wi-Fi network: it has 8 to 63 letters, digits and signs."
            }
            Self::Form(FormError::Busy) => "A network is being tried.",
            Self::Radio(Outcome::WrongPassword) => "The network refuses this password.",
            Self::Radio(Outcome::NotAdmitted) => {
                "The network does not admit the device. Is the password right, is it near enough, and does it admit every device?"
            }
            Self::Radio(Outcome::OtherProtection) => {
                "The network is protected in another way. Does it want a password, none, or a user's name?"
            }
            Self::Radio(Outcome::NotFound) => {
                "The network is not there. Is it near enough, and does it send at 2.4 GHz?"
            }
            Self::Radio(Outcome::NoAddress) => {
                "The password is right, but the network gives the device no address. Is its router's DHCP on?"
            }
            Self::Radio(Outcome::NotJoined) => {
                "The device could not join the network, and its log says why. The network may be full, or too far away."
            }
            Self::Radio(Outcome::Joined(_)) => "",
        })
    }
}

/// Text whose special characters are escaped for HTML.
struct Html<'d>(&'d dyn Display);

impl Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escape(f), "{}", self.0)
    }
}

struct Escape<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut written = Ok(());
        escape_html(text, |part| written = written.and_then(|()| self.0.write_str(part)));
        written
    }
}

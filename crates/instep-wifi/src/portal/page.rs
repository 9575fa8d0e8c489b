//! The page of a portal: HTML that works without script, and comes again by itself while something is under way.

use super::networks::{NETWORKS_MAX, Network};
use super::state::{FormError, Outcome, Phase, Portal, Problem};
use crate::name::Name;
use core::fmt::{self, Display, Write};

/// The page's style, for `/network.css`.
pub const STYLE: &str = include_str!("network.css");

/// What the page says of the device itself, beside its network.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Its name, as it is to be from its next start on.
    pub name: &'a Name,
    /// The name by which it is found in the other network: that one, or another if somebody there has it already.
    pub found: &'a Name,
    /// Whether it asks for a password. If so, the page cannot change that.
    pub guarded: bool,
    /// What there is to say to what was asked of it last.
    pub said: Option<&'static str>,
}

/// Where a page begins: a server begins there by itself.
pub const FIRST_PART: u16 = 0;
/// The last part of a page that tells where the device will be found: once it was written, [`Portal::shown`].
pub const TELLING_PART: u16 = 41;

const STATUS: u16 = 1;
/// The first of the networks that were found.
const NETWORK: u16 = 2;
const OTHER: u16 = NETWORK + {
    assert!(NETWORKS_MAX == 16, "there is a part for each");
    16
};
const PASSWORD: u16 = OTHER + 1;
const DEVICE: u16 = PASSWORD + 1;
const DEVICE_FORM: u16 = DEVICE + 1;
const END: u16 = DEVICE_FORM + 1;
const NAME: u16 = 40;

impl Portal {
    /// Writes the page for `/network`: all its parts.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_page(&self, about: &About<'_>, out: &mut dyn Write) -> fmt::Result {
        let mut next = Some(FIRST_PART);
        while let Some(part) = next {
            next = self.write_part(part, about, out)?;
        }
        Ok(())
    }

    /// Writes one part, 480 bytes at most, of the page for `/network`, and says which comes behind it. Whatever happens
    /// between one part and the next, what was written is a page.
    ///
    /// Its forms go to `/network`, with the fields that [`Portal::submit`] takes, to `/network/scan`, for [`Portal::scan`],
    /// and to `/network/device`, with the fields `name` and `password` for the device itself; all are to be answered by 303
    /// to the page. It holds to the strict policy of `instep-proto`: there is no script, and nothing inline.
    ///
    /// # Errors
    /// Those of `out`.
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
                if self.looks_around() || matches!(self.phase, Phase::Trying { .. } | Phase::Keeping { .. }) {
                    out.write_str("<meta http-equiv=\"refresh\" content=\"2\">\n")?;
                }
                write!(out, "<title>{name}</title>\n</head>\n<body>\n<main>\n<h1>{name}</h1>\n")?;
                Ok(Some(STATUS))
            }
            STATUS => self.write_status(out),
            NETWORK..OTHER => {
                if let Some(network) = self.networks.at(usize::from(part - NETWORK)) {
                    self.write_network(network, out)?;
                    return Ok(Some(part + 1));
                }
                if self.looks_around() {
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
                Ok(Some(DEVICE))
            }
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

    /// Whether there will soon be networks where there are none.
    fn looks_around(&self) -> bool {
        self.looks && self.networks.at(0).is_none() && self.phase == Phase::Asking(None)
    }

    /// What the network that was asked for has come to, or the beginning of the form.
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
            Phase::Trying { credentials, .. } | Phase::Keeping { credentials, .. } => {
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
        Ok(Some(TELLING_PART))
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

/// Text that cannot be taken for HTML.
struct Html<'d>(&'d dyn Display);

impl Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escape(f), "{}", self.0)
    }
}

struct Escape<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c {
            '&' => self.0.write_str("&amp;"),
            '<' => self.0.write_str("&lt;"),
            '>' => self.0.write_str("&gt;"),
            '"' => self.0.write_str("&quot;"),
            '\'' => self.0.write_str("&#39;"),
            other => self.0.write_char(other),
        })
    }
}

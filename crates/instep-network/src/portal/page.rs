//! The page of a portal: HTML that works without script, and comes again by itself while something is under way.

use super::{FormError, Outcome, Phase, Portal, Problem};
use crate::name::Name;
use core::fmt::{self, Display, Write};

/// The page's style, for `/network.css`.
pub const STYLE: &str = include_str!("network.css");

impl Portal {
    /// Writes the page for `/network` of the device called `name`. Its forms go to `/network`, with the fields that
    /// [`Portal::submit`] takes, and to `/network/scan`, for [`Portal::scan`]; both are to be answered by 303 to the page.
    /// It holds to the strict policy of `instep-proto`: there is no script, and nothing inline.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_page(&self, name: &Name, out: &mut impl Write) -> fmt::Result {
        let waits = matches!(self.phase, Phase::Trying { .. } | Phase::Keeping { .. });
        out.write_str(HEAD)?;
        if waits {
            out.write_str("<meta http-equiv=\"refresh\" content=\"2\">\n")?;
        }
        write!(out, "<title>{name}</title>\n</head>\n<body>\n<main>\n<h1>{name}</h1>\n")?;
        match self.phase {
            Phase::Asking(problem) => self.write_form(problem, out)?,
            Phase::Trying { credentials, .. } | Phase::Keeping { credentials, .. } => writeln!(
                out,
                "<p role=\"status\">Joining <bdi>{}</bdi>. This takes up to half a minute, and this phone may lose the \
                 device's own network for a moment: stay here, or join it again.</p>",
                Html(&credentials.ssid)
            )?,
            Phase::Joined { address, kept, .. } => {
                let network = self.asked.as_ref().map_or(Html(&"the network"), |ssid| Html(ssid));
                write!(
                    out,
                    "<p role=\"status\">The device has joined <bdi>{network}</bdi>. Let this phone join it, too; there the \
                     device is at</p>\n<ul>\n<li><a href=\"http://{name}.local/\">http://{name}.local/</a></li>\n\
                     <li><a href=\"http://{address}/\">http://{address}/</a></li>\n</ul>\n"
                )?;
                if !kept {
                    out.write_str(
                        "<p role=\"alert\">The network could not be kept: after its next start the device will ask again.</p>\n",
                    )?;
                }
            }
        }
        out.write_str("</main>\n</body>\n</html>\n")
    }

    fn write_form(&self, problem: Option<Problem>, out: &mut impl Write) -> fmt::Result {
        if let Some(problem) = problem {
            writeln!(out, "<p role=\"alert\">{problem}</p>")?;
        }
        out.write_str(
            "<form method=\"post\" action=\"/network\" autocomplete=\"off\">\n<fieldset>\n\
             <legend>Which Wi-Fi network is the device to join? (2.4 GHz only)</legend>\n",
        )?;
        for network in self.networks.iter() {
            let checked = if self.asked == Some(network.ssid) { " checked" } else { "" };
            let open = if network.protected { "" } else { ", without a password" };
            writeln!(
                out,
                "<label><input type=\"radio\" name=\"network\" value=\"{}\" required{checked}> <bdi>{}</bdi> \
                 <small>{} dBm{open}</small></label>",
                network.ssid.digits(),
                Html(&network.ssid),
                network.signal
            )?;
        }
        out.write_str(
            "<label><input type=\"radio\" name=\"network\" value=\"other\" required> Another one: \
             <input name=\"other\" maxlength=\"32\" autocapitalize=\"none\" spellcheck=\"false\"></label>\n</fieldset>\n\
             <label>Its password <input type=\"password\" name=\"password\" maxlength=\"63\"></label>\n\
             <button>Join</button>\n</form>\n\
             <form method=\"post\" action=\"/network/scan\"><button>Look for networks again</button></form>\n",
        )
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
            Self::Radio(Outcome::NotFound) => {
                "The network is not there. Is it near enough, and does it send at 2.4 GHz?"
            }
            Self::Radio(Outcome::NoAddress) => {
                "The password is right, but the network gives the device no address. Is its router's DHCP on?"
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

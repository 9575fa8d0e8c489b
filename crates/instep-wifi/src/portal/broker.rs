//! The part of the page about the broker.

use core::fmt::{self, Write};

/// What the page says about the broker. The address and the password are never sent back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerAbout {
    /// Whether an address is set.
    pub is_set: bool,
    /// Message about the last form for the broker.
    pub said: Option<&'static str>,
}

/// Writes what is set.
pub(super) fn write_state(about: BrokerAbout, out: &mut dyn Write) -> fmt::Result {
    out.write_str("<h2>MQTT broker</h2>\n")?;
    if let Some(said) = about.said {
        writeln!(out, "<p role=\"alert\">{said}</p>")?;
    }
    out.write_str(if about.is_set {
        "<p>The device publishes at a broker, whose address and password are not shown.</p>\n"
    } else {
        "<p>The device publishes at no broker.</p>\n"
    })
}

/// Writes the form, with the fields `broker`, `password` and `none`.
pub(super) fn write_form(about: BrokerAbout, out: &mut dyn Write) -> fmt::Result {
    out.write_str(
        "<form method=\"post\" action=\"/network/broker\" autocomplete=\"off\">\n\
         <label>Address, such as mqtt://user@homeassistant.local \
         <input name=\"broker\" maxlength=\"96\" autocapitalize=\"none\" spellcheck=\"false\"></label>\n\
         <label>Password there <input type=\"password\" name=\"password\" maxlength=\"64\" autocomplete=\"new-password\"></label>\n\
         <button>Keep</button>\n",
    )?;
    if about.is_set {
        out.write_str("<button name=\"none\" value=\"yes\">Use no broker</button>\n")?;
    }
    out.write_str("</form>\n")
}

//! The password for devices: from a variable, from a file, or asked for.

use super::address::Address;
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Variable with the password, as `instep serve` has it.
const VARIABLE: &str = "INSTEP_PASSWORD";

/// Source of the password, and the password once it is known.
pub(super) struct PasswordSource {
    known: Option<Zeroizing<String>>,
    name: &'static str,
}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordSource").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PasswordSource {
    /// Reads the password from the variable or the file, if there is one.
    pub(super) fn new(file: Option<&Path>) -> Result<Self, String> {
        let text = std::env::var_os(VARIABLE).filter(|text| !text.is_empty());
        match (text, file) {
            (Some(_), Some(file)) => Err(format!(
                "there are two passwords, in {VARIABLE} and in {}; leave out one",
                file.display()
            )),
            (Some(text), None) => {
                let password = instep::login::find_password(text.as_encoded_bytes())
                    .map_err(|error| format!("the password in {VARIABLE} {}", error.reason()))?;
                Ok(Self { known: Some(Zeroizing::new(password.into())), name: VARIABLE })
            }
            (None, Some(file)) => {
                let password = instep_linux::read_password_file(file)?;
                Ok(Self { known: Some(password), name: "the password file" })
            }
            (None, None) => Ok(Self { known: None, name: "the next try" }),
        }
    }

    /// Returns the name of the source, for an error.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the password, if it is known.
    pub(super) fn known(&self) -> Option<&str> {
        self.known.as_ref().map(|password| password.as_str())
    }

    /// Asks for the password, which the terminal does not show.
    ///
    /// Returns `None` if nobody can be asked, because stdin is no terminal.
    pub(super) fn ask(&mut self, device: &Address) -> io::Result<Option<&str>> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        let typed = rpassword::prompt_password(format!("Password of {device}: "))?;
        self.known = Some(Zeroizing::new(typed));
        Ok(self.known())
    }
}

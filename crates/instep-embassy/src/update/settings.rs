//! Build-time settings of updates, which are the same on all boards.

use instep::update::Permission;
#[cfg(feature = "signature")]
use instep_update::PublicKey;

/// Returns who may update a device, from `INSTEP_UPDATE`.
///
/// # Panics
/// If the setting is anything but `open`. In a constant this is an error of the compiler.
pub const fn permission(setting: Option<&str>) -> Permission {
    match setting {
        None => Permission::LoggedIn,
        Some(setting) => match setting.as_bytes() {
            b"" => Permission::LoggedIn,
            b"open" => Permission::Everyone,
            _ => panic!(
                "INSTEP_UPDATE must be `open`, which lets everyone in the network update a device without a password"
            ),
        },
    }
}

/// Returns the public key of the images that a device accepts, from `INSTEP_UPDATE_KEY`.
///
/// # Panics
/// If the setting is not 64 hexadecimal digits. In a constant this is an error of the compiler.
#[cfg(feature = "signature")]
pub const fn public_key(setting: Option<&str>) -> Option<PublicKey> {
    let Some(digits) = setting else { return None };
    if digits.is_empty() {
        return None;
    }
    match PublicKey::from_hex(digits) {
        Some(key) => Some(key),
        None => panic!(
            "INSTEP_UPDATE_KEY must be a public key in 64 hexadecimal digits, as `instep keygen` prints it"
        ),
    }
}

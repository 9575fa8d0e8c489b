//! The join string of the device's own network on the serial port.

use crate::join::{JoinString, Protection};
use crate::name::Name;
use instep_settings::{Settings, WifiPassword};

/// Chooses the protection of the device's own network, and stores a new password.
///
/// See [`Protection::choose`] for `chosen` and `random`.
pub fn protection(
    settings: &Settings,
    chosen: Option<Protection>,
    random: impl FnMut() -> u32,
) -> Protection {
    let stored = settings.ap_password().and_then(|password| password.reveal().parse().ok());
    let (protection, new) = Protection::choose(chosen, stored, random);
    if let Some(new) = new {
        settings.set_ap_password(WifiPassword::new(new.reveal().as_bytes()).ok());
    }
    protection
}

/// Logs how a phone joins the device's own network.
///
/// The line contains the password. Its target, [`instep::log_target::SECRET`], restricts it to the serial port.
pub fn tell_join_string(name: &Name, protection: Protection) {
    log::info!(
        target: instep::log_target::SECRET,
        "To join the device's own network, when there is one: {}",
        JoinString { network: name.as_str(), protection }
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::{LevelFilter, Log, Metadata, Record};
    use std::string::{String, ToString};
    use std::sync::Mutex;

    struct Noted;

    static NOTED: Mutex<Option<(String, String)>> = Mutex::new(None);

    impl Log for Noted {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &Record<'_>) {
            let line = record.args().to_string();
            if line.contains("WIFI:") {
                *NOTED.lock().unwrap() = Some((record.target().to_string(), line));
            }
        }

        fn flush(&self) {}
    }

    #[test]
    fn join_string_is_logged_as_a_secret() {
        log::set_logger(&Noted).unwrap();
        log::set_max_level(LevelFilter::Info);
        tell_join_string(&"lamp".parse().unwrap(), Protection::Password("12345678".parse().unwrap()));
        let (target, line) = NOTED.lock().unwrap().take().expect("a line");
        assert_eq!(target, instep::log_target::SECRET);
        assert!(line.ends_with(": WIFI:T:WPA;S:lamp;P:12345678;;"), "{line}");
    }
}

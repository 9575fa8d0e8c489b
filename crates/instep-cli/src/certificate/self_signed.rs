//! A certificate that the device makes for itself, and keeps.

use super::files::Files;
use instep_tokio::Certificate;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;
/// How long a certificate is valid. Browsers refuse those with more than 398 days.
const LIFE: u64 = 397 * DAY;
/// A new one is made so long before the end.
const BEFORE_THE_END: u64 = 30 * DAY;
/// Clocks that are slow by so much find it valid, too.
const SLOW_CLOCKS: u64 = 3600;
/// What stands before a key that was made here. It says what the certificate is for.
const MARK: &str = "Made by instep --tls-self-signed. Whoever has this key can pretend to be the device.";

/// For whom a certificate is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The device's own name.
    name: String,
    /// All names and addresses, in order.
    alternatives: Vec<String>,
}

impl Subject {
    /// The device with that name, which goes by other names and by these addresses, too.
    pub(crate) fn new(name: &str, others: &[&str], addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let mut alternatives = vec!["localhost".into()];
        let name = without_dot(name);
        for own in [name, name.split_once('.').map_or(name, |(alone, _)| alone)] {
            if !own.is_empty() {
                alternatives.extend([own.to_owned(), format!("{own}.local")]);
            }
        }
        // Addresses come by themselves.
        let others = others.iter().map(|other| without_dot(other)).filter(|other| !other.starts_with('['));
        alternatives.extend(others.map(str::to_owned));
        // A machine may be called what no name in the network can be.
        alternatives.retain(|name| name.bytes().all(|byte| byte.is_ascii_graphic()));
        alternatives.iter_mut().for_each(|name| name.make_ascii_lowercase());
        alternatives.extend(addresses.into_iter().map(|address| address.to_string()));
        alternatives.sort();
        alternatives.dedup();
        Self { name: name.into(), alternatives }
    }
}

/// A certificate has names without the dot at the end.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Where it is kept if nothing else is said: in a folder for what a program remembers.
pub(super) fn usual_files(port: u16) -> Result<Files, String> {
    let absolute =
        |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    // The first is what systemd sets aside for a service.
    let folder = absolute("STATE_DIRECTORY")
        .or_else(|| absolute("XDG_STATE_HOME").map(|path| path.join("instep")))
        .or_else(|| absolute("HOME").map(|path| path.join(".local/state/instep")))
        .ok_or(
            "there is no home folder to keep the certificate in: name files with --tls-cert and --tls-key",
        )?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| {
        format!("the folder {} for the certificate cannot be made: {error}", folder.display())
    })?;
    Ok(Files {
        certificate: folder.join(format!("certificate-{port}.pem")),
        key: folder.join(format!("key-{port}.pem")),
    })
}

/// The certificate that is kept, if it is right; else a new one, which is kept from now on. Says whether it is new.
pub(super) fn keep(files: &Files, subject: &Subject) -> Result<(Certificate, bool), String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match std::fs::read_to_string(&files.key) {
        Ok(key) if key.starts_with(MARK) => {
            protect(&files.key)?;
            if is_right(&key, subject, now)
                && let Ok(certificate) = files.read()
            {
                return Ok((certificate, false));
            }
        }
        // What was not made here is not overwritten.
        Err(error) if error.kind() == ErrorKind::NotFound && !files.certificate.exists() => {}
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(format!("the key {} cannot be read: {error}", files.key.display()));
        }
        _ => {
            return Err(format!(
                "{} and {} are not overwritten, because --tls-self-signed did not make them: leave that option \
                 out, or name other files",
                files.certificate.display(),
                files.key.display()
            ));
        }
    }
    let (certificate, key) = make(subject, now).map_err(|error| {
        let names = subject.alternatives.join(", ");
        format!("no certificate can be made for {names}: {error}")
    })?;
    write(&files.certificate, 0o644, &certificate)?;
    write(&files.key, 0o600, &key)?;
    Ok((files.read()?, true))
}

/// A certificate and its key, in PEM.
fn make(subject: &Subject, now: u64) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(subject.alternatives.clone())?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, subject.name.as_str());
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let from = now.saturating_sub(SLOW_CLOCKS);
    // The end belongs to it.
    let until = from + LIFE - 1;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + Duration::from_secs(from);
    parameters.not_after = epoch + Duration::from_secs(until);
    let certificate = parameters.self_signed(&key)?;
    let head = head(subject, from, until);
    Ok((certificate.pem(), format!("{head}{}", key.serialize_pem())))
}

/// What stands before a key.
fn head(subject: &Subject, from: u64, until: u64) -> String {
    let names = subject.alternatives.join(" ");
    format!(
        "{MARK}\nIts certificate is for: {names}\nIn seconds since 1970 it is valid from {from} to {until}\n"
    )
}

/// Whether that is the key of a certificate for this subject, which is valid and stays so for a while.
fn is_right(key: &str, subject: &Subject, now: u64) -> bool {
    let times = || {
        let (_, times) = key.lines().nth(2)?.split_once("from ")?;
        let (from, until) = times.split_once(" to ")?;
        Some((from.parse().ok()?, until.parse().ok()?))
    };
    times().is_some_and(|(from, until)| {
        key.starts_with(&head(subject, from, until))
            && (from..until.saturating_sub(BEFORE_THE_END)).contains(&now)
    })
}

/// Nobody else reads a key.
fn protect(key: &Path) -> Result<(), String> {
    let protect = || {
        let file = File::open(key)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        Ok(())
    };
    protect()
        .map_err(|error: std::io::Error| format!("the key {} cannot be protected: {error}", key.display()))
}

/// Writes a file, all of it or nothing.
fn write(path: &Path, mode: u32, text: &str) -> Result<(), String> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let write = || {
        // One that was left behind may have another mode.
        if let Err(error) = std::fs::remove_file(&new)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn subject(name: &str, address: [u8; 4]) -> Subject {
        Subject::new(name, &["other.test"], [IpAddr::from(address)])
    }

    #[test]
    fn it_is_right_until_a_month_before_its_end_and_for_the_same_names_only() {
        let lamp = subject("Lamp", [192, 0, 2, 1]);
        let (certificate, key) = make(&lamp, NOW).unwrap();
        assert!(Certificate::from_pem(certificate.as_bytes(), key.as_bytes()).is_ok());
        let end = NOW - SLOW_CLOCKS + LIFE - 1;
        for (now, right) in [
            (NOW, true),
            (NOW - SLOW_CLOCKS, true),
            (NOW - SLOW_CLOCKS - 1, false),
            (end - BEFORE_THE_END - 1, true),
            (end - BEFORE_THE_END, false),
        ] {
            assert_eq!(is_right(&key, &lamp, now), right, "{now}");
        }
        assert!(is_right(&key, &subject("lamp", [192, 0, 2, 1]), NOW), "names have no case");
        assert!(!is_right(&key, &subject("lamp2", [192, 0, 2, 1]), NOW));
        assert!(!is_right(&key, &subject("lamp", [192, 0, 2, 2]), NOW));
        assert!(!is_right(&key.replace("from", "since"), &lamp, NOW));
    }

    #[test]
    fn its_names_are_those_by_which_the_device_goes() {
        let names = ["192.0.2.1", "lamp", "lamp.local", "localhost", "other.test"];
        assert_eq!(subject("Lamp", [192, 0, 2, 1]).alternatives, names);
        assert_eq!(Subject::new("", &[], []).alternatives, ["localhost"]);
        let names =
            ["box", "box.example.com", "box.example.com.local", "box.local", "localhost", "other.test"];
        let dotted = Subject::new("Box.example.com.", &["other.test.", "[fe80::1%eth0]"], []);
        assert_eq!(dotted.alternatives, names);
        assert!(make(&dotted, NOW).is_ok());
    }

    /// The two times of a certificate, in DER: UTCTime, in seconds of the same century.
    fn times(pem: &str) -> Vec<String> {
        use rustls_pki_types::pem::PemObject as _;
        let der = rustls_pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let times = der.windows(15).filter(|bytes| bytes.starts_with(&[0x17, 13]) && bytes.ends_with(b"Z"));
        times.map(|bytes| String::from_utf8(bytes[2..].to_vec()).unwrap()).collect()
    }

    #[test]
    fn it_lives_for_397_days() {
        // 2027-01-15 08:00:00 UTC.
        let (certificate, _) = make(&subject("lamp", [192, 0, 2, 1]), NOW).unwrap();
        assert_eq!(times(&certificate), ["270115070000Z", "280216065959Z"]);
    }
}

//! The self-signed certificate, which the device generates and stores.

use super::files::Files;
use instep_tokio::Certificate;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One day, in seconds.
const DAY: u64 = 86_400;
/// Validity of a certificate, in seconds. Browsers reject more than 398 days.
const VALIDITY: u64 = 397 * DAY;
/// Remaining validity below which a new certificate is generated, in seconds.
const RENEW_BEFORE: u64 = 30 * DAY;
/// Tolerance for slow clocks, by which the validity begins earlier, in seconds.
const CLOCK_SKEW: u64 = 3600;
/// First line of a generated key file.
///
/// It never changes, because key files of earlier versions are recognised by it.
const MARK: &str = "Made by instep --tls-self-signed. Whoever has this key can pretend to be the device.";

/// Subject of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Host name of the device.
    name: String,
    /// All names and addresses, sorted.
    alternatives: Vec<String>,
}

impl Subject {
    /// Returns the subject for a device with these names and addresses.
    pub(crate) fn new(name: &str, others: &[&str], addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let mut alternatives = vec!["localhost".into()];
        let name = without_dot(name);
        for own in [name, name.split_once('.').map_or(name, |(alone, _)| alone)] {
            if !own.is_empty() {
                alternatives.extend([own.to_owned(), format!("{own}.local")]);
            }
        }
        // IPv6 literals are dropped, because `addresses` has them.
        let others = others.iter().map(|other| without_dot(other)).filter(|other| !other.starts_with('['));
        alternatives.extend(others.map(str::to_owned));
        // A machine's name may have characters that a DNS name cannot have.
        alternatives.retain(|name| name.bytes().all(|byte| byte.is_ascii_graphic()));
        alternatives.iter_mut().for_each(|name| name.make_ascii_lowercase());
        alternatives.extend(addresses.into_iter().map(|address| address.to_string()));
        alternatives.sort();
        alternatives.dedup();
        Self { name: name.into(), alternatives }
    }
}

/// Strips the dot at the end of a name, because names in certificates have none.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Returns the default files, and creates their folder.
///
/// It is the folder for the state of a program.
pub(super) fn default_files(port: u16) -> Result<Files, String> {
    let absolute =
        |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    // systemd sets `STATE_DIRECTORY` for a service.
    let folder = absolute("STATE_DIRECTORY")
        .or_else(|| absolute("XDG_STATE_HOME").map(|path| path.join("instep")))
        .or_else(|| absolute("HOME").map(|path| path.join(".local/state/instep")))
        .ok_or("cannot store the certificate: none of STATE_DIRECTORY, XDG_STATE_HOME and HOME is an absolute path; name files with \
             --tls-cert and --tls-key")?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| {
        format!("cannot create the folder {} for the certificate: {error}", folder.display())
    })?;
    Ok(Files {
        certificate: folder.join(format!("certificate-{port}.pem")),
        key: folder.join(format!("key-{port}.pem")),
    })
}

/// Reads the stored certificate, or generates a new one if it is outdated.
///
/// Returns the certificate and whether it is new.
pub(super) fn open(files: &Files, subject: &Subject) -> Result<(Certificate, bool), String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match std::fs::read_to_string(&files.key) {
        Ok(key) if key.starts_with(MARK) => {
            protect(&files.key)?;
            if is_up_to_date(&key, subject, now)
                && let Ok(certificate) = files.read()
            {
                return Ok((certificate, false));
            }
        }
        // Other programs' files are not overwritten.
        Err(error) if error.kind() == ErrorKind::NotFound && !files.certificate.exists() => {}
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(format!("cannot read the key {}: {error}", files.key.display()));
        }
        _ => {
            return Err(format!(
                "cannot overwrite {} and {}: --tls-self-signed did not generate them; leave that option out, or name \
                 other files",
                files.certificate.display(),
                files.key.display()
            ));
        }
    }
    let (certificate, key) = generate(subject, now).map_err(|error| {
        let names = subject.alternatives.join(", ");
        format!("cannot generate a certificate for {names}: {error}")
    })?;
    write(&files.certificate, 0o644, &certificate)?;
    write(&files.key, 0o600, &key)?;
    Ok((files.read()?, true))
}

/// Generates a certificate and its key, in PEM.
fn generate(subject: &Subject, now: u64) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(subject.alternatives.clone())?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, subject.name.as_str());
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let from = now.saturating_sub(CLOCK_SKEW);
    // The last second is part of the validity (RFC 5280 section 4.1.2.5).
    let until = from + VALIDITY - 1;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + Duration::from_secs(from);
    parameters.not_after = epoch + Duration::from_secs(until);
    let certificate = parameters.self_signed(&key)?;
    let head = head(subject, from, until);
    Ok((certificate.pem(), format!("{head}{}", key.serialize_pem())))
}

/// Returns the lines before a key.
fn head(subject: &Subject, from: u64, until: u64) -> String {
    let names = subject.alternatives.join(" ");
    format!(
        "{MARK}\nIts certificate is for: {names}\nIn seconds since 1970 it is valid from {from} to {until}\n"
    )
}

/// Returns whether the key's certificate has this subject and is up to date.
///
/// It is up to date if it is valid for [`RENEW_BEFORE`] or longer.
fn is_up_to_date(key: &str, subject: &Subject, now: u64) -> bool {
    let times = || {
        let (_, times) = key.lines().nth(2)?.split_once("from ")?;
        let (from, until) = times.split_once(" to ")?;
        Some((from.parse().ok()?, until.parse().ok()?))
    };
    times().is_some_and(|(from, until)| {
        key.starts_with(&head(subject, from, until))
            && (from..until.saturating_sub(RENEW_BEFORE)).contains(&now)
    })
}

/// Makes a key readable only by its owner.
fn protect(key: &Path) -> Result<(), String> {
    let protect = || {
        let file = File::open(key)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        Ok(())
    };
    protect().map_err(|error: std::io::Error| format!("cannot protect the key {}: {error}", key.display()))
}

/// Writes a file atomically.
fn write(path: &Path, mode: u32, text: &str) -> Result<(), String> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let write = || {
        // The mode is set again, because an interrupted call may have left a file with another mode.
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
    write().map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn subject(name: &str, address: [u8; 4]) -> Subject {
        Subject::new(name, &["other.test"], [IpAddr::from(address)])
    }

    #[test]
    fn certificate_is_outdated_30_days_before_its_end() {
        let lamp = subject("Lamp", [192, 0, 2, 1]);
        let (certificate, key) = generate(&lamp, NOW).unwrap();
        assert!(Certificate::from_pem(certificate.as_bytes(), key.as_bytes()).is_ok());
        let end = NOW - CLOCK_SKEW + VALIDITY - 1;
        for (now, expected) in [
            (NOW, true),
            (NOW - CLOCK_SKEW, true),
            (NOW - CLOCK_SKEW - 1, false),
            (end - RENEW_BEFORE - 1, true),
            (end - RENEW_BEFORE, false),
        ] {
            assert_eq!(is_up_to_date(&key, &lamp, now), expected, "{now}");
        }
        assert!(is_up_to_date(&key, &subject("lamp", [192, 0, 2, 1]), NOW), "names are case-insensitive");
        assert!(!is_up_to_date(&key, &subject("lamp2", [192, 0, 2, 1]), NOW));
        assert!(!is_up_to_date(&key, &subject("lamp", [192, 0, 2, 2]), NOW));
        assert!(!is_up_to_date(&key.replace("from", "since"), &lamp, NOW));
    }

    #[test]
    fn subject_has_all_names_of_the_device() {
        let names = ["192.0.2.1", "lamp", "lamp.local", "localhost", "other.test"];
        assert_eq!(subject("Lamp", [192, 0, 2, 1]).alternatives, names);
        assert_eq!(Subject::new("", &[], []).alternatives, ["localhost"]);
        let names =
            ["box", "box.example.com", "box.example.com.local", "box.local", "localhost", "other.test"];
        let dotted = Subject::new("Box.example.com.", &["other.test.", "[fe80::1%eth0]"], []);
        assert_eq!(dotted.alternatives, names);
        assert!(generate(&dotted, NOW).is_ok());
    }

    /// Returns the two times of a certificate, which are `UTCTime` in its DER.
    fn times(pem: &str) -> Vec<String> {
        use rustls_pki_types::pem::PemObject as _;
        let der = rustls_pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let times = der.windows(15).filter(|bytes| bytes.starts_with(&[0x17, 13]) && bytes.ends_with(b"Z"));
        times.map(|bytes| String::from_utf8(bytes[2..].to_vec()).unwrap()).collect()
    }

    #[test]
    fn certificate_is_valid_for_397_days() {
        // 2027-01-15 08:00:00 UTC.
        let (certificate, _) = generate(&subject("lamp", [192, 0, 2, 1]), NOW).unwrap();
        assert_eq!(times(&certificate), ["270115070000Z", "280216065959Z"]);
    }
}

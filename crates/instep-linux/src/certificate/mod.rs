//! The certificate for https: its source, and its renewal while the program runs.

mod files;
mod self_signed;

use files::Files;
use instep_tokio::{Certificate, Validity};
pub(crate) use self_signed::Subject;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Interval between two checks of the certificate.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// Options of the certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) self_signed: bool,
}

impl Options {
    /// Returns whether any option is set.
    pub(crate) fn is_some(&self) -> bool {
        self.self_signed || self.certificate.is_some() || self.key.is_some()
    }
}

/// Checks the certificate in intervals, and never returns.
pub(crate) async fn watch(mut keeper: Keeper) {
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        keeper.check();
    }
}

/// Keeps a certificate up to date. Open connections keep the previous certificate.
pub(crate) struct Keeper {
    certificate: Certificate,
    files: Files,
    source: Source,
    /// Whether the certificate was generated when the program started.
    generated: bool,
}

enum Source {
    /// Files that another program renews, with the times of their last changes.
    Files(Option<[SystemTime; 2]>),
    /// A certificate that is generated here.
    SelfSigned(Box<dyn Fn() -> Subject + Send>),
}

impl Keeper {
    /// Opens the certificate that the options name, or the self-signed one.
    ///
    /// The self-signed one is generated if it does not exist, does not match `subject`, or expires soon. `port` is part
    /// of the default file names.
    pub(crate) fn open(
        options: &Options,
        port: u16,
        subject: impl Fn() -> Subject + Send + 'static,
    ) -> Result<Self, String> {
        let files = match (&options.certificate, &options.key) {
            (Some(certificate), Some(key)) => Files { certificate: certificate.clone(), key: key.clone() },
            (None, None) if options.self_signed => self_signed::default_files(port)?,
            (None, None) => {
                return Err(
                    "an address with https:// needs a certificate; add --tls-self-signed, or --tls-cert \
                            FILE and --tls-key FILE"
                        .into(),
                );
            }
            _ => return Err("--tls-cert and --tls-key go together; give both".into()),
        };
        if options.self_signed {
            let (certificate, generated) = self_signed::open(&files, &subject())?;
            return Ok(Self { certificate, files, source: Source::SelfSigned(Box::new(subject)), generated });
        }
        let changed = files.changed();
        Ok(Self { certificate: files.read()?, files, source: Source::Files(changed), generated: false })
    }

    pub(crate) fn certificate(&self) -> Certificate {
        self.certificate.clone()
    }

    /// Returns the lines about the certificate for the log.
    pub(crate) fn about(&self) -> Vec<String> {
        let generated = self.generated.then(|| {
            format!("Generated a certificate and stored it in {}", self.files.certificate.display())
        });
        generated.into_iter().chain([self.fingerprint()]).collect()
    }

    /// Returns a warning if the certificate is not valid at `now`.
    pub(crate) fn warning(&self, now: SystemTime) -> Option<String> {
        let Validity { from, until } = self.certificate.validity();
        let file = self.files.certificate.display();
        if now > until.time() {
            Some(format!(
                "The certificate {file} has expired: it was valid until {until}; renew it, because browsers reject it"
            ))
        } else if now < from.time() {
            Some(format!(
                "The certificate {file} is not valid yet by this machine's clock: it is valid from {from}; check the clock, because browsers reject the certificate"
            ))
        } else {
            None
        }
    }

    /// Returns the line with the fingerprint, which a user compares with the browser's.
    fn fingerprint(&self) -> String {
        format!("The certificate's SHA-256 fingerprint: {}", self.certificate.fingerprint())
    }

    /// Replaces the certificate if its files have changed or it is outdated.
    fn check(&mut self) {
        let new = match &mut self.source {
            Source::Files(changed) => {
                let now = self.files.changed();
                if now == *changed {
                    return;
                }
                *changed = now;
                self.files.read().map(|new| (new, true))
            }
            Source::SelfSigned(subject) => self_signed::open(&self.files, &subject()),
        };
        match new {
            Ok((new, _)) if new.fingerprint() != self.certificate.fingerprint() => {
                self.certificate.replace(&new);
                log::info!("Replaced the certificate. {}", self.fingerprint());
                if let Some(warning) = self.warning(SystemTime::now()) {
                    log::warn!("{warning}");
                }
            }
            // The key alone may have changed.
            Ok((new, true)) => self.certificate.replace(&new),
            Ok(_) => {}
            Err(sentence) => log::warn!("Kept the previous certificate: {sentence}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use test_support::Folder;

    /// Returns options that name two files in an empty folder.
    fn options(test: &str, self_signed: bool) -> (Folder, Options) {
        let folder = Folder::new(test);
        let (certificate, key) = (Some(folder.join("certificate.pem")), Some(folder.join("key.pem")));
        (folder, Options { certificate, key, self_signed })
    }

    #[test]
    fn self_signed_certificate_follows_the_names() {
        let (_folder, options) = options("names", true);
        let moved = Arc::new(AtomicBool::new(false));
        let asked = moved.clone();
        let subject = move || Subject::new(if asked.load(Ordering::Relaxed) { "b" } else { "a" }, &[], []);
        let mut keeper = Keeper::open(&options, 0, subject).unwrap();
        let first = keeper.certificate().fingerprint();
        keeper.check();
        assert_eq!(keeper.certificate().fingerprint(), first);
        moved.store(true, Ordering::Relaxed);
        keeper.check();
        assert_ne!(keeper.certificate().fingerprint(), first);
    }

    #[test]
    fn invalid_time_gives_a_warning() {
        let (_folder, options) = options("times", false);
        let mut parameters = rcgen::CertificateParams::new(vec!["a".into()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2030, 1, 2);
        parameters.not_after = rcgen::date_time_ymd(2051, 3, 4);
        let key = rcgen::KeyPair::generate().unwrap();
        let file = options.certificate.clone().unwrap();
        fs::write(&file, parameters.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(options.key.as_ref().unwrap(), key.serialize_pem()).unwrap();
        let keeper = Keeper::open(&options, 0, || Subject::new("", &[], [])).unwrap();
        let Validity { from, until } = keeper.certificate().validity();
        assert_eq!((from.time(), until.time()).0, std::time::UNIX_EPOCH + Duration::from_secs(1_893_542_400));
        let second = Duration::from_secs(1);
        for (now, says) in [
            (
                from.time() - second,
                Some("not valid yet by this machine's clock: it is valid from 2030-01-02 00:00:00 UTC;"),
            ),
            (from.time(), None),
            (until.time(), None),
            (until.time() + second, Some("has expired: it was valid until 2051-03-04 00:00:00 UTC")),
        ] {
            let warning = keeper.warning(now);
            assert_eq!(warning.is_some(), says.is_some(), "{warning:?}");
            let (warning, says) = (warning.unwrap_or_default(), says.unwrap_or_default());
            assert!(warning.contains(says) && !warning.contains('\n'), "{warning}");
        }
    }

    #[test]
    fn renewed_files_are_read_and_invalid_ones_ignored() {
        let (_folder, options) = options("files", false);
        let [certificate, key] = [&options.certificate, &options.key].map(|path| path.clone().unwrap());
        let later = |path: &Path, seconds| {
            let time = SystemTime::now() + Duration::from_secs(seconds);
            File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
        };
        let renew = |seconds| {
            let new = rcgen::generate_simple_self_signed(vec!["a".into()]).unwrap();
            fs::write(&certificate, new.cert.pem()).unwrap();
            fs::write(&key, new.signing_key.serialize_pem()).unwrap();
            later(&key, seconds);
        };
        let empty = || Subject::new("", &[], []);
        renew(0);
        let mut keeper = Keeper::open(&options, 0, empty).unwrap();
        let first = keeper.certificate().fingerprint();
        renew(10);
        keeper.check();
        let second = keeper.certificate().fingerprint();
        assert_ne!(first, second);
        fs::write(&certificate, "half").unwrap();
        later(&certificate, 20);
        keeper.check();
        assert_eq!(keeper.certificate().fingerprint(), second);
        renew(30);
        keeper.check();
        assert_ne!(keeper.certificate().fingerprint(), second);
    }
}

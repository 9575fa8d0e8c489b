//! The certificate for https: where it comes from, and that it stays right while the program runs.

mod files;
mod self_signed;

use files::Files;
use instep_tokio::{Certificate, Validity};
pub(crate) use self_signed::Subject;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// How often it is looked at.
const LOOKS: Duration = Duration::from_secs(60);

/// What the command line says about certificates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) self_signed: bool,
}

impl Options {
    /// Whether they ask for any.
    pub(crate) fn is_some(&self) -> bool {
        self.self_signed || self.certificate.is_some() || self.key.is_some()
    }
}

/// Keeps it right, for ever.
pub(crate) async fn watch(mut keeper: Keeper) {
    loop {
        tokio::time::sleep(LOOKS).await;
        keeper.look();
    }
}

/// Keeps a certificate up to date. Connections that are open keep theirs.
pub(crate) struct Keeper {
    certificate: Certificate,
    files: Files,
    source: Source,
    /// It was made when the program started.
    made: bool,
}

enum Source {
    /// Somebody else makes it. When the files were changed last.
    Given(Option<[SystemTime; 2]>),
    /// It is made here.
    SelfSigned(Box<dyn Fn() -> Subject + Send>),
}

impl Keeper {
    /// The certificate that the options name; or the self-signed one, which is made if there is none yet or
    /// if it is not right any more. `subject` says for whom, and `port` tells the usual files apart.
    pub(crate) fn open(
        options: &Options,
        port: u16,
        subject: impl Fn() -> Subject + Send + 'static,
    ) -> Result<Self, String> {
        let files = match (&options.certificate, &options.key) {
            (Some(certificate), Some(key)) => Files { certificate: certificate.clone(), key: key.clone() },
            (None, None) if options.self_signed => self_signed::usual_files(port)?,
            (None, None) => {
                return Err(
                    "an address with https:// needs a certificate: add --tls-self-signed, or --tls-cert \
                            FILE and --tls-key FILE"
                        .into(),
                );
            }
            _ => return Err("--tls-cert and --tls-key go together: give both".into()),
        };
        if options.self_signed {
            let (certificate, made) = self_signed::keep(&files, &subject())?;
            return Ok(Self { certificate, files, source: Source::SelfSigned(Box::new(subject)), made });
        }
        let changed = files.changed();
        Ok(Self { certificate: files.read()?, files, source: Source::Given(changed), made: false })
    }

    pub(crate) fn certificate(&self) -> Certificate {
        self.certificate.clone()
    }

    /// What there is to say about it, a line each.
    pub(crate) fn about(&self) -> Vec<String> {
        let made =
            self.made.then(|| format!("Made a certificate, kept in {}", self.files.certificate.display()));
        made.into_iter().chain([self.fingerprint()]).collect()
    }

    /// What is wrong with it by this machine's clock, if something is.
    pub(crate) fn warning(&self, now: SystemTime) -> Option<String> {
        let Validity { from, until } = self.certificate.validity();
        let file = self.files.certificate.display();
        if now > until.time() {
            Some(format!(
                "The certificate {file} has expired: it was valid until {until}. Browsers refuse it until it is renewed"
            ))
        } else if now < from.time() {
            Some(format!(
                "The certificate {file} is not valid yet by this machine's clock, but from {from} on. Browsers refuse it until then"
            ))
        } else {
            None
        }
    }

    /// What a person compares with what a browser shows.
    fn fingerprint(&self) -> String {
        format!("The certificate's SHA-256 fingerprint: {}", self.certificate.fingerprint())
    }

    /// Looks whether it is still right.
    fn look(&mut self) {
        let new = match &mut self.source {
            Source::Given(changed) => {
                let now = self.files.changed();
                if now == *changed {
                    return;
                }
                *changed = now;
                self.files.read().map(|new| (new, true))
            }
            Source::SelfSigned(subject) => self_signed::keep(&self.files, &subject()),
        };
        match new {
            Ok((new, _)) if new.fingerprint() != self.certificate.fingerprint() => {
                self.certificate.replace(&new);
                log::info!("There is a new certificate. {}", self.fingerprint());
                if let Some(warning) = self.warning(SystemTime::now()) {
                    log::warn!("{warning}");
                }
            }
            // The key may have changed alone.
            Ok((new, true)) => self.certificate.replace(&new),
            Ok(_) => {}
            Err(sentence) => log::warn!("The certificate stays as it was: {sentence}"),
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

    /// Options that name two files in an empty folder.
    fn options(test: &str, self_signed: bool) -> (Folder, Options) {
        let folder = Folder::new(test);
        let (certificate, key) = (Some(folder.join("certificate.pem")), Some(folder.join("key.pem")));
        (folder, Options { certificate, key, self_signed })
    }

    #[test]
    fn a_self_signed_one_follows_the_names_while_the_program_runs() {
        let (_folder, options) = options("names", true);
        let moved = Arc::new(AtomicBool::new(false));
        let asked = moved.clone();
        let subject = move || Subject::new(if asked.load(Ordering::Relaxed) { "b" } else { "a" }, &[], []);
        let mut keeper = Keeper::open(&options, 0, subject).unwrap();
        let first = keeper.certificate().fingerprint();
        keeper.look();
        assert_eq!(keeper.certificate().fingerprint(), first);
        moved.store(true, Ordering::Relaxed);
        keeper.look();
        assert_ne!(keeper.certificate().fingerprint(), first);
    }

    #[test]
    fn one_that_has_expired_or_is_not_valid_yet_is_told_of() {
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
                Some("not valid yet by this machine's clock, but from 2030-01-02 00:00:00 UTC on"),
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
    fn files_that_somebody_else_renews_are_read_again_and_wrong_ones_are_not_used() {
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
        let nobody = || Subject::new("", &[], []);
        renew(0);
        let mut keeper = Keeper::open(&options, 0, nobody).unwrap();
        let first = keeper.certificate().fingerprint();
        renew(10);
        keeper.look();
        let second = keeper.certificate().fingerprint();
        assert_ne!(first, second);
        fs::write(&certificate, "half").unwrap();
        later(&certificate, 20);
        keeper.look();
        assert_eq!(keeper.certificate().fingerprint(), second);
        renew(30);
        keeper.look();
        assert_ne!(keeper.certificate().fingerprint(), second);
    }
}

//! The update of one device.

use super::address::Address;
use super::client::{Answer, Client, Failure, Roots};
use super::error::{Error, ErrorKind};
use super::password::PasswordSource;
use super::progress::{ProgressLine, print_line};
use super::status::{Fate, Last, Status};
use crate::image_file::Image;
use instep_update::{Allowed, Refusal};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Interval at which the device is asked how much it has.
const PROGRESS: Duration = Duration::from_secs(1);
/// Interval at which the device is asked whether the new image stays.
const LOOK: Duration = Duration::from_millis(500);
/// Time without any answer during an upload after which the device is lost.
const SILENCE: Duration = Duration::from_secs(60);

/// Everything that the updates of all devices have in common.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) image: Image,
    pub(super) allowed: Allowed,
    pub(super) password: PasswordSource,
    pub(super) roots: Roots,
    /// Maximum time from the end of an upload to the confirmation.
    pub(super) wait: Duration,
}

/// End of an upload.
enum Sent {
    /// The image is activated.
    Activated,
    /// It is not known whether the image came whole.
    Unknown { cause: String },
}

impl Session {
    /// Sends the image to a device, and waits until the device says that it stays.
    pub(super) fn update(&mut self, device: &Address) -> Result<(), Error> {
        self.try_update(device).map_err(|kind| Error { device: device.clone(), kind })
    }

    fn try_update(&mut self, device: &Address) -> Result<(), ErrorKind> {
        let mut client = Client::new(device, &self.roots);
        let before = self.log_in(device, &mut client)?;
        self.check(&before)?;
        let (version, length) = (self.image.identity.version, self.image.bytes.len());
        print_line(format_args!(
            "{device}: sending {version} ({length} bytes) to replace {}",
            before.version
        ));
        let sent = self.send(device, &client)?;
        if matches!(sent, Sent::Activated) {
            print_line(format_args!("{device}: restarting"));
        }
        self.wait(device, &client, &before, &sent)?;
        print_line(format_args!("{device}: version {version} runs"));
        Ok(())
    }

    /// Asks what runs, with a password if the device needs one.
    fn log_in(&mut self, device: &Address, client: &mut Client) -> Result<Status, ErrorKind> {
        let unreachable = |failure| match failure {
            Failure::NotTrusted(cause) => ErrorKind::NotTrusted { cause },
            Failure::Connection(cause) => ErrorKind::Unreachable { cause },
        };
        if let Some(password) = self.password.known() {
            client.set_password(password);
        }
        let mut answer = client.status().map_err(unreachable)?;
        if matches!(answer, Answer::Unauthorized) && self.password.known().is_none() {
            let asked = self.password.ask(device).map_err(|_| ErrorKind::NeedsPassword)?;
            client.set_password(asked.ok_or(ErrorKind::NeedsPassword)?);
            answer = client.status().map_err(unreachable)?;
        }
        match answer {
            Answer::Status(status) => Ok(status),
            answer => Err(self.explain(answer)),
        }
    }

    /// Returns why an answer ends the update, before an image was activated.
    fn explain(&self, answer: Answer) -> ErrorKind {
        match answer {
            Answer::Unauthorized => ErrorKind::WrongPassword { source: self.password.name() },
            Answer::Throttled(seconds) => ErrorKind::Throttled { seconds },
            Answer::NotFound => ErrorKind::NoUpdates,
            Answer::Refused(_, sentence) => ErrorKind::Refused { sentence },
            Answer::Strange(answer) => ErrorKind::Strange { answer },
            Answer::Status(_) | Answer::Activated => ErrorKind::Strange { answer: "out of turn".into() },
        }
    }

    /// Checks whether the image fits the device, as the device itself does.
    fn check(&self, status: &Status) -> Result<(), ErrorKind> {
        let Image { identity, bytes, .. } = &self.image;
        let not_for_it = |sentence| Err(ErrorKind::NotForIt { sentence });
        if bytes.len() as u64 > status.capacity {
            return not_for_it(format!(
                "the image has {} bytes, and the device has room for {}; build a smaller one",
                bytes.len(),
                status.capacity
            ));
        }
        // Whether names can be those of an image is the device's matter.
        let Some(running) = status.running(identity) else { return Ok(()) };
        match running.accepts(identity, self.allowed) {
            Ok(()) => Ok(()),
            Err(Refusal::OtherChip) => {
                not_for_it(format!("the image is for {}, the device has {}", identity.chip, running.chip))
            }
            Err(Refusal::OtherBoard) => not_for_it(format!(
                "the image is for the board {}, the device is {}",
                identity.board, running.board
            )),
            Err(Refusal::OtherApplication) => not_for_it(format!(
                "the image has the application {}, the device {}; add --other-application to replace it",
                identity.application, running.application
            )),
            Err(Refusal::LowerVersion) => not_for_it(format!(
                "the image has version {}, which is lower than {}; add --downgrade to replace it",
                identity.version, running.version
            )),
            Err(refusal) => not_for_it(refusal.to_string()),
        }
    }

    /// Sends the image, and shows how much of it the device has.
    fn send(&self, device: &Address, client: &Client) -> Result<Sent, ErrorKind> {
        let query = match (self.allowed.downgrade, self.allowed.other_application) {
            (false, false) => "",
            (true, false) => "?downgrade",
            (false, true) => "?other-application",
            (true, true) => "?downgrade&other-application",
        };
        let length = self.image.bytes.len() as u64;
        let (ended, end) = mpsc::channel();
        let (uploading, bytes) = (client.clone(), self.image.bytes.clone());
        thread::spawn(move || {
            // Nobody waits for the answer of a lost device.
            let _ = ended.send(uploading.put(query, &bytes));
        });
        let mut line = ProgressLine::new(device);
        let mut heard = Instant::now();
        loop {
            match end.recv_timeout(PROGRESS) {
                Ok(Ok(Answer::Activated)) => return Ok(Sent::Activated),
                Ok(Ok(answer)) => return Err(self.explain(answer)),
                Ok(Err(Failure::NotTrusted(cause) | Failure::Connection(cause))) => {
                    return Ok(Sent::Unknown { cause });
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Ok(Sent::Unknown { cause: "the upload ended without an answer".into() });
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            // The device's own count is shown, because what is sent may wait in buffers on the way.
            if let Ok(Answer::Status(status)) = client.status() {
                heard = Instant::now();
                if let Some(received) = status.received {
                    line.show(received, length);
                }
            }
            if heard.elapsed() > SILENCE {
                return Ok(Sent::Unknown { cause: "it stopped to answer".into() });
            }
        }
    }

    /// Waits until the device says which image stays.
    fn wait(&self, device: &Address, client: &Client, before: &Status, sent: &Sent) -> Result<(), ErrorKind> {
        let (begun, seconds) = (Instant::now(), self.wait.as_secs());
        let line = ProgressLine::new(device);
        let (mut last, mut was_activated) = (None, matches!(sent, Sent::Activated));
        let mut is_not_found = false;
        loop {
            // While the device restarts, no answer comes, or that of a proxy.
            let answer = client.status();
            is_not_found = matches!(answer, Ok(Answer::NotFound)) || is_not_found && answer.is_err();
            let status = match answer {
                Ok(Answer::Status(status)) => Some(status),
                Ok(Answer::Unauthorized) => return Err(ErrorKind::OtherPassword),
                Ok(Answer::Refused(404, _)) => return Err(ErrorKind::UpdatesGone),
                Ok(_) | Err(_) => None,
            };
            if let Some(status) = status {
                let fate = status.fate(&before.slot);
                was_activated |= matches!(fate, Fate::Restarting | Fate::OnTrial);
                match fate {
                    Fate::Confirmed if status.version == self.image.identity.version.as_str() => {
                        return Ok(());
                    }
                    Fate::Confirmed => return Err(ErrorKind::OtherImage { version: status.version }),
                    Fate::Before => return Err(ended(status, before, sent, was_activated)),
                    Fate::OnTrial if last != Some(Fate::OnTrial) => {
                        line.clear();
                        print_line(format_args!("{device}: {} runs on trial", status.version));
                    }
                    Fate::OnTrial | Fate::Restarting | Fate::Undecided => {}
                }
                last = Some(fate);
            }
            if begun.elapsed() > self.wait {
                return Err(match (last, sent) {
                    _ if is_not_found => ErrorKind::UpdatesGone,
                    (Some(Fate::OnTrial), _) => {
                        ErrorKind::Unconfirmed { seconds, version: self.image.identity.version.to_string() }
                    }
                    (Some(Fate::Undecided), Sent::Unknown { cause }) => {
                        ErrorKind::Undecided { cause: cause.clone(), seconds }
                    }
                    _ => ErrorKind::Silent { seconds },
                });
            }
            let waits_for = if was_activated { "confirmation" } else { "decision" };
            line.say(&format!("waits for the {waits_for}, {} s", begun.elapsed().as_secs()));
            thread::sleep(LOOK);
        }
    }
}

/// Returns why the image before runs.
fn ended(status: Status, before: &Status, sent: &Sent, was_activated: bool) -> ErrorKind {
    let Status { version, last, .. } = status;
    // What the device said before the upload is about another image, unless it has restarted since. That image has lost its version by
    // an upload that was broken off.
    let is_old = |last: &Last| match last {
        Last::Returned { version, .. } if version.is_empty() => true,
        last => Some(last) == before.last.as_ref(),
    };
    match (last.filter(|last| was_activated || !is_old(last)), sent) {
        (Some(Last::Returned { reason, .. }), _) => ErrorKind::CameBack { version, reason: Some(reason) },
        (Some(Last::Refused(sentence)), Sent::Unknown { .. }) if !was_activated => {
            ErrorKind::Refused { sentence }
        }
        (_, Sent::Unknown { cause }) if !was_activated => ErrorKind::Broken { cause: cause.clone(), version },
        _ => ErrorKind::CameBack { version, reason: None },
    }
}

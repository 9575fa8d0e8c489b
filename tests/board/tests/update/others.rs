//! Other clients during an upload, with a flash that takes its time.

use crate::device::Device;
use crate::images::{Fault, signed};
use std::time::{Duration, Instant};
use test_support::WebSocket;

/// Requests that are measured before the upload.
const BEFORE: usize = 100;
/// Maximum by which the p99 may rise, in ms: one erase and the pages of one sector, twice.
const RISE_MAX: Duration = Duration::from_millis(120);
/// Time that a sector takes in flash.
const SECTOR_TIME: Duration = Duration::from_micros(45_000 + 16 * 700);
/// Maximum number of uploads that are measured, because other programs may have the processor during some of them.
const ATTEMPTS: usize = 5;
/// Pause between two changes.
const PAUSE: Duration = Duration::from_millis(5);
/// Maximum duration of an upload.
const UPLOAD_MAX: Duration = Duration::from_secs(120);

/// Returns the time until the device has told of a new brightness.
fn change(client: &mut WebSocket, watcher: &mut WebSocket, number: usize) -> Duration {
    let begin = Instant::now();
    let value = number % 100;
    let frame = format!("{{\"label\":\"brightness\",\"value\":{value}}}");
    client.send_text(&frame);
    watcher.read_text_until(|text| text == frame);
    begin.elapsed()
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

#[test]
fn other_clients_are_served_during_upload() {
    let mut measured: Vec<Measurement> = Vec::new();
    while measured.len() < ATTEMPTS {
        let measurement = measure(measured.len());
        if measurement.rise() <= RISE_MAX {
            return;
        }
        measured.push(measurement);
    }
    panic!("the p99 rises by more than {RISE_MAX:?}: {measured:?}");
}

/// The p99 of a change by other clients, before an upload and during it.
#[derive(Debug)]
struct Measurement {
    before: Duration,
    during: Duration,
}

impl Measurement {
    fn rise(&self) -> Duration {
        self.during.saturating_sub(self.before)
    }
}

/// Measures one upload.
fn measure(attempt: usize) -> Measurement {
    let name = format!("other-clients-{attempt}");
    let device = Device::start(&name, &signed(env!("CARGO_PKG_VERSION"), Fault::None), "");
    device.expect(&["\"refusal\":null"]);
    let mut client = WebSocket::connect(device.addr, "/ws");
    let mut watcher = WebSocket::connect(device.addr, "/ws");
    let before: Vec<Duration> = (0..BEFORE).map(|number| change(&mut client, &mut watcher, number)).collect();
    let image = signed("0.2.1", Fault::None);
    let (during, taken) = std::thread::scope(|scope| {
        let upload = scope.spawn(|| {
            let begin = Instant::now();
            assert_eq!(device.put(&image).0, 200);
            begin.elapsed()
        });
        let mut during = Vec::new();
        while !upload.is_finished() {
            std::thread::sleep(PAUSE);
            // It fails if a client is dropped, or misses a value.
            during.push(change(&mut client, &mut watcher, during.len()));
        }
        (during, upload.join().expect("the upload failed"))
    });
    let (count, before, during) = (during.len(), p99(before), p99(during));
    println!(
        "{} bytes in {taken:?}; p99 {before:?} before, {during:?} of {count} changes during",
        image.len()
    );
    // Each sector takes its time in flash, so a shorter upload was none.
    let sectors = u32::try_from(image.len().div_ceil(4096)).expect("the image is short");
    assert!(taken >= sectors * SECTOR_TIME, "{sectors} sectors were written in {taken:?}");
    assert!(taken <= UPLOAD_MAX, "the upload took {taken:?}");
    assert!(count > 50, "only {count} changes were measured");
    Measurement { before, during }
}

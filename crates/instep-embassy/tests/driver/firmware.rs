//! The life of a firmware: its trial with the times of a chip, and its replacement.

#[path = "../../../instep-update/tests/mock_flash/mod.rs"]
mod mock_flash;
#[path = "../../../instep-update/tests/sample_image/mod.rs"]
mod sample_image;

use super::{ACCESS, APP, PAGE, TOPICS, ask, connect, drive, read_until, run_lamp, send, test};
use crate::wire::Cable;
use embassy_net::Stack;
use embassy_time::Timer;
use instep::update::Permission;
use instep::{Device, Limits};
use instep_embassy::update::{
    Chip, Descriptor, Firmware, Identity, Image, Layout, Network, Partition, ResetReason, Slot, Times,
    UpdateMemory,
};
use instep_update::{Confirmation, Entry, Label, Reason, State, Verdict};
use mock_flash::{MockFlash, SECTOR, SharedFlash};
use sample_image::{APPLICATION, BOARD, Sample, load};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinHandle;

const VERSION: &str = "0.2.0";
static IDENTITY: Identity =
    Identity::new(Chip::ESP32C3, VERSION, &Descriptor::new(BOARD, APPLICATION, VERSION));
const SLOTS: [u32; 2] = [4 * 4096, 8 * 4096];

/// Returns a flash with an old image in the first slot, and in the second one an image on trial.
fn flash(state: State) -> SharedFlash {
    let mut flash = MockFlash::new(12 * SECTOR);
    let old = Entry::new(1, State::Valid, Label::BLANK);
    let new = Entry::new(2, state, Label::for_trial(Network::Joined));
    for (offset, bytes) in [
        (SLOTS[0] as usize, Sample::new("0.1.0").make()),
        (SLOTS[1] as usize, Sample::new(VERSION).make()),
        (SECTOR, old.to_bytes().to_vec()),
        (2 * SECTOR, new.to_bytes().to_vec()),
    ] {
        flash.bytes[offset..offset + bytes.len()].copy_from_slice(&bytes);
    }
    SharedFlash::new(&flash)
}

fn entry(flash: &SharedFlash, sector: usize) -> Entry {
    Entry::from_bytes(flash.flash().bytes[(1 + sector) * SECTOR..].first_chunk().unwrap())
}

fn restart() -> ! {
    panic!("the device restarts, as the test expects")
}

/// Starts the second image after an own reset of the first one.
fn start(flash: &SharedFlash) -> &'static mut Firmware {
    let memory: &'static UpdateMemory = Box::leak(Box::new(UpdateMemory::new()));
    let place = |offset, sectors: u32| Partition { offset, size: sectors * 4096 };
    let layout = Layout::new(place(4096, 2), SLOTS.map(|offset| place(offset, 4))).unwrap();
    let image = Image {
        identity: &IDENTITY,
        layout,
        running: Slot::Ota1,
        reset: ResetReason::OwnReset,
        permission: Permission::Everyone,
        times: &Times::DEFAULT,
        restart,
    };
    memory.start(Box::leak(Box::new(RefCell::new(flash.clone()))), image)
}

/// Runs the task of a firmware, which ends when the device restarts. Returns how often the settings were saved, too.
fn run(
    firmware: &'static mut Firmware,
    device: &'static Device,
    stack: Stack<'static>,
) -> (JoinHandle<()>, Rc<Cell<u32>>) {
    let saved = Rc::<Cell<u32>>::default();
    let saves = saved.clone();
    let save = async move || saves.set(saves.get() + 1);
    let task = tokio::task::spawn_local(host_time::run(async move {
        firmware.run(device, &[(Network::Joined, stack)], save).await;
    }));
    (task, saved)
}

/// Declares the memory of a server, and starts it with the second image.
macro_rules! device {
    ($flash:expr, $drives:expr) => {
        device!($flash, $drives, async |_| {})
    };
    ($flash:expr, $drives:expr, $application:expr) => {{
        instep_embassy::resources! {
            struct Resources { limits: Limits::DEVICE, topics: TOPICS.count(), network: 2 }
        }
        static RESOURCES: Resources = Resources::new();
        let firmware = start($flash);
        let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
        let server = server.with_update(firmware.upload());
        let application = $application;
        tokio::task::spawn_local(host_time::run(async move { application(server.device).await }));
        run_lamp(server.device, inbox);
        let (device, peer) = Cable::default().stacks();
        if $drives {
            drive(RESOURCES.network.driver(server, device, 80));
        }
        let (task, saved) = run(firmware, server.device, device);
        (task, saved, peer)
    }};
}

async fn status(peer: Stack<'static>) -> String {
    let mut client = connect(peer).await;
    send(&mut client, b"GET /firmware HTTP/1.1\r\nHost: lamp\r\n\r\n").await;
    let text = read_until(&mut client, "}").await;
    text[text.find("{\"version").unwrap()..].to_owned()
}

#[test]
fn quiet_image_is_confirmed_after_4_minutes() {
    test(async {
        let flash = flash(State::New);
        let (task, _, peer) = device!(&flash, true);
        Timer::after_secs(4 * 60 - 1).await;
        assert_eq!((entry(&flash, 1).state(), entry(&flash, 1).label().starts()), (State::New, 1));
        Timer::after_secs(2).await;
        assert_eq!(entry(&flash, 1).state(), State::Valid);
        assert!(!task.is_finished());
        let status = status(peer).await;
        assert!(
            status.starts_with(
                "{\"version\":\"0.2.0\",\"board\":\"esp32c3-devkit\",\"chip\":5,\"application\":\"lamp\",\
                 \"slot\":\"ota_1\",\"state\":\"confirmed\",\"capacity\":16384,\"last\":{\"version\":\"0.2.0\",\"outcome\":\"confirmed\",\
                 \"reason\":\"it had an address, and nobody asked\"}"
            ),
            "{status}"
        );
    });
}

#[test]
fn answer_confirms_image_at_once() {
    test(async {
        let flash = flash(State::PendingVerify);
        let (_task, _, peer) = device!(&flash, true);
        Timer::after_secs(2).await;
        assert_eq!(entry(&flash, 1).state(), State::PendingVerify);
        let (_client, status) = ask(peer, PAGE).await;
        assert_eq!(status, "200");
        Timer::after_secs(1).await;
        assert_eq!(entry(&flash, 1).state(), State::Valid);
    });
}

/// Runs an application whose check ends after 20 s, as that of a sensor that is slow.
async fn check_sensor(device: &Device, passes: bool) {
    let check = async || {
        Timer::after_secs(20).await;
        passes
    };
    device.confirm_when(check).await;
}

#[test]
fn image_that_passes_check_stays() {
    test(async {
        let flash = flash(State::New);
        let (task, _, _peer) = device!(&flash, true, async |device| check_sensor(device, true).await);
        Timer::after_secs(19).await;
        assert_eq!(entry(&flash, 1).state(), State::New);
        Timer::after_secs(2).await;
        assert!(entry(&flash, 1).state() == State::Valid && !task.is_finished());
        assert_eq!(entry(&flash, 1).label().verdict(), Some(Verdict::Confirmed(Confirmation::Check)));
    });
}

#[test]
fn image_that_fails_check_returns() {
    test(async {
        let flash = flash(State::New);
        let (task, saved, _peer) = device!(&flash, true, async |device| check_sensor(device, false).await);
        Timer::after_secs(19).await;
        assert!(entry(&flash, 1).state() == State::New && !task.is_finished());
        Timer::after_secs(2).await;
        assert!(entry(&flash, 1).state() == State::Aborted && task.is_finished());
        assert_eq!(entry(&flash, 1).label().verdict(), Some(Verdict::GivenUp(Reason::Check)));
        assert_eq!(saved.get(), 1);
    });
}

#[test]
fn check_is_not_called_without_trial() {
    static ENDED: AtomicBool = AtomicBool::new(false);
    test(async {
        let flash = flash(State::Valid);
        let (task, _, _peer) = device!(&flash, true, async |device: &Device| {
            device.confirm_when(async || panic!("the image is not on trial")).await;
            ENDED.store(true, Ordering::Relaxed);
        });
        Timer::after_secs(1).await;
        assert!(ENDED.load(Ordering::Relaxed));
        assert!(!task.is_finished() && entry(&flash, 1).state() == State::Valid);
    });
}

/// The application goes on when a client has confirmed the image.
#[test]
fn check_ends_with_the_trial() {
    static ENDED: AtomicBool = AtomicBool::new(false);
    test(async {
        let flash = flash(State::New);
        let (task, _, peer) = device!(&flash, true, async |device: &Device| {
            device.confirm_when(std::future::pending).await;
            ENDED.store(true, Ordering::Relaxed);
        });
        Timer::after_secs(2).await;
        assert!(!ENDED.load(Ordering::Relaxed));
        let (_client, status) = ask(peer, PAGE).await;
        assert_eq!(status, "200");
        Timer::after_secs(1).await;
        assert!(ENDED.load(Ordering::Relaxed) && !task.is_finished());
        assert_eq!(entry(&flash, 1).state(), State::Valid);
    });
}

#[test]
fn image_whose_driver_does_not_run_returns_after_30_s() {
    test(async {
        let flash = flash(State::New);
        let (task, saved, _peer) = device!(&flash, false);
        Timer::after_secs(29).await;
        assert!(!task.is_finished() && entry(&flash, 1).state() == State::New);
        Timer::after_secs(2).await;
        assert!(task.is_finished(), "the device does not restart");
        let entry = entry(&flash, 1);
        assert_eq!(entry.state(), State::Aborted);
        assert_eq!(entry.label().verdict(), Some(Verdict::GivenUp(Reason::Unanswered)));
        assert_eq!(saved.get(), 1);
    });
}

#[test]
fn failed_image_returns_before_anything_else_runs() {
    test(async {
        let flash = flash(State::New);
        // The first start is counted, and the second one follows a reset of its own.
        let _ = start(&flash);
        let again = flash.clone();
        let second = tokio::task::spawn_local(async move {
            let _ = start(&again);
        });
        assert!(second.await.is_err(), "it does not restart");
        assert_eq!(entry(&flash, 1).label().verdict(), Some(Verdict::GivenUp(Reason::OwnReset)));
    });
}

#[test]
fn uploaded_image_is_started_on_trial() {
    test(async {
        let flash = flash(State::Valid);
        let (task, saved, peer) = device!(&flash, true);
        let put = async |image: Vec<u8>| {
            let mut client = connect(peer).await;
            let length = image.len();
            let head = format!("PUT /firmware HTTP/1.1\r\nHost: lamp\r\nContent-Length: {length}\r\n\r\n");
            send(&mut client, &[head.into_bytes(), image].concat()).await;
            read_until(&mut client, "\"}").await
        };
        let oven = Sample { board: "oven", ..Sample::new("0.2.1") };
        let answer = put(oven.make()).await;
        assert!(answer.starts_with("HTTP/1.1 422 ") && answer.contains("\"other-board\""), "{answer}");
        assert_eq!(
            load(&flash.flash().bytes[SLOTS[0] as usize..SLOTS[1] as usize]).as_deref(),
            Some("0.1.0")
        );
        let older = put(Sample::new("0.1.9").make()).await;
        assert!(older.starts_with("HTTP/1.1 409 ") && older.contains("\"lower-version\""), "{older}");

        let answer = put(Sample::new("0.2.1").make()).await;
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("{\"version\":\"0.2.1\"}"),
            "{answer}"
        );
        assert_eq!(
            load(&flash.flash().bytes[SLOTS[0] as usize..SLOTS[1] as usize]).as_deref(),
            Some("0.2.1")
        );
        let new = entry(&flash, 0);
        assert_eq!((new.slot(), new.state(), new.sequence()), (Slot::Ota0, State::New, 3));
        assert_eq!(new.label().before(), Network::Joined);
        // The client gets its answer before the device restarts.
        assert!(!task.is_finished() && saved.get() == 0);
        Timer::after_secs(2).await;
        assert!(task.is_finished(), "the device does not restart");
        assert_eq!(saved.get(), 1);
    });
}

#[test]
fn image_of_client_that_is_gone_is_not_activated() {
    test(async {
        let flash = flash(State::Valid);
        let (task, _, peer) = device!(&flash, true);
        let image = Sample::new("0.2.1").make();
        let head = format!("PUT /firmware HTTP/1.1\r\nHost: lamp\r\nContent-Length: {}\r\n\r\n", image.len());
        // The whole image arrives, and only its check is left.
        let mut client = connect(peer).await;
        send(&mut client, &[head.as_bytes(), &image].concat()).await;
        client.flush().await.unwrap();
        client.abort();
        client.flush().await.unwrap();
        Timer::after_secs(2).await;
        assert!(!task.is_finished(), "the device restarts");
        assert_eq!(load(&flash.flash().bytes[SLOTS[0] as usize..SLOTS[1] as usize]), None);
        assert_eq!(entry(&flash, 0).sequence(), 1);

        let mut again = connect(peer).await;
        send(&mut again, &[head.as_bytes(), &image].concat()).await;
        read_until(&mut again, "{\"version\":\"0.2.1\"}").await;
        assert_eq!(entry(&flash, 0).sequence(), 3);
    });
}

//! Runs an application and its test in one task, on a virtual clock.

use super::handle::SharedNet;
use super::link::Link;
use super::memory;
use super::net::Net;
use super::setup::Setup;
use crate::app::App;
use crate::buffer::Buffer;
use crate::device::{Device, Inbox};
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Maximum number of turns of the application in one moment.
const TURNS_MAX: u32 = 100_000;

/// Runs an application with the limits of a microcontroller, and a test of it.
///
/// `application` gets the device and the inbox, as on a board; `test` gets the [`Link`]. It returns when the test does, with its
/// value. [`Setup`] has other limits.
///
/// # Panics
/// If the test does, or with a sentence if the application ends or never waits.
pub fn run<A: Future, R>(
    app: &'static App,
    application: impl FnOnce(&'static Device, &'static mut Inbox<'static>) -> A,
    test: impl AsyncFnOnce(Link) -> R,
) -> R {
    Setup::new(app).run(application, test)
}

impl Setup {
    /// Runs the application and the test, as [`run`] does.
    ///
    /// The memory of the device is leaked, as it is static on a board.
    ///
    /// # Panics
    /// As [`run`].
    pub fn run<A: Future, R>(
        self,
        application: impl FnOnce(&'static Device, &'static mut Inbox<'static>) -> A,
        test: impl AsyncFnOnce(Link) -> R,
    ) -> R {
        host_time::start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime needs no more than memory");
        runtime.block_on(host_time::run(async {
            let device: &'static Device = Box::leak(Box::new(memory::device(self.app, self.limits)));
            let inbox = device.inbox(Buffer::grown(self.limits.message));
            let inbox = Box::leak(Box::new(inbox.expect("the inbox of a new device is free")));
            let net = Rc::new(RefCell::new(Net::new(self, device)));
            let link = Link::new(net.clone());
            drive(self.app.name(), &net, application(device, inbox), test(link)).await
        }))
    }
}

/// Runs the application and the test until the test ends.
///
/// The test goes on only when the application and the device wait.
async fn drive<R>(app: &str, net: &SharedNet, application: impl Future, test: impl Future<Output = R>) -> R {
    let (mut application, mut test) = (pin!(application), pin!(test));
    let mut sleep = pin!(tokio::time::sleep(std::time::Duration::ZERO));
    let signal = Arc::new(Signal::default());
    let waker = Waker::from(signal.clone());
    let mut turns = 0;
    poll_fn(|context| {
        signal.begin(context.waker());
        let mut own = Context::from_waker(&waker);
        assert!(
            application.as_mut().poll(&mut own).is_pending(),
            "the application {app} ended; an application runs for ever"
        );
        let due = net.borrow_mut().serve(&waker);
        if let Some(due) = net.borrow().on_clock(due) {
            sleep.as_mut().reset(due);
            if sleep.as_mut().poll(&mut own).is_ready() {
                waker.wake_by_ref();
            }
        }
        if signal.is_set() {
            turns += 1;
            assert!(
                turns < TURNS_MAX,
                "the application {app} never waits: it had {TURNS_MAX} turns, and no time passed"
            );
            return Poll::Pending;
        }
        turns = 0;
        test.as_mut().poll(&mut own)
    })
    .await
}

/// Signal that the application or the device has something to do.
#[derive(Debug, Default)]
struct Signal {
    set: AtomicBool,
    /// The waker of the runtime's task.
    task: Mutex<Option<Waker>>,
}

impl Signal {
    /// Resets it, before a poll of the task.
    fn begin(&self, task: &Waker) {
        self.task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| task.clone())
            .clone_from(task);
        self.set.store(false, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.set.load(Ordering::Relaxed)
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set.store(true, Ordering::Relaxed);
        self.task.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Waker::wake_by_ref);
    }
}

//! The process `chromedriver`, one for all browsers of a test program.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Maximum number of attempts to start it.
const STARTS: usize = 5;

/// The running process, while a browser holds it.
static RUNNING: Mutex<Weak<Driver>> = Mutex::new(Weak::new());

/// Running chromedriver, which ends when the last browser drops it.
#[derive(Debug)]
pub(crate) struct Driver {
    process: Child,
    /// Folder of the browsers' profiles, each new and
    /// empty, and of all other files that they leave.
    folder: PathBuf,
    pub(crate) addr: SocketAddr,
}

impl Driver {
    /// Returns the running process, or starts one.
    pub(crate) fn running() -> Arc<Driver> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Driver::start());
            *running = Arc::downgrade(&driver);
            driver
        })
    }

    fn start() -> Driver {
        let program = std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        // Short, because browsers create sockets there, whose paths have a small limit.
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("instep-browsers-{process}-{number}"));
        std::fs::create_dir_all(&folder).expect("cannot create the folder of the browsers");
        // With port 0 it takes a port that is free for IPv4, and ends if that is in use for IPv6.
        for _ in 0..STARTS {
            let process = Command::new(&program)
                .arg("--port=0")
                .env("TMPDIR", &folder)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn();
            let mut process = process.unwrap_or_else(|error| {
                remove(&folder);
                panic!("cannot start {}: {error}", program.display())
            });
            let mut lines = BufReader::new(process.stdout.take().expect("no pipe")).lines();
            let port = lines.by_ref().find_map(|line| {
                let line = line.ok()?;
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse::<u16>().ok()
            });
            if let Some(port) = port {
                // Its output must be read to the end, or it blocks on a full pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return Driver { process, folder, addr: SocketAddr::from(([127, 0, 0, 1], port)) };
            }
            let _ = process.wait();
        }
        remove(&folder);
        panic!("chromedriver did not print its port");
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Remaining browsers end with it, because they are held by a pipe.
        let _ = self.process.kill();
        let _ = self.process.wait();
        remove(&self.folder);
    }
}

/// Removes the folder. Ending browsers still write, so it tries several times.
fn remove(folder: &Path) {
    for _ in 0..40 {
        if std::fs::remove_dir_all(folder).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

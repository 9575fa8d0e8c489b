//! The process `chromedriver`, one for all browsers of a test program.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// How often it is started, at most.
const STARTS: usize = 5;

/// The one that runs, while a browser holds it.
static RUNNING: Mutex<Weak<Driver>> = Mutex::new(Weak::new());

/// A running chromedriver. It ends when the last browser drops it.
#[derive(Debug)]
pub(crate) struct Driver {
    process: Child,
    /// For the browsers' profiles, each new and empty, and all else that they leave behind.
    folder: PathBuf,
    pub(crate) addr: SocketAddr,
}

impl Driver {
    /// The one that runs already, or a new one.
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
        // Short, since browsers put sockets there, whose names may not be long.
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("instep-browsers-{process}-{number}"));
        std::fs::create_dir_all(&folder).expect("a folder for the browsers");
        // With port 0 it takes a port that is free for IPv4, and ends if that is taken for IPv6.
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
            let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
            let port = lines.by_ref().find_map(|line| {
                let line = line.ok()?;
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse::<u16>().ok()
            });
            if let Some(port) = port {
                // Nobody may stop reading, or it blocks on a full pipe one day.
                std::thread::spawn(move || lines.for_each(drop));
                return Driver { process, folder, addr: SocketAddr::from(([127, 0, 0, 1], port)) };
            }
            let _ = process.wait();
        }
        remove(&folder);
        panic!("chromedriver did not tell its port");
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Browsers that are still there end with it, since they are held by a pipe.
        let _ = self.process.kill();
        let _ = self.process.wait();
        remove(&self.folder);
    }
}

/// Browsers that are about to end still write: tries until it is gone, but not for ever.
fn remove(folder: &Path) {
    for _ in 0..40 {
        if std::fs::remove_dir_all(folder).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

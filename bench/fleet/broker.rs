//! The broker, which is mosquitto.

use crate::launch;
use crate::program::Program;
use instep_bench::system::take_core_of;
use std::ffi::OsString;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Folders in which Debian has the program, which PATH may lack.
const FOLDERS: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];
/// Time limit of its start.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Running broker without a store, which is ended when dropped.
#[derive(Debug)]
pub struct Broker {
    program: Program,
    configuration: PathBuf,
    /// Its URL.
    pub url: String,
}

impl Broker {
    /// Starts the broker, on any core, and waits until it listens.
    pub fn start() -> Result<Self, String> {
        // The port is free again when the broker takes it.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.map_err(|error| error.to_string())?;
        let configuration = std::env::temp_dir().join(format!("instep-bench-{}.conf", std::process::id()));
        let port = address.port();
        // Nothing is dropped, as with docs/guide/mqtt/mosquitto.conf. As root it would change to a user, and with it lose the signal by which it ends with this program.
        let lines = format!(
            "user root\nlistener {port} 127.0.0.1\nallow_anonymous true\nlog_dest none\npersistence false\n\
             max_queued_messages 1000000\n"
        );
        fs::write(&configuration, lines).map_err(|error| format!("{}: {error}", configuration.display()))?;
        let mut command = launch::command(None, &find())?;
        // It warns of its user.
        command.arg("-c").arg(&configuration).stderr(Stdio::null());
        let mut program = Program::start(&mut command)?;
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begin.elapsed() > START_TIMEOUT || !program.is_running() {
                return Err("mosquitto does not start; `apt-get install mosquitto` installs it".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { program, configuration, url: format!("mqtt://{address}") })
    }

    /// Binds it to one core. It has a single thread.
    pub fn take_core(&self, core: usize) -> Result<(), String> {
        take_core_of(self.id(), core).map_err(|error| format!("core {core}: {error}"))
    }
}

impl Deref for Broker {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // A file that stays does no harm.
        let _ = fs::remove_file(&self.configuration);
    }
}

/// Returns the version of the broker.
pub fn version() -> String {
    // With `-h` it fails, and says its version all the same.
    let output = Command::new(find()).arg("-h").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("mosquitto").replace(" version", "")
}

fn find() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(FOLDERS.map(PathBuf::from));
    let found = folders.map(|folder| folder.join("mosquitto")).find(|file| file.is_file());
    found.map_or("mosquitto".into(), PathBuf::into_os_string)
}

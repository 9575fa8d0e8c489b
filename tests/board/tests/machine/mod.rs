//! The machine in QEMU with a flash file.

use qemu_flash::FlashFile;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::wait_for;

/// Time limit for each wait, longer than any takes on a busy machine.
const LATEST: Duration = Duration::from_secs(30);

/// Machine with the lines of its serial port. QEMU ends when it is dropped, as a device without power.
pub struct Machine {
    qemu: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    /// Starts the boot stub, which starts an image in the flash.
    #[allow(dead_code, reason = "not all tests use it")]
    pub fn start(flash: &FlashFile, arguments: &str) -> Self {
        Self::start_with(flash, path("INSTEP_BOOT_STUB"), arguments, "user,id=n0")
    }

    /// Starts a program with that network.
    pub fn start_with(flash: &FlashFile, program: PathBuf, arguments: &str, network: &str) -> Self {
        let mut qemu = Command::new("qemu-system-riscv32")
            .args(flash.qemu_arguments())
            .args(["-bios", "none", "-display", "none", "-monitor", "none", "-serial", "stdio"])
            .args(["-device", "virtio-rng-device", "-device", "virtio-net-device,netdev=n0"])
            .args(["-netdev", network, "-append", arguments, "-kernel"])
            .arg(program)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cannot start QEMU");
        let log = Arc::<Mutex<Vec<String>>>::default();
        let (lines, said) = (BufReader::new(qemu.stdout.take().expect("no pipe")).lines(), log.clone());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                said.lock().expect("another thread panicked").push(line.trim_end().to_owned());
            }
        });
        Self { qemu, log }
    }

    /// Waits until the log has these lines in this order, with any other lines between them.
    #[track_caller]
    pub fn expect(&self, lines: &[&str]) {
        let has_all = || {
            let log = self.log();
            let mut said = log.iter();
            lines.iter().all(|line| said.any(|said| said.contains(line))).then_some(())
        };
        wait_for(LATEST, has_all, || format!("the log has not {lines:#?}: {:#?}", self.log()));
    }

    /// Waits until QEMU has ended.
    #[allow(dead_code, reason = "not all tests use it")]
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        wait_for(LATEST, || self.qemu.try_wait().expect("cannot wait"), || "QEMU still runs")
    }

    /// Returns the lines so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("another thread panicked").clone()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        if std::thread::panicking() {
            eprintln!("its log: {:#?}", self.log.lock());
        }
    }
}

/// Returns the path in an environment variable.
pub fn path(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} does not name a file")).into()
}

//! A simulated radio. Its networks come from the command line of QEMU.

use core::future::pending;
use embassy_time::Timer;
use instep_settings::{Network, WifiPassword};
use instep_wifi::portal::{Network as Heard, Networks, Outcome, Ssid};
use instep_wifi::setup::Radio;
use qemu_machine::{Boot, reset};

/// Duration of a scan or of a join, in ms.
const DELAY: u64 = 500;

/// The simulated radio.
pub struct Simulated {
    boot: Boot,
}

impl Simulated {
    /// Returns a radio with the networks in the boot arguments.
    pub fn new(boot: Boot) -> Self {
        Self { boot }
    }

    /// Iterates over the networks, each with its name, password and address.
    fn networks(&self) -> impl Iterator<Item = [&'static str; 3]> + use<> {
        self.boot.values("instep.network=").map(|network| {
            let mut parts = network.splitn(3, ':');
            [(); 3].map(|()| parts.next().unwrap_or_default())
        })
    }
}

impl Radio for Simulated {
    async fn scan(&mut self) -> Networks {
        Timer::after_millis(DELAY).await;
        let mut found = Networks::default();
        for (number, [name, password, _]) in self.networks().enumerate() {
            if let Some(ssid) = Ssid::new(name.as_bytes()) {
                let signal = -40 - 5 * i8::try_from(number).unwrap_or(10);
                found.add(Heard { ssid, signal, protected: !password.is_empty() });
            }
        }
        found
    }

    async fn join(&mut self, network: &Network) -> Outcome {
        Timer::after_millis(DELAY).await;
        let said = network.password().map_or("", WifiPassword::reveal);
        let found = self.networks().find(|[name, ..]| name.as_bytes() == network.name().as_bytes());
        match found {
            None => Outcome::NotFound,
            Some([_, password, _]) if password != said => Outcome::WrongPassword,
            Some([_, _, address]) => address.parse().map_or(Outcome::NoAddress, Outcome::Joined),
        }
    }

    async fn lost(&mut self) {
        pending::<()>().await;
    }

    async fn open(&mut self) {}

    async fn close(&mut self) {}

    async fn restart(&mut self) {
        // The last responses must be sent before the restart.
        Timer::after_millis(200).await;
        reset()
    }
}

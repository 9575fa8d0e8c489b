//! A radio that is simulated: what it hears, QEMU tells.

use core::future::pending;
use embassy_time::Timer;
use instep_settings::{Network, WifiPassword};
use instep_wifi::portal::{Network as Heard, Networks, Outcome, Ssid};
use instep_wifi::setup::Radio;
use qemu_machine::{Boot, reset};

/// How long it looks for networks, or for one, in milliseconds.
const LOOKS: u64 = 500;

/// The radio.
pub struct Simulated {
    boot: Boot,
}

impl Simulated {
    /// A radio that hears the networks that `boot` tells of.
    pub fn new(boot: Boot) -> Self {
        Self { boot }
    }

    /// Name, password and address of each network.
    fn networks(&self) -> impl Iterator<Item = [&'static str; 3]> + use<> {
        self.boot.all("instep.network=").map(|network| {
            let mut parts = network.splitn(3, ':');
            [(); 3].map(|()| parts.next().unwrap_or_default())
        })
    }
}

impl Radio for Simulated {
    async fn scan(&mut self) -> Networks {
        Timer::after_millis(LOOKS).await;
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
        Timer::after_millis(LOOKS).await;
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
        // What was said last is to leave first.
        Timer::after_millis(200).await;
        reset()
    }
}

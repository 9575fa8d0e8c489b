//! The device: what its page shows, and what it does.

use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Instant, Timer};
use embedded_hal::digital::OutputPin;
use instep::{App, Device, Inbox};
use instep_panel::PANEL;

instep::thing! {
    /// A pump that stops by itself.
    pub Pump: "{{ project_name }}", commands Command {
        pump => Pump: switch { title: "Pump" },
        minutes => Minutes: number { title: "Stop after", unit: "min", min: 1, max: 60, step: 1, kept },
    }
}

/// What the device serves.
pub const APP: App = App::new("{{ project_name }}", "A pump that stops by itself").thing(&Pump::THING).pages(&PANEL);

/// Runs the device.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut pin: impl OutputPin) {
    let page = Pump::new(device);
    let (mut minutes, mut stop) = (10.0, Instant::MAX);
    page.minutes(minutes);
    page.pump(false);
    loop {
        let on = match select(page.recv(inbox), Timer::at(stop)).await {
            Either::First((Command::Minutes(wanted), _)) => {
                minutes = wanted;
                page.minutes(minutes);
                continue;
            }
            Either::First((Command::Pump(wanted), _)) => wanted,
            Either::Second(()) => false,
        };
        stop = if on { Instant::now() + Duration::from_secs(minutes as u64 * 60) } else { Instant::MAX };
        pin.set_state(on.into()).ok(); // the hardware first,
        page.pump(on); // then every page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use instep::testing::{self, Output};

    #[test]
    fn pump_stops_by_itself() {
        let pin = Output::new();
        let pump = pin.clone();
        testing::run(&APP, |device, inbox| run(device, inbox, pump), async |link| {
            let mut page = link.open("/ws").await;
            page.send(r#"{"label":"minutes","value":2}"#).await;
            page.send(r#"{"label":"pump","value":true}"#).await;
            page.wait_for(r#"{"label":"pump","value":true}"#).await;
            assert!(pin.is_on());
            link.sleep(2 * 60_000).await; // in no time, because the clock is simulated
            assert!(!pin.is_on());
            assert_eq!(link.get("/properties/pump").await.text(), "false");
        });
    }
}

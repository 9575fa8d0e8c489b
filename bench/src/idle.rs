//! Memory: many clients that have received one publish and are silent since.

use crate::contenders::Contender;
use crate::fan_out::Subscribers;
use crate::server::Server;
use instep_bench::sample::Figure;
use std::time::Duration;

/// Idle time of the clients before the measurement.
const REST: Duration = Duration::from_millis(500);

/// Returns the server's own memory in bytes per idle client, of `clients`: the
/// difference to a server that was started for one client and has none. So memory
/// that is reserved for clients at the start counts, too.
pub fn measure(contender: &Contender, clients: usize) -> Result<Figure, String> {
    let for_one = ["--clients".to_owned(), "1".to_owned()];
    let before = Server::start(contender, "fan-out", &for_one)?.memory()?;
    let server = Server::start(contender, "fan-out", &[])?;
    let mut subscribers = Subscribers::connect(&server, clients)?;
    subscribers.publish()?;
    std::thread::sleep(REST);
    let after = server.memory()?;
    #[expect(clippy::cast_precision_loss, reason = "they are far below 2^52")]
    Ok(Figure { value: after.saturating_sub(before) as f64 / clients as f64, busy: None })
}

//! Task of the multicast DNS responder.

use super::socket::{MdnsMemory, Socket, now};
use crate::lines;
use crate::mdns::{GROUP, MESSAGE_MAX, PORT, Responder};
use crate::name::Name;
use core::net::Ipv4Addr;
use core::time::Duration;
use embassy_futures::select::{Either, select};
use embassy_net::{Ipv4Cidr, Stack};
use embassy_time::{Instant, Timer};

/// Interval of polling the link and the address. embassy-net has one waker for them, which the board uses.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Responds for `http://NAME.local` and `_http._tcp` on the network of `stack`.
///
/// The responder runs while the device has a link and an address. When the link or the address changes, the responder probes and announces again.
///
/// `port` is the port of the page, and `seed` is a number that differs between devices. `named` is called with the name of
/// the device, which is numbered if another device has the wanted name. `named` is called again when the name changes, and
/// after each restart of the responder.
pub async fn serve_mdns(
    stack: Stack<'_>,
    name: Name,
    port: u16,
    seed: u32,
    memory: &mut MdnsMemory,
    mut named: impl FnMut(&Name),
) -> ! {
    let (mut socket, message) = memory.open(stack, PORT);
    loop {
        let Some(network) = network(stack) else {
            Timer::at(instant(now() + POLL_INTERVAL)).await;
            continue;
        };
        // Fails only if too many groups are joined, which the board's configuration prevents.
        if let Err(error) = stack.join_multicast_group(GROUP) {
            lines::warn(format_args!("The device cannot be found by its name: {error:?}"));
        }
        let (address, prefix) = (network.address(), network.prefix_len());
        let mut last_name = None;
        let mut responder = Responder::new(now(), name, address, prefix, port, seed);
        while self::network(stack) == Some(network) {
            turn(&mut responder, &mut socket, message).await;
            if responder.has_name() && last_name != Some(*responder.name()) {
                last_name = Some(*responder.name());
                named(responder.name());
            }
        }
    }
}

/// Sends all due messages, then handles one message or waits for the next due time.
async fn turn(responder: &mut Responder, socket: &mut Socket<'_>, message: &mut [u8; MESSAGE_MAX]) {
    while let Some(length) = responder.send(now(), message) {
        socket.send(&message[..length], GROUP, PORT).await;
    }
    let poll_at = now() + POLL_INTERVAL;
    let wake_at = responder.wake_at().map_or(poll_at, |at| at.min(poll_at));
    let receive = socket.receive(|from, bytes| Some((from, responder.receive(now(), from, bytes, message)?)));
    let answer = match select(receive, Timer::at(instant(wake_at))).await {
        Either::First(answer) => answer,
        Either::Second(()) => None,
    };
    if let Some((from, length)) = answer {
        socket.send(&message[..length], *from.ip(), from.port()).await;
    }
}

/// Returns the device's address in the network of `stack`, if it has a link.
fn network(stack: Stack<'_>) -> Option<Ipv4Cidr> {
    let config = stack.config_v4().filter(|_| stack.is_link_up())?;
    (config.address.address() != Ipv4Addr::UNSPECIFIED).then_some(config.address)
}

fn instant(at: Duration) -> Instant {
    Instant::from_micros(u64::try_from(at.as_micros()).unwrap_or(u64::MAX))
}

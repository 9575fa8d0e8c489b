//! Multicast DNS.

use super::socket::{MdnsMemory, Socket, now};
use crate::mdns::{GROUP, MESSAGE_MAX, PORT, Responder};
use crate::name::Name;
use core::net::Ipv4Addr;
use core::time::Duration;
use embassy_futures::select::{Either, select};
use embassy_net::{Ipv4Cidr, Stack};
use embassy_time::{Instant, Timer};

/// How often the link and the address are looked at. embassy-net has one place for a task that waits for them, and that is
/// the board's.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Answers for `http://NAME.local` and `_http._tcp` on the network of `stack`, whenever it has a link and an address, and
/// begins anew when that has changed: the name is asked for again, and everybody told.
///
/// `port` is that of the page; `seed` a number that another device does not have. `named` is told the name that the device
/// has got, which has a number if another has it already; it is told again when that changes, and when it begins anew.
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
            Timer::at(instant(now() + LOOK_EVERY)).await;
            continue;
        };
        // What it says is that too many groups were joined; the board sees to that.
        if let Err(error) = stack.join_multicast_group(GROUP) {
            log::warn!("The device cannot be found by its name: {error:?}");
        }
        let (address, prefix) = (network.address(), network.prefix_len());
        let mut told = None;
        let mut responder = Responder::new(now(), name, address, prefix, port, seed);
        while self::network(stack) == Some(network) {
            turn(&mut responder, &mut socket, message).await;
            if responder.has_name() && told != Some(*responder.name()) {
                told = Some(*responder.name());
                named(responder.name());
            }
        }
    }
}

/// Says what there is to say, and hears one message, or waits until something is due.
async fn turn(responder: &mut Responder, socket: &mut Socket<'_>, message: &mut [u8; MESSAGE_MAX]) {
    while let Some(length) = responder.send(now(), message) {
        socket.send(&message[..length], GROUP, PORT).await;
    }
    let look_at = now() + LOOK_EVERY;
    let wake_at = responder.wake_at().map_or(look_at, |at| at.min(look_at));
    let heard = socket.receive(|from, heard| Some((from, responder.receive(now(), from, heard, message)?)));
    let answer = match select(heard, Timer::at(instant(wake_at))).await {
        Either::First(answer) => answer,
        Either::Second(()) => None,
    };
    if let Some((from, length)) = answer {
        socket.send(&message[..length], *from.ip(), from.port()).await;
    }
}

/// The device's address in the network of `stack`, while it has a link.
fn network(stack: Stack<'_>) -> Option<Ipv4Cidr> {
    let config = stack.config_v4().filter(|_| stack.is_link_up())?;
    (config.address.address() != Ipv4Addr::UNSPECIFIED).then_some(config.address)
}

fn instant(at: Duration) -> Instant {
    Instant::from_micros(u64::try_from(at.as_micros()).unwrap_or(u64::MAX))
}

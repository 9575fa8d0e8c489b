//! Judgement of an image that is on trial, by what its networks show.

use crate::clock::now;
use embassy_net::Stack;
use embassy_time::Timer;
use instep::update::Witness;
use instep::{Device, Instant};
use instep_update::{Network, Progress, Trial, Verdict};

/// Interval at which a trial looks at the networks, in ms.
const LOOK_MS: u64 = 250;

/// Watches the networks until the trial is decided.
pub(super) async fn judge(
    mut trial: Trial,
    witness: &Witness,
    device: &Device,
    networks: &[(Network, Stack<'static>)],
) -> Verdict {
    loop {
        if let Some(verdict) = look(&mut trial, witness, device, networks) {
            return verdict;
        }
        Timer::after_millis(LOOK_MS).await;
    }
}

/// Looks at the networks. Returns the verdict if the trial is decided.
// Not inlined, because it would be a part of an asynchronous function.
#[inline(never)]
fn look(
    trial: &mut Trial,
    witness: &Witness,
    device: &Device,
    networks: &[(Network, Stack<'static>)],
) -> Option<Verdict> {
    let time = now();
    let now = time.as_millis();
    trial.address(now, is_up(networks, Network::Joined));
    trial.own_network(now, is_up(networks, Network::Own));
    if let Some(passed) = device.image_check() {
        trial.checked(now, passed);
    }
    let mut unanswered_since = Instant::NEVER;
    for (number, (network, _)) in networks.iter().enumerate() {
        let served = witness.served(number, time);
        if served.acknowledged {
            trial.answered(now, *network);
        }
        unanswered_since = unanswered_since.min(served.unanswered_since.unwrap_or(Instant::NEVER));
    }
    let is_waited_for = unanswered_since != Instant::NEVER;
    trial.unanswered_since(now, is_waited_for.then_some(unanswered_since.as_millis()));
    match trial.poll(now) {
        Progress::Decided(verdict) => Some(verdict),
        Progress::Undecided { .. } => None,
    }
}

/// Returns the network in which the device is reached now.
pub(super) fn reach(networks: &[(Network, Stack<'static>)]) -> Network {
    if is_up(networks, Network::Joined) { Network::Joined } else { Network::Own }
}

/// Returns whether the device has an address in a network of this kind.
fn is_up(networks: &[(Network, Stack<'static>)], kind: Network) -> bool {
    networks.iter().any(|(network, stack)| *network == kind && stack.is_link_up() && stack.is_config_up())
}

//! Short messages and single frames that need no turn have the effects of turns, for any input and any room.
//!
//! Two devices get the same bytes and have the same application. The driver of one tries without a turn first, and that of
//! the other gives turns only.
//!
//! Input: the length of the script, the script, and frames as for the target `connection`.

use crate::lent_client::LentClient;
use crate::link::{Simulation, TOPICS};
use crate::script::{dress, split};
use instep::{Inbox, Message, Topics};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Checks the result of `data`.
pub(crate) fn check(data: &[u8]) {
    run(data);
}

/// Compares both devices after each step. Returns how many messages and frames needed no turn.
fn run(data: &[u8]) -> [usize; 2] {
    let (script, rest) = split(data);
    let wire = dress(rest);
    let simulations = [Simulation::new(false), Simulation::new(false)];
    let mut sides: [_; 2] = std::array::from_fn(|index| Side {
        simulation: &simulations[index],
        inbox: simulations[index].inbox(),
        client: LentClient::open(&simulations[index], index == 0),
        rest: &wire,
        received: Vec::new(),
        number: 0,
    });
    for step in script.iter().copied().chain([FINISH; 40]) {
        sides.iter_mut().for_each(|side| side.step(step));
        let [at_once, by_turns] =
            sides.each_ref().map(|side| (side.client.shown(), &side.received, side.rest));
        assert_eq!(at_once, by_turns, "after the step {step:#x}");
    }
    sides[0].client.without_turn
}

/// Step that widens the window, delivers much, and lets the application take a message.
const FINISH: u8 = 0xff;

/// A device with its application, and the client's end.
struct Side<'s> {
    simulation: &'s Simulation,
    inbox: Inbox<'s>,
    client: LentClient<'s>,
    /// Bytes that the client has yet to send.
    rest: &'s [u8],
    /// Messages that the application received.
    received: Vec<String>,
    /// Number of the application's last message.
    number: usize,
}

impl Side<'_> {
    fn step(&mut self, step: u8) {
        let amount = usize::from(step >> 3);
        match step {
            FINISH => {
                self.client.window = usize::MAX;
                self.deliver(200);
                self.take_message();
            }
            _ => match step & 7 {
                0 | 1 => self.deliver(amount + 1),
                2 => self.deliver(amount * 8),
                3 => self.client.window = self.client.window.saturating_add(amount * 8),
                4 => self.client.now += (amount * amount) as u64 * 40,
                5 => self.take_message(),
                6 => self.publish(amount),
                _ => {
                    self.publish(amount);
                    self.publish(amount / 2);
                }
            },
        }
        self.client.serve();
    }

    fn deliver(&mut self, length: usize) {
        if self.client.wants_read() {
            let (part, rest) = self.rest.split_at(length.min(self.rest.len()));
            self.client.waiting.extend_from_slice(part);
            self.rest = rest;
        }
    }

    fn take_message(&mut self) {
        let Poll::Ready(message) = pin!(self.inbox.recv()).poll(&mut Context::from_waker(Waker::noop()))
        else {
            return;
        };
        self.received.push(format!("{message:?}"));
        // Most messages have no reply, because a client with a reply needs a turn.
        if let Message::Text { client, text } = message
            && text.len() % 3 == 2
        {
            let _ = self.simulation.device.send(client, format_args!("reply {}", "r".repeat(text.len())));
        }
    }

    fn publish(&mut self, amount: usize) {
        self.number += 1;
        let text = format!("{} {}", self.number, "p".repeat(amount * 7));
        let device = &self.simulation.device;
        match amount % 5 {
            4 => device.emit(text),
            topic => {
                device.publish(Topics::new(TOPICS).at(topic % TOPICS).expect("topic out of range"), text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_messages_and_frames_need_no_turn() {
        // The application takes the opening; then each message is delivered, taken and answered by a publish.
        let mut script = vec![3 | 31 << 3; 8];
        script.push(5);
        script.extend([11 << 3, 5, 6].repeat(20));
        let frames = b"\x81\x06toggle".repeat(20);
        let data =
            [&[u8::try_from(script.len()).expect("the script is too long")][..], &script, &frames].concat();
        let [messages, delivered] = run(&data);
        assert!(messages >= 18 && delivered >= 18, "{messages} messages and {delivered} frames");
    }
}

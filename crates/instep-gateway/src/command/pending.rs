//! Commands that wait to be sent, or for their answers.

use super::error::CommandError;
use super::reply::{Answer, Reply};
use instep::Instant;
use instep_mqtt::{DeviceId, Message, Sent, is_name};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::task::Waker;
use tokio::sync::oneshot;

/// Time in which a command leaves the gateway, in ms. After that it is too late.
const SEND_TIMEOUT_MS: u64 = 5_000;

/// Command of a viewer to a device.
#[derive(Clone, Copy, Debug)]
pub struct Command<'c> {
    /// The device.
    pub id: DeviceId,
    /// The name of the property or action.
    pub name: &'c str,
    /// The frame with that label as the viewer sent it, or the value alone as JSON, or nothing for an action without a value.
    pub payload: &'c [u8],
    /// How long the answer is waited for.
    pub wait: Wait,
}

/// Time for which an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// 5 s, for a request over HTTP.
    Request,
    /// 60 s, for a message of a WebSocket.
    WebSocket,
}

impl Wait {
    const fn millis(self) -> u64 {
        match self {
            Self::Request => 5_000,
            Self::WebSocket => 60_000,
        }
    }
}

/// Commands that wait to be sent, or for their answers.
#[derive(Debug)]
pub(crate) struct Commands {
    max: usize,
    max_per_device: usize,
    queue: VecDeque<Queued>,
    waiting: HashMap<u64, Waiting>,
    /// The numbers of the commands by the time at which their answers are too late.
    deadlines: BTreeSet<(Instant, u64)>,
    per_device: HashMap<DeviceId, usize>,
    /// The number of the last command.
    last: u64,
    /// The number of commands.
    count: u64,
    late: u64,
    waker: Option<Waker>,
}

/// Command that was not sent yet.
#[derive(Debug)]
pub(crate) struct Queued {
    number: u64,
    id: DeviceId,
    name: Box<str>,
    payload: Box<[u8]>,
    /// The time after which it is not sent any more.
    until: Instant,
}

#[derive(Debug)]
struct Waiting {
    id: DeviceId,
    until: Instant,
    is_sent: bool,
    sender: oneshot::Sender<Answer>,
}

impl Queued {
    /// Returns the message to the broker.
    pub(crate) fn message(&self) -> Message<'_> {
        let Self { number, id, name, payload, .. } = self;
        Message::Command { id, name, payload, number: *number }
    }
}

impl Commands {
    /// Creates the table of commands, whose numbers follow `last`.
    ///
    /// A number that cannot be guessed keeps an answer to an earlier process, or a forged one, from being taken.
    pub(crate) fn new(max: usize, max_per_device: usize, last: u64) -> Self {
        Self {
            max,
            max_per_device,
            queue: VecDeque::new(),
            waiting: HashMap::new(),
            deadlines: BTreeSet::new(),
            per_device: HashMap::new(),
            last,
            count: 0,
            late: 0,
            waker: None,
        }
    }

    /// Returns the number of commands, and that of answers that came too late or to no command.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.count, self.late)
    }

    /// Queues a command.
    ///
    /// # Errors
    /// If there is no room for it, or if there can be nothing of its name.
    pub(crate) fn push(&mut self, now: Instant, command: &Command<'_>) -> Result<Reply, CommandError> {
        if !is_name(command.name) {
            return Err(CommandError::Name);
        }
        if !self.has_room(&command.id) {
            // Nobody waits for these any more.
            let closed = self.waiting.iter().filter(|(_, waiting)| waiting.sender.is_closed());
            for number in closed.map(|(number, _)| *number).collect::<Vec<_>>() {
                self.end_without_answer(number, CommandError::Busy);
            }
            if !self.has_room(&command.id) {
                return Err(CommandError::Busy);
            }
        }
        self.last = self.last.wrapping_add(1);
        self.count += 1;
        let (number, until) = (self.last, now.after(command.wait.millis()));
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(number, Waiting { id: command.id, until, is_sent: false, sender });
        self.deadlines.insert((until, number));
        *self.per_device.entry(command.id).or_default() += 1;
        self.queue.push_back(Queued {
            number,
            id: command.id,
            name: command.name.into(),
            payload: command.payload.into(),
            until: now.after(SEND_TIMEOUT_MS),
        });
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        Ok(Reply(receiver))
    }

    fn has_room(&self, id: &DeviceId) -> bool {
        let of_device = self.per_device.get(id).copied().unwrap_or(0);
        self.waiting.len() < self.max && of_device < self.max_per_device
    }

    pub(crate) fn register(&mut self, waker: &Waker) {
        self.waker = Some(waker.clone());
    }

    /// Passes the next command to `send`, which returns what became of it, until it has no more room.
    pub(crate) fn send_queued(&mut self, now: Instant, send: &mut dyn FnMut(&Queued) -> Sent) {
        while let Some(next) = self.queue.front() {
            let number = next.number;
            match self.waiting.get_mut(&number) {
                // Nobody waits for it any more, so it is not done.
                None => {}
                Some(waiting) if waiting.sender.is_closed() || now >= next.until => {
                    self.end(number, Err(CommandError::Busy));
                }
                Some(waiting) => match send(next) {
                    Sent::NoRoom => return,
                    Sent::Written => waiting.is_sent = true,
                    Sent::TooLong => self.end(number, Err(CommandError::TooLong)),
                },
            }
            self.queue.pop_front();
        }
    }

    /// Passes an answer to the viewer that waits for it.
    pub(crate) fn answer(&mut self, id: &DeviceId, number: u64, frame: &[u8]) {
        let is_awaited =
            self.waiting.get(&number).is_some_and(|waiting| waiting.id == *id && waiting.is_sent);
        if is_awaited {
            self.end(number, Ok(frame.into()));
        } else {
            self.late += 1;
        }
    }

    /// Ends the commands to a device that went offline.
    pub(crate) fn fail_device(&mut self, id: &DeviceId) {
        if self.per_device.contains_key(id) {
            self.fail(&|waiting| waiting.id == *id, CommandError::Offline);
        }
    }

    /// Ends all commands, because the connection to the broker has ended.
    pub(crate) fn fail_all(&mut self) {
        self.fail(&|_| true, CommandError::NoBroker);
        self.queue.clear();
    }

    /// Ends the commands that are too late, and those whose answers are.
    pub(crate) fn turn(&mut self, now: Instant) {
        while let Some(late) = self.queue.pop_front_if(|next| next.until <= now) {
            self.end(late.number, Err(CommandError::Busy));
        }
        while let Some((until, number)) = self.deadlines.first()
            && *until <= now
        {
            let number = *number;
            self.end_without_answer(number, CommandError::Busy);
        }
    }

    pub(crate) fn wake_at(&self) -> Instant {
        let answer = self.deadlines.first().map_or(Instant::NEVER, |(until, _)| *until);
        self.queue.front().map_or(answer, |next| answer.min(next.until))
    }

    /// Ends commands without an answer. `unsent` is the error of one that was not sent.
    fn fail(&mut self, which: &dyn Fn(&Waiting) -> bool, unsent: CommandError) {
        let numbers = self.waiting.iter().filter(|(_, waiting)| which(waiting)).map(|(number, _)| *number);
        for number in numbers.collect::<Vec<_>>() {
            self.end_without_answer(number, unsent);
        }
    }

    fn end_without_answer(&mut self, number: u64, unsent: CommandError) {
        let is_sent = self.waiting.get(&number).is_some_and(|waiting| waiting.is_sent);
        self.end(number, Err(if is_sent { CommandError::TimedOut } else { unsent }));
    }

    fn end(&mut self, number: u64, answer: Answer) {
        let Some(Waiting { id, until, sender, .. }) = self.waiting.remove(&number) else { return };
        self.deadlines.remove(&(until, number));
        if let Some(count) = self.per_device.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                self.per_device.remove(&id);
            }
        }
        // Nobody may wait for it any more.
        let _ = sender.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    const OK: &[u8] = br#"{"label":"ok","id":0}"#;

    fn id(text: &str) -> DeviceId {
        DeviceId::new(text).unwrap()
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn push(commands: &mut Commands, now: u64, of: &str, wait: Wait) -> Result<Reply, CommandError> {
        commands.push(at(now), &Command { id: id(of), name: "led", payload: b"true", wait })
    }

    /// Sends what is due, and returns the numbers.
    fn sent(commands: &mut Commands, now: u64) -> Vec<u64> {
        let mut numbers = Vec::new();
        commands.send_queued(at(now), &mut |queued| {
            numbers.push(queued.number);
            Sent::Written
        });
        numbers
    }

    fn poll(reply: &mut Reply) -> Poll<Answer> {
        Pin::new(reply).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn answer_comes_to_its_command_alone() {
        let mut commands = Commands::new(10, 10, 0);
        let mut first = push(&mut commands, 0, "a", Wait::Request).unwrap();
        let mut second = push(&mut commands, 0, "a", Wait::Request).unwrap();
        // Nobody has the command yet.
        commands.answer(&id("a"), 1, OK);
        assert_eq!(sent(&mut commands, 0), [1, 2]);
        assert!(sent(&mut commands, 0).is_empty());
        // Another device, and another number.
        commands.answer(&id("b"), 2, OK);
        commands.answer(&id("a"), 3, OK);
        commands.answer(&id("a"), 2, OK);
        commands.answer(&id("a"), 2, OK);
        assert_eq!((poll(&mut first), poll(&mut second)), (Poll::Pending, Poll::Ready(Ok(OK.into()))));
        assert_eq!(commands.counts(), (2, 4));
    }

    #[test]
    fn answer_is_waited_for_as_long_as_its_viewer_does() {
        let mut commands = Commands::new(10, 10, 0);
        let mut request = push(&mut commands, 0, "a", Wait::Request).unwrap();
        let mut socket = push(&mut commands, 0, "a", Wait::WebSocket).unwrap();
        sent(&mut commands, 0);
        assert_eq!(commands.wake_at(), at(5_000));
        commands.turn(at(4_999));
        assert_eq!(poll(&mut request), Poll::Pending);
        commands.turn(at(5_000));
        assert_eq!(poll(&mut request), Poll::Ready(Err(CommandError::TimedOut)));
        // Too late.
        commands.answer(&id("a"), 1, OK);
        assert_eq!((commands.counts(), commands.wake_at()), ((2, 1), at(60_000)));
        commands.turn(at(59_999));
        assert_eq!(poll(&mut socket), Poll::Pending);
        commands.turn(at(60_000));
        assert_eq!(poll(&mut socket), Poll::Ready(Err(CommandError::TimedOut)));
        assert_eq!(commands.wake_at(), Instant::NEVER);
    }

    /// A broker that does not read gets no command that is old.
    #[test]
    fn command_that_cannot_be_sent_is_never_sent_late() {
        let mut commands = Commands::new(10, 10, 0);
        let mut reply = push(&mut commands, 0, "a", Wait::WebSocket).unwrap();
        commands.send_queued(at(4_999), &mut |_| Sent::NoRoom);
        assert_eq!((poll(&mut reply), commands.wake_at()), (Poll::Pending, at(5_000)));
        assert!(sent(&mut commands, 5_000).is_empty());
        assert_eq!(poll(&mut reply), Poll::Ready(Err(CommandError::Busy)));
        let mut reply = push(&mut commands, 10_000, "a", Wait::WebSocket).unwrap();
        commands.turn(at(15_000));
        assert_eq!(poll(&mut reply), Poll::Ready(Err(CommandError::Busy)));
        assert!(sent(&mut commands, 15_000).is_empty());
    }

    #[test]
    fn command_that_nobody_waits_for_is_not_sent() {
        let mut commands = Commands::new(10, 10, 0);
        drop(push(&mut commands, 0, "a", Wait::Request));
        let mut long = push(&mut commands, 0, "a", Wait::Request).unwrap();
        let mut numbers = Vec::new();
        commands.send_queued(at(0), &mut |queued| {
            numbers.push(queued.number);
            Sent::TooLong
        });
        assert_eq!((numbers, poll(&mut long)), (vec![2], Poll::Ready(Err(CommandError::TooLong))));
    }

    #[test]
    fn limits_hold_for_a_device_and_for_all() {
        let mut commands = Commands::new(3, 2, 0);
        let _replies = ["a", "a"].map(|of| push(&mut commands, 0, of, Wait::Request).unwrap());
        assert_eq!(push(&mut commands, 0, "a", Wait::Request).err(), Some(CommandError::Busy));
        let _reply = push(&mut commands, 0, "b", Wait::Request).unwrap();
        assert_eq!(push(&mut commands, 0, "c", Wait::Request).err(), Some(CommandError::Busy));
        sent(&mut commands, 0);
        commands.answer(&id("a"), 1, OK);
        let reply = push(&mut commands, 0, "a", Wait::WebSocket);
        assert!(reply.is_ok());
        assert_eq!(push(&mut commands, 0, "a", Wait::Request).err(), Some(CommandError::Busy));
        // The place of a command that nobody waits for is free.
        drop(reply);
        assert!(push(&mut commands, 0, "a", Wait::Request).is_ok());
    }

    #[test]
    fn end_of_device_or_connection_ends_commands() {
        let mut commands = Commands::new(10, 10, 0);
        let mut sent_before = push(&mut commands, 0, "a", Wait::WebSocket).unwrap();
        let mut other = push(&mut commands, 0, "b", Wait::WebSocket).unwrap();
        sent(&mut commands, 0);
        let mut unsent = push(&mut commands, 0, "a", Wait::WebSocket).unwrap();
        commands.fail_device(&id("a"));
        assert_eq!(poll(&mut sent_before), Poll::Ready(Err(CommandError::TimedOut)));
        assert_eq!(poll(&mut unsent), Poll::Ready(Err(CommandError::Offline)));
        assert_eq!(poll(&mut other), Poll::Pending);
        let mut unsent = push(&mut commands, 0, "b", Wait::WebSocket).unwrap();
        commands.fail_all();
        assert_eq!(poll(&mut other), Poll::Ready(Err(CommandError::TimedOut)));
        assert_eq!(poll(&mut unsent), Poll::Ready(Err(CommandError::NoBroker)));
        assert_eq!((sent(&mut commands, 0), commands.wake_at()), (vec![], Instant::NEVER));
    }
}

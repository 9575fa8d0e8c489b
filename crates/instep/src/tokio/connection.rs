//! One socket and its client.

use super::accept::Accepted;
use super::gate::Permit;
use super::shard::{Buffers, Shard};
use crate::buffer::Buffer;
use crate::client::{Client, Instant};
use crate::limits::Limits;
use instep_proto::frame::CloseCode;
use socket2::SockRef;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

/// Bytes that may wait beside one whole frame: control frames, and the answer to a handshake.
const BESIDE_A_FRAME: usize = 1024;

/// A socket and its client. All of it stays on the shard's thread; turns are given from the socket's own task
/// when there is input, and from the shard's loop when there is something to send.
pub(super) struct Connection {
    stream: RefCell<TcpStream>,
    client: RefCell<Client>,
    /// Input that the client did not take yet. Nothing is read meanwhile.
    tail: RefCell<Vec<u8>>,
    key: usize,
    slot: Cell<Option<usize>>,
    wants_read: Cell<bool>,
    wants_write: Cell<bool>,
    wake_at: Cell<Instant>,
    open: Cell<bool>,
    shut_down: Cell<bool>,
    closed: Cell<bool>,
    /// That of the socket's task.
    waker: RefCell<Option<Waker>>,
    _permit: Permit,
}

impl Connection {
    pub(super) fn unsent_limit(limits: &Limits) -> usize {
        limits.frame + BESIDE_A_FRAME
    }

    pub(super) fn new(accepted: Accepted, key: usize, shard: &Shard) -> std::io::Result<Self> {
        let limits = shard.server.device.limits();
        let unsent = Self::unsent_limit(limits);
        let (head, rest) = (Buffer::grown(limits.head.bytes), Buffer::grown(unsent));
        let now = shard.now();
        let mut client =
            Client::new(accepted.peer.ip().to_canonical(), accepted.peer.port(), head, rest, unsent, now);
        if accepted.permit.refused {
            client.refuse();
        }
        let wake_at = now.after(limits.head_time);
        shard.due(wake_at);
        Ok(Self {
            stream: RefCell::new(TcpStream::from_std(accepted.stream)?),
            client: RefCell::new(client),
            tail: RefCell::default(),
            key,
            slot: Cell::new(None),
            wants_read: Cell::new(true),
            wants_write: Cell::new(false),
            wake_at: Cell::new(wake_at),
            open: Cell::new(false),
            shut_down: Cell::new(false),
            closed: Cell::new(false),
            waker: RefCell::default(),
            _permit: accepted.permit,
        })
    }

    /// Whether there may be something to send to it now: it is open, and its socket takes more.
    pub(super) fn follows(&self) -> bool {
        self.open.get() && !self.wants_write.get()
    }

    pub(super) fn wake_at(&self) -> Instant {
        self.wake_at.get()
    }

    pub(super) fn expect_reply(&self) {
        self.client.borrow_mut().expect_reply();
    }

    /// Closes the client with that code.
    pub(super) fn close(&self, shard: &Shard, code: CloseCode, now: Instant) {
        {
            let Buffers { feed, scratch, .. } = &mut *shard.buffers.borrow_mut();
            self.client.borrow_mut().close(code, &mut shard.surroundings(feed, scratch));
        }
        self.turn(shard, now, 0);
    }

    /// Serves the socket until it is closed.
    pub(super) async fn drive(&self, shard: &Shard) {
        poll_fn(|context| self.poll(shard, context)).await;
    }

    fn poll(&self, shard: &Shard, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.closed.get() {
                return Poll::Ready(());
            }
            let mut idle = true;
            if self.wants_write.get() && self.stream.borrow().poll_write_ready(context).is_ready() {
                idle = false;
                self.turn(shard, shard.now(), 0);
            }
            if self.wants_read.get() && !self.closed.get() {
                let read = {
                    let mut buffers = shard.buffers.borrow_mut();
                    let mut input = ReadBuf::new(&mut buffers.input);
                    let read = Pin::new(&mut *self.stream.borrow_mut()).poll_read(context, &mut input);
                    read.map_ok(|()| input.filled().len())
                };
                match read {
                    Poll::Pending => {}
                    Poll::Ready(Ok(length)) => {
                        idle = false;
                        if length == 0 {
                            self.client.borrow_mut().input_ended();
                        }
                        self.turn(shard, shard.now(), length);
                    }
                    Poll::Ready(Err(_)) => {
                        idle = false;
                        self.abandon(shard);
                    }
                }
            }
            if idle && !self.closed.get() {
                let mut waker = self.waker.borrow_mut();
                if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                    *waker = Some(context.waker().clone());
                }
                return Poll::Pending;
            }
        }
    }

    /// Gives the client a turn, with what waits of earlier input or else with `fresh` bytes of the shard's.
    pub(super) fn turn(&self, shard: &Shard, now: Instant, fresh: usize) {
        if self.closed.get() {
            return;
        }
        let mut failed = false;
        let turn = {
            let Buffers { feed, scratch, input } = &mut *shard.buffers.borrow_mut();
            let mut tail = self.tail.borrow_mut();
            debug_assert!(fresh == 0 || tail.is_empty(), "nothing is read while something waits");
            let stream = self.stream.borrow();
            let mut write = |bytes: &[u8]| match stream.try_write(bytes) {
                Ok(length) => length,
                Err(error) => {
                    failed |= error.kind() != ErrorKind::WouldBlock;
                    0
                }
            };
            let mut surroundings = shard.surroundings(feed, scratch);
            let mut client = self.client.borrow_mut();
            if tail.is_empty() {
                let turn = client.turn(now, &mut input[..fresh], &mut surroundings, &mut write);
                tail.extend_from_slice(&input[turn.used..fresh]);
                turn
            } else {
                let turn = client.turn(now, &mut tail, &mut surroundings, &mut write);
                tail.drain(..turn.used);
                if tail.is_empty() {
                    *tail = Vec::new();
                }
                turn
            }
        };
        if failed {
            return self.abandon(shard);
        }
        let wanted = (self.wants_read.replace(turn.wants_read), self.wants_write.replace(turn.wants_write));
        self.wake_at.set(turn.wake_at);
        shard.due(turn.wake_at);
        self.note(shard);
        if turn.shut_down && !self.shut_down.replace(true) {
            // It fails only if the peer has gone already.
            let _ = SockRef::from(&*self.stream.borrow()).shutdown(std::net::Shutdown::Write);
        }
        self.closed.set(turn.closed);
        if turn.closed || wanted != (turn.wants_read, turn.wants_write) {
            self.wake();
        }
    }

    fn abandon(&self, shard: &Shard) {
        self.client.borrow_mut().abandon(shard.server.device);
        self.closed.set(true);
        self.wake_at.set(Instant::NEVER);
        self.note(shard);
        self.wake();
    }

    /// Keeps the shard's knowledge of this client up to date.
    fn note(&self, shard: &Shard) {
        let client = self.client.borrow();
        self.open.set(client.is_open());
        let slot = client.slot();
        let before = self.slot.replace(slot);
        if slot != before {
            if let Some(slot) = slot {
                shard.assign(slot, Some(self.key));
            } else if let Some(before) = before {
                shard.assign(before, None);
            }
        }
    }

    /// The socket's task is to look again.
    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

//! Socket of a client: its transport, the client's state machine, and the input that this has not consumed.

use crate::shard_state::{Buffers, ShardState};
use crate::socket::Read;
use crate::tail::Tail;
use crate::transport::Transport;
use instep::Instant;
use instep::driver::{Client, Turn, TurnContext};
use socket2::SockRef;
use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::task::{Context, Poll};

/// Socket of a client.
pub(crate) struct ClientSocket {
    transport: Transport,
    pub(crate) client: Client,
    /// Input that the client has not consumed.
    ///
    /// This is a partial request or frame, or one for whose effects the client has no space.
    tail: Tail,
}

impl ClientSocket {
    pub(crate) fn new(transport: Transport, client: Client) -> Self {
        Self { transport, client, tail: Tail::default() }
    }

    /// Returns whether the socket accepts output, or registers for it.
    pub(crate) fn poll_writable(&self, context: &mut Context<'_>) -> bool {
        self.transport.socket().poll_write_ready(context).is_ready()
    }

    /// Reads into the shard's buffer, after space for the unconsumed input.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffers: &mut Buffers,
    ) -> Poll<io::Result<Read>> {
        let Buffers { input, records, .. } = buffers;
        self.transport.poll_read(context, &mut input[self.tail.bytes_mut().len()..], records)
    }

    /// Gives the client a turn.
    ///
    /// The input is the unconsumed rest of earlier input, followed by the `fresh` bytes that were read into `input`. `records` is the
    /// buffer for TLS records. Returns what the turn wants, and whether the socket took any output; `None` if it failed.
    // Inlined, because a call costs each delivery about 40 instructions more.
    #[inline]
    pub(crate) fn turn(
        &mut self,
        shard: &ShardState,
        now: Instant,
        (input, fresh): (&mut [u8], usize),
        records: &mut [u8],
        context: &mut TurnContext<'_>,
    ) -> Option<(Turn, bool)> {
        let Self { transport, client, tail } = self;
        let (mut failed, mut wrote) = (false, false);
        match transport.begin_turn(now, client) {
            Ok(progress) => wrote |= progress,
            Err(_) => failed = true,
        }
        let mut write = |bytes: &[u8]| match transport.write(bytes, records) {
            Ok(length) => {
                shard.meter().sent.add(length);
                wrote |= length > 0;
                length
            }
            Err(_) => {
                failed = true;
                0
            }
        };
        let turn = if fresh > 0 {
            let before = tail.bytes_mut();
            let input = &mut input[..before.len() + fresh];
            input[..before.len()].copy_from_slice(before);
            let turn = client.turn(now, input, context, &mut write);
            tail.keep(&input[turn.used..]);
            turn
        } else {
            let turn = client.turn(now, tail.bytes_mut(), context, &mut write);
            tail.remove(turn.used);
            turn
        };
        // An idle WebSocket or stream has none.
        client.release_http_state();
        shard.meter().messages.add(turn.messages as usize);
        let turn = transport.end_turn(turn, now, shard.server.device.limits().write_stall, client).ok()?;
        (!failed).then_some((turn, wrote))
    }

    /// Notes that the peer has acknowledged output.
    pub(crate) fn accepted(&mut self, now: Instant) {
        self.client.accepted(now);
        self.transport.accepted(now);
    }

    /// Returns how many bytes the peer has not acknowledged.
    pub(crate) fn unacknowledged(&self) -> u32 {
        instep_sys_linux::socket::unacknowledged(self.transport.socket()).unwrap_or(u32::MAX)
    }

    /// Returns whether the socket holds unread input.
    pub(crate) fn has_input(&self) -> bool {
        SockRef::from(self.transport.socket())
            .peek(&mut [MaybeUninit::uninit()])
            .is_ok_and(|length| length > 0)
    }

    /// Shuts writing down.
    pub(crate) fn shut_down(&self) {
        // This fails only if the peer has reset the connection.
        let _ = SockRef::from(self.transport.socket()).shutdown(Shutdown::Write);
    }
}

//! Memory of the client, of fixed size.

use super::client::BrokerClient;
use super::target::Broker;
use crate::server::Server;
use instep::Limits;
use instep::broker::Followed;
use static_cell::{ConstStaticCell, StaticCell};

/// Size of the socket's receive buffer, in bytes.
const RECEIVE: usize = 512;
/// Maximum length of a packet to the device beside its payload, in bytes: its topic and its properties.
const INPUT_OVERHEAD: usize = 104;
/// Maximum length of a packet from the device beside its payload, in bytes.
const OUTPUT_OVERHEAD: usize = 256;

/// Returns the length of the buffer for packets from the broker, in bytes.
pub const fn input_bytes(limits: &Limits) -> usize {
    limits.message + INPUT_OVERHEAD
}

/// Returns the length of the socket's send buffer, in bytes, which has room for two packets.
///
/// What lies in it cannot be replaced by newer values.
pub const fn send_bytes(limits: &Limits) -> usize {
    2 * (limits.frame + OUTPUT_OVERHEAD)
}

/// Memory of the client of a broker, for a `static`. All of it is zero until it is used, so it takes no space in the image.
///
/// The lengths are those of [`input_bytes`] and [`send_bytes`].
pub struct BrokerMemory<const INPUT: usize, const SEND: usize> {
    // One cell, because each has code for a second call.
    buffers: ConstStaticCell<Buffers<INPUT, SEND>>,
    broker: StaticCell<Broker>,
}

struct Buffers<const INPUT: usize, const SEND: usize> {
    receive: [u8; RECEIVE],
    send: [u8; SEND],
    input: [u8; INPUT],
}

impl<const INPUT: usize, const SEND: usize> BrokerMemory<INPUT, SEND> {
    /// Creates unused memory.
    #[expect(clippy::new_without_default, reason = "it is for statics only")]
    pub const fn new() -> Self {
        Self {
            buffers: ConstStaticCell::new(Buffers {
                receive: [0; RECEIVE],
                send: [0; SEND],
                input: [0; INPUT],
            }),
            broker: StaticCell::new(),
        }
    }

    /// Creates the client that publishes the device of `server`.
    ///
    /// Returns `None`, and logs it, if the application has no Thing, because only a Thing has names for topics.
    ///
    /// # Panics
    /// If it was called before.
    pub fn start(&'static self, server: Server, broker: Broker) -> Option<BrokerClient> {
        let Some(followed) = Followed::new(server.app, server.device, server.broker) else {
            let name = server.app.name();
            log::warn!(
                "The broker is not used: it needs names for topics, which only a Thing has; {name} is none"
            );
            return None;
        };
        followed.note_connection(false);
        let Buffers { receive, send, input } = self.buffers.take();
        Some(BrokerClient {
            broker: self.broker.init(broker),
            followed,
            log_in: server.log_in,
            receive,
            send,
            input,
        })
    }
}

//! Client of a broker, as a session drives it.

use instep::Instant;
use instep_mqtt::Ended;
use instep_proto::delivery::Outgoing;
use std::task::Waker;

/// Client of a broker without a socket, without a clock, and without a waiting time.
pub trait BrokerClient {
    /// Returns the length of the input buffer, which is the maximum length of a packet from the broker, in bytes.
    fn input_max(&self) -> usize;

    /// Returns the length of the output buffer, in bytes.
    fn output_max(&self) -> usize;

    /// Begins anew, with a new connection of the transport.
    fn begin(&mut self, now: Instant);

    /// Registers the waker that is called when there is something to send.
    fn register(&self, waker: &Waker);

    /// Takes the packets in `input`, and returns how many bytes of it were used.
    fn receive(&mut self, now: Instant, input: &[u8]) -> usize;

    /// Adds everything that is due to the output.
    fn transmit(&mut self, now: Instant, out: &mut Outgoing<'_>);

    /// Returns whether the broker has accepted the client, and the connection has not ended.
    fn is_open(&self) -> bool;

    /// Returns why the connection has ended, once it has.
    fn end(&self) -> Option<Ended>;

    /// Ends the connection in an orderly way.
    fn stop(&mut self);

    /// Ends the connection because the transport has ended.
    fn abandon(&mut self);

    /// Returns the time of the next call at the latest.
    fn wake_at(&self, now: Instant) -> Instant;
}

//! Options of a connection to a broker.

use crate::connection::KEEP_ALIVE_SECONDS;
use crate::id::DeviceId;
use crate::packet::{Connect, Password};

/// Options of a connection to a broker.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionOptions<'a> {
    /// The beginning of all topics, see [`check_prefix`](crate::check_prefix).
    pub prefix: &'a str,
    /// The id of the device or gateway, which no other client of the broker has.
    pub id: &'a DeviceId,
    /// The user name at the broker.
    pub user: Option<&'a str>,
    /// The password at the broker.
    pub password: Option<Password<'a>>,
    /// The maximum length of a packet from the broker, in bytes, which is the length of the input buffer.
    pub packet_max: usize,
}

impl<'a> ConnectionOptions<'a> {
    /// Returns the packet that opens a connection with this will.
    pub(crate) fn connect(&self, will: Option<(&'a [&'a str], &'a str)>) -> Connect<'a> {
        Connect {
            client_id: self.id.as_str(),
            keep_alive: KEEP_ALIVE_SECONDS,
            maximum_packet_size: u32::try_from(self.packet_max).unwrap_or(u32::MAX),
            user: self.user,
            password: self.password,
            will,
        }
    }
}

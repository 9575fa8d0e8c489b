//! Fields of a packet from the broker.

use super::PacketError;
use super::integer::read_integer;

/// Reader of the fields of one packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'p>(pub(crate) &'p [u8]);

impl<'p> Fields<'p> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'p [u8], PacketError> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(PacketError::Truncated)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PacketError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(PacketError::Truncated)?;
        self.0 = rest;
        Ok(*bytes)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, PacketError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn two(&mut self) -> Result<u16, PacketError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn four(&mut self) -> Result<u32, PacketError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn integer(&mut self) -> Result<usize, PacketError> {
        let (value, length) = read_integer(self.0)?.ok_or(PacketError::Truncated)?;
        self.bytes(length)?;
        Ok(value)
    }

    pub(crate) fn binary(&mut self) -> Result<&'p [u8], PacketError> {
        let length = self.two()?;
        self.bytes(usize::from(length))
    }

    pub(crate) fn text(&mut self) -> Result<&'p str, PacketError> {
        let text = core::str::from_utf8(self.binary()?).map_err(|_| PacketError::Text)?;
        if text.contains('\0') { Err(PacketError::Text) } else { Ok(text) }
    }
}

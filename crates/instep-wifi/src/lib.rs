//! Set-up of a device with Wi-Fi: its own network with a captive portal, which network it joins, and its name there.
//!
//! The modules of the network know neither the server nor the settings. They send nothing, wait for nothing, allocate
//! nothing and read no clock: messages go in, answers come out into a slice that the caller lends, and time is an input,
//! as the duration since any fixed moment.
//!
//! * [`name`]: the name of a device, for its Wi-Fi network, for mDNS and for its page;
//! * [`join`]: the password of its network, and the text from which a phone joins;
//! * [`dhcp`]: addresses for who joins (RFC 2131);
//! * [`dns`]: every name is this device, so that a phone finds the page (RFC 1035);
//! * [`mdns`]: `http://NAME.local` and `_http._tcp` in any network (RFC 6762 and 6763);
//! * [`portal`]: how it is told of another network to join;
//! * [`reason`]: why it could not join that, from what the radio says.
//!
//! The modules on top of them do the work:
//!
//! * [`embassy`] serves DHCP, DNS and mDNS on a network stack of embassy-net;
//! * [`setup`] connects the portal with the device's server, its radio and its settings.
//!
//! Other people's crates read what comes from the network, where one fits: `smoltcp` DHCP, `domain` DNS.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod dhcp;
pub mod dns;
pub mod embassy;
pub mod join;
pub mod mdns;
pub mod name;
pub mod portal;
pub mod reason;
pub mod setup;

//! Provisioning of a device with Wi-Fi: its own network with a captive portal, the network that it joins, and its name.
//!
//! The protocol modules know neither the server nor the settings. They do no I/O, do not wait, do not allocate and read
//! no clock: the caller passes each message, a slice for the reply, and the time, as the duration since any fixed
//! moment.
//!
//! * [`name`]: the name of a device, for its Wi-Fi network, for mDNS and for its page;
//! * [`join`]: the password of its network, and the join string for a phone;
//! * [`dhcp`]: a DHCP server for the clients of its network (RFC 2131);
//! * [`dns`]: a DNS server that resolves every name to the device, so that a phone finds the page (RFC 1035);
//! * [`mdns`]: a responder for `http://NAME.local` and `_http._tcp` in any network (RFC 6762 and 6763);
//! * [`portal`]: the page and the state of the captive portal;
//! * [`reason`]: the outcome of a join, from the reason code of the radio's driver.
//!
//! Two modules use them:
//!
//! * [`embassy`] serves DHCP, DNS and mDNS on a network stack of embassy-net;
//! * [`setup`] connects the portal with the device's server, its radio and its settings.
//!
//! Existing crates parse what comes from the network: `smoltcp` DHCP, `domain` DNS.

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

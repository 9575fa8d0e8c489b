//! Provisioning of a device with Wi-Fi.
//!
//! This crate has the device's own network with a captive portal, the joining of another network, and the device's name.
//!
//! The protocol modules do not depend on the server or the settings. They do no I/O, do not wait, do not allocate and
//! read no clock. The caller passes each message, a slice for the reply, and the time, as the duration since any fixed
//! moment.
//!
//! * [`name`]: the name of a device, for its Wi-Fi network, for mDNS and for its page;
//! * [`join`]: the password of the device's own network, and the join string for a phone;
//! * [`dhcp`]: a DHCP server for the clients of the device's own network (RFC 2131);
//! * [`dns`]: a DNS server that resolves every name to the device, so that a phone finds the page (RFC 1035);
//! * [`mdns`]: a responder for `http://NAME.local` and `_http._tcp` in any network (RFC 6762 and 6763);
//! * [`portal`]: the page and the state of the captive portal;
//! * [`reason`]: the outcome of a join, from the reason code of the radio's driver.
//!
//! Two modules use the protocol modules:
//!
//! * [`embassy`] serves DHCP, DNS and mDNS on a network stack of embassy-net;
//! * [`setup`] connects the portal with the device's server, its radio and its settings.
//!
//! The crate `smoltcp` parses DHCP messages, and the crate `domain` parses DNS messages.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod dhcp;
pub mod dns;
pub mod embassy;
pub mod join;
mod lines;
pub mod mdns;
pub mod name;
pub mod portal;
pub mod reason;
pub mod setup;

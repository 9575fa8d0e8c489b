//! Fuzz targets: each takes arbitrary bytes, and panics
//! if a result differs from that of a simple model.
//!
//! The models are written from the RFCs, read whole byte strings and are slow and simple (for JSON it is
//! `serde_json`). They use none of the code under test. `fuzz/` lets libFuzzer search for such bytes, and
//! `fuzz/corpus/` holds its seeds.

mod answers;
mod at_once;
mod captive_dns;
mod chunks;
mod connection;
mod delivery;
mod dhcp;
mod exact;
mod extensions;
mod firmware_image;
mod frame_header;
mod inflate;
mod json;
mod lent;
mod lent_client;
mod link;
mod mdns;
mod messages;
mod model;
mod mqtt;
mod request;
mod request_head;
mod rest;
mod script;
mod thing;

/// The targets, by the names of their folders in `fuzz/corpus/`.
pub const TARGETS: [Target; 16] = [
    Target { name: "at_once", check: at_once::check },
    Target { name: "captive_dns", check: captive_dns::check },
    Target { name: "chunks", check: chunks::check },
    Target { name: "connection", check: connection::check },
    Target { name: "delivery", check: delivery::check },
    Target { name: "dhcp", check: dhcp::check },
    Target { name: "extensions", check: extensions::check },
    Target { name: "firmware_image", check: firmware_image::check },
    Target { name: "frame_header", check: frame_header::check },
    Target { name: "json", check: json::check },
    Target { name: "mdns", check: mdns::check },
    Target { name: "messages", check: messages::check },
    Target { name: "mqtt", check: mqtt::check },
    Target { name: "request_head", check: request_head::check },
    Target { name: "rest", check: rest::check },
    Target { name: "thing", check: thing::check },
];

/// A part of instep, with its check.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    check: fn(&[u8]),
}

impl Target {
    /// Checks one input.
    ///
    /// # Panics
    /// If a check fails.
    pub fn check(&self, input: &[u8]) {
        (self.check)(input);
    }
}

/// Checks one input of a target.
///
/// # Panics
/// If a check fails, or if there is no such target.
pub fn check(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    target.unwrap_or_else(|| panic!("there is no target {name}")).check(input);
}

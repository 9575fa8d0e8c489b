//! The browser side of instep, as assets for an application to serve.
//!
//! The sources are in `assets/`: plain files that a browser runs as they are. The build script
//! compresses them, so no device spends time or memory on that, and no Node is needed.

#![no_std]
#![forbid(unsafe_code)]

use instep_proto::http::Asset;

/// The script that keeps a page in step with its device, an ES module to be served at `/instep.js`.
///
/// It reconnects by itself, tells when what it received is old, and never keeps a command for
/// later. Its head says how a page uses it.
pub const INSTEP_JS: Asset =
    Asset::new("text/javascript; charset=utf-8", include_bytes!("../assets/instep.js"))
        .gzip(include_bytes!(concat!(env!("OUT_DIR"), "/instep.js.gz")));

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{io::Read as _, vec::Vec};

    const SOURCE: &[u8] = include_bytes!("../assets/instep.js");
    const GZIPPED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/instep.js.gz"));

    #[test]
    fn what_is_compressed_is_the_source() {
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(GZIPPED).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, SOURCE);
    }

    #[test]
    fn the_script_stays_small_enough_for_a_device() {
        assert!(GZIPPED.len() <= 3 * 1024, "{} bytes", GZIPPED.len());
    }
}

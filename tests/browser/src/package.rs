//! The folder of this package.

use std::path::PathBuf;

/// The folder of this package. Asked for when a test runs: checkouts that share a target folder may
/// share the test too.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo test sets CARGO_MANIFEST_DIR").into()
}

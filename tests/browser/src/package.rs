//! The folder of this package.

use std::path::PathBuf;

/// Returns the folder of this package.
///
/// It is read at run time, because checkouts that share a target folder may share the test, too.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").expect("CARGO_MANIFEST_DIR is not set; run by cargo test").into()
}

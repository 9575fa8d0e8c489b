//! Compresses every file of `assets/` once, at build time, so that no device ever has to.

use std::{env, fs, io::Write as _, path::Path};

use flate2::{Compression, GzBuilder};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=assets");

    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    for entry in fs::read_dir("assets").expect("assets/ is a folder of this crate") {
        let entry = entry.expect("assets/ can be listed");
        compress(&entry.path(), Path::new(&out));
    }
}

/// Writes `<out>/<name>.gz`. No time and no file name in it: the same source gives the same bytes.
fn compress(asset: &Path, out: &Path) {
    let body = fs::read(asset).unwrap_or_else(|error| panic!("{}: {error}", asset.display()));
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(&body).expect("writing to memory");
    let gzipped = encoder.finish().expect("writing to memory");

    let mut name = asset.file_name().expect("a listed file has a name").to_owned();
    name.push(".gz");
    fs::write(out.join(name), gzipped).expect("OUT_DIR can be written");
}

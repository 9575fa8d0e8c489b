//! Compresses the script of `led-json`, because firmware that contains it is to be small.

use std::{env, fs, io::Write as _, path::Path};

use flate2::{Compression, GzBuilder};

const SCRIPT: &str = "led-json.js";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=pages");

    let out = env::var_os("OUT_DIR").expect("OUT_DIR is not set");
    let script = fs::read(Path::new("pages").join(SCRIPT)).expect("the script cannot be read");
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(&script).expect("writing to a Vec failed");
    let gzipped = encoder.finish().expect("writing to a Vec failed");
    let out = Path::new(&out);
    fs::write(out.join(SCRIPT), script).expect("OUT_DIR cannot be written");
    fs::write(out.join(format!("{SCRIPT}.gz")), gzipped).expect("OUT_DIR cannot be written");
}

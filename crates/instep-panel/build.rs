//! Compresses every file of `assets/` once, at build time, so that no device ever has to. The panel's modules become one: a
//! device has few sockets, and a browser asks for all modules at once.

use std::{env, fs, io::Write as _, path::Path};

use flate2::{Compression, GzBuilder};

/// The panel's modules, each behind those that it imports.
const PANEL: [&str; 4] = ["texts.js", "chart.js", "controls.js", "panel.js"];

/// Every application has it, and the firmware of a device, too: so it is served without its comments and its indentation.
const LIBRARY: &str = "instep.js";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=assets");

    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let panel: String =
        PANEL.iter().map(|name| without_modules(&read(&Path::new("assets").join(name)))).collect();
    write_both("panel.js", panel.as_bytes(), Path::new(&out));
    for entry in fs::read_dir("assets").expect("assets/ is a folder of this crate") {
        let entry = entry.expect("assets/ can be listed");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        if !PANEL.contains(&&*name) {
            let asset = read(&entry.path());
            let asset = if name == LIBRARY { shortened(&asset) } else { asset };
            write_both(&name, asset.as_bytes(), Path::new(&out));
        }
    }
}

fn read(asset: &Path) -> String {
    fs::read_to_string(asset).unwrap_or_else(|error| panic!("{}: {error}", asset.display()))
}

/// A script without its indentation and its comments, but for the one at its head.
fn shortened(script: &str) -> String {
    let (head, body) = script.split_once("*/\n").expect("a comment at the head");
    let mut inside = false;
    let mut kept = format!("{head}*/\n");
    for line in body.lines() {
        assert!(line.matches('`').count() % 2 == 0, "a template has one line: {line}");
        let code = line.trim_start();
        inside |= code.starts_with("/**");
        if !inside && !code.starts_with("//") && !code.is_empty() {
            kept += without_remark(code);
            kept.push('\n');
        }
        inside &= !line.ends_with("*/");
    }
    kept
}

/// A line without the comment at its end. One in which text could begin or end stays.
fn without_remark(line: &str) -> &str {
    match line.split_once(" // ") {
        Some((code, remark)) if !remark.contains(['"', '\'', '`']) && code.matches('"').count() % 2 == 0 => {
            code
        }
        _ => line,
    }
}

/// A module of the panel as a part of one that has them all: what they import from each other is there.
fn without_modules(module: &str) -> String {
    let imports = |line: &&str| {
        PANEL.iter().any(|name| line.starts_with("import ") && line.ends_with(&format!("\"./{name}\";")))
    };
    let lines = module.lines().filter(|line| !imports(line));
    lines.map(|line| format!("{}\n", line.strip_prefix("export ").unwrap_or(line))).collect()
}

/// Writes `<out>/<name>`, and the same compressed as `<out>/<name>.gz`. No time and no file name is in that: the same
/// source gives the same bytes.
fn write_both(name: &str, body: &[u8], out: &Path) {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(body).expect("writing to memory");
    let gzipped = encoder.finish().expect("writing to memory");

    fs::write(out.join(name), body).expect("OUT_DIR can be written");
    fs::write(out.join(format!("{name}.gz")), gzipped).expect("OUT_DIR can be written");
}

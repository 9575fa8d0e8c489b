//! Joins the modules of the panel and of the library, and compresses all assets.
//!
//! The library is also stripped of comments and indentation.
//!
//! Modules are joined, because a browser requests all modules at once and a device has few sockets.

use std::{env, fs, io::Write as _, path::Path};

use flate2::{Compression, GzBuilder};

/// The panel's modules, each after the modules that it imports.
const PANEL: [&str; 4] = ["texts.js", "chart.js", "controls.js", "panel.js"];

/// The modules of a gateway's list.
const LIST: [&str; 2] = ["list-texts.js", "list.js"];

/// The modules behind the panel's that update the firmware, without comments, because they are in images that are to be small.
const UPDATE: [&str; 3] = ["firmware-texts.js", "image.js", "firmware.js"];

/// The library's modules, each after the modules that it imports.
///
/// It is served without comments and indentation, because every firmware contains it.
const LIBRARY: [&str; 4] = ["clock.js", "frame.js", "stream.js", "instep.js"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=assets");

    let out = env::var_os("OUT_DIR").expect("OUT_DIR is not set");
    let [panel, library, list] = [&PANEL[..], &LIBRARY, &LIST].map(joined);
    let mut panel = panel.replace("\nexport ", "\n");
    if env::var_os("CARGO_FEATURE_UPDATE").is_some() {
        panel += &code(&UPDATE);
    }
    write_both("panel.js", panel.as_bytes(), Path::new(&out));
    write_both("list.js", list.as_bytes(), Path::new(&out));
    write_both("instep.js", shortened(&library).as_bytes(), Path::new(&out));
    for entry in fs::read_dir("assets").expect("assets/ cannot be listed") {
        let entry = entry.expect("assets/ cannot be listed");
        let name = entry.file_name().into_string().expect("the name of an asset is not UTF-8");
        if ![&PANEL[..], &LIBRARY, &UPDATE, &LIST].iter().any(|modules| modules.contains(&&*name)) {
            write_both(&name, read(&entry.path()).as_bytes(), Path::new(&out));
        }
    }
}

fn read(asset: &Path) -> String {
    fs::read_to_string(asset).unwrap_or_else(|error| panic!("{}: {error}", asset.display()))
}

/// Strips indentation and comments, except for the comment at the head.
fn shortened(script: &str) -> String {
    let (head, body) = script.split_once("*/\n").expect("the head has no comment");
    let multiline = body.lines().find(|line| line.matches('`').count() % 2 == 1);
    assert_eq!(multiline, None, "a template literal spans several lines");
    without_comments(body).fold(format!("{head}*/\n"), |kept, line| kept + line.trim_start() + "\n")
}

/// Returns the lines of a script without comments and without empty ones.
fn without_comments(script: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    let lines = script.lines().filter(move |line| {
        let code = line.trim_start();
        inside |= code.starts_with("/**");
        let is_code = !inside && !code.starts_with("//") && !code.is_empty();
        inside &= !line.ends_with("*/");
        is_code
    });
    lines.map(without_remark)
}

/// Strips the comment at the end of a line, unless it may be part of a string.
fn without_remark(line: &str) -> &str {
    match line.split_once(" // ") {
        Some((code, remark)) if !remark.contains(['"', '\'', '`']) && code.matches('"').count() % 2 == 0 => {
            code
        }
        _ => line,
    }
}

/// Joins modules after the comment at the head of the last one.
///
/// It strips the imports between these modules, and the exports of all modules but the last.
fn joined(modules: &[&str]) -> String {
    let sources: Vec<_> = modules.iter().map(|name| read(&Path::new("assets").join(name))).collect();
    let (last, others) = sources.split_last().expect("there is a module");
    let (head, last) = last.split_once("*/\n").expect("the head has no comment");
    let imports = |line: &&str| {
        modules.iter().any(|name| line.starts_with("import ") && line.ends_with(&format!("\"./{name}\";")))
    };
    let others = others.iter().flat_map(|module| module.lines());
    let others = others.map(|line| line.strip_prefix("export ").unwrap_or(line));
    let lines = others.chain(last.lines()).filter(|line| !imports(line));
    lines.fold(format!("{head}*/\n"), |joined, line| joined + line + "\n")
}

/// Joins modules without their comments, imports and exports.
fn code(modules: &[&str]) -> String {
    let sources: Vec<_> = modules.iter().map(|name| read(&Path::new("assets").join(name))).collect();
    let lines = sources.iter().flat_map(|source| without_comments(source));
    let lines = lines.filter(|line| !line.starts_with("import "));
    let lines = lines.map(|line| line.strip_prefix("export ").unwrap_or(line));
    lines.fold(String::new(), |joined, line| joined + line + "\n")
}

/// Writes `<out>/<name>` and its compressed form `<out>/<name>.gz`.
///
/// The compressed form has no time and no file name, so that the build is reproducible.
fn write_both(name: &str, body: &[u8], out: &Path) {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(body).expect("writing to a Vec failed");
    let gzipped = encoder.finish().expect("writing to a Vec failed");

    fs::write(out.join(name), body).expect("OUT_DIR cannot be written");
    fs::write(out.join(format!("{name}.gz")), gzipped).expect("OUT_DIR cannot be written");
}

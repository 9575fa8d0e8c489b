//! Generates the pins of the board that a feature selects, and the user's own page from `INSTEP_PAGE`.

use esp_boards::BOARDS;
use page_files::Bundle;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg=-Tlinkall.x");
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("xtensa") {
        // The linker for these chips is gcc.
        println!("cargo::rustc-link-arg=-nostartfiles");
    }
    board();
    page();
}

/// Finds the board that a feature selects, and writes its name and its pins.
fn board() {
    let is_selected = |name: &str| {
        let feature = format!("CARGO_FEATURE_{}", name.to_uppercase().replace('-', "_"));
        env::var_os(feature).is_some()
    };
    let mut selected = BOARDS.iter().filter(|board| is_selected(board.name));
    let (Some(board), None) = (selected.next(), selected.next()) else {
        let names: Vec<_> = BOARDS.iter().map(|board| board.name).collect();
        println!(
            "cargo::error=no board is selected, or more than one; use --features with one of {}",
            names.join(", ")
        );
        return;
    };
    let (name, led, button) = (board.name, board.led, board.button);
    write(
        "board.rs",
        &format!(
            "/// Name of the board.
pub const BOARD: &str = {name:?};
/// Whether the LED of the board is on while its pin is low.
pub const LED_IS_INVERTED: bool = {};
/// Returns the pin of the board's LED.
#[macro_export]
macro_rules! led_pin {{
    ($chip:ident) => {{
        $chip.GPIO{led}
    }};
}}
/// Returns the pin of the board's button BOOT.
#[macro_export]
macro_rules! button_pin {{
    ($chip:ident) => {{
        $chip.GPIO{button}
    }};
}}
",
            board.led_inverted
        ),
    );
}

/// Finds the user's own page, a file or a folder, from `INSTEP_PAGE`.
fn page() {
    println!("cargo::rustc-check-cfg=cfg(has_page, has_folder)");
    println!("cargo::rerun-if-env-changed=INSTEP_PAGE");
    println!("cargo::rerun-if-env-changed=INSTEP_PERCENT_ESCAPE");
    let percent_escape = env::var("INSTEP_PERCENT_ESCAPE").is_ok_and(|value| value == "true");
    let Some(page) = env::var_os("INSTEP_PAGE").filter(|page| !page.is_empty()) else { return };
    let page = Path::new(&page);
    match page.canonicalize() {
        Ok(folder) if page.is_absolute() && folder.is_dir() => {
            println!("cargo::rerun-if-changed={}", folder.display());
            match Bundle::read(&folder, slot()) {
                Ok(bundle) => {
                    bundle.places().for_each(|file| println!("cargo::rerun-if-changed={}", file.display()));
                    write("pages.rs", &bundle.source(percent_escape));
                    println!("cargo::rustc-cfg=has_folder");
                }
                Err(sentence) => println!("cargo::error=INSTEP_PAGE: {sentence}"),
            }
        }
        Ok(file) if page.is_absolute() => {
            println!("cargo::rerun-if-changed={}", file.display());
            let escape = if percent_escape { ".percent_escape()" } else { "" };
            write("page.rs", &format!("::instep::Asset::template(include_str!({file:?})){escape}"));
            println!("cargo::rustc-cfg=has_page");
        }
        _ => {
            let page = page.display();
            println!(
                "cargo::error=INSTEP_PAGE must be the absolute path of an existing file or folder, not {page}"
            );
        }
    }
}

/// Returns the length of the app partition, in bytes.
fn slot() -> u64 {
    println!("cargo::rerun-if-changed=partitions.csv");
    let table = fs::read_to_string("partitions.csv").expect("cannot read partitions.csv");
    let slot = table.lines().find_map(|line| line.strip_prefix("ota_0,")?.rsplit(',').next());
    let digits = slot.and_then(|length| length.trim().strip_prefix("0x"));
    digits
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .expect("ota_0 has no length in partitions.csv, such as 0x1f0000")
}

fn write(file: &str, text: &str) {
    let folder = env::var_os("OUT_DIR").expect("OUT_DIR is not set");
    fs::write(Path::new(&folder).join(file), text).expect("cannot write to OUT_DIR");
}

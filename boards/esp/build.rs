//! Generates sources from environment variables: the board, the page, the hash of the password, and lists.
//!
//! Invalid values fail the build, so that no device has to report them.

use esp_boards::{BOARDS, Board};
use instep::access::{is_framing_origin, is_host_name, is_origin};
use instep::login::Password;
use page_files::Bundle;
use std::path::Path;
use std::{env, fs};

/// Salt of the hash.
///
/// It is constant, so that a device detects whether a build has another password.
const SALT: [u8; 16] = *b"instep on a chip";
/// Number of iterations of the hash, which must equal `instep_wifi::setup::ROUNDS`.
const ROUNDS: u32 = 10_000;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    board();
    page();
    password();
    list("INSTEP_ALLOW_HOST", is_host_name, "host names without http:// and without a port");
    list("INSTEP_ALLOW_ORIGIN", is_origin, "origins such as http://example.org, or null");
    list("INSTEP_ALLOW_FRAME", is_framing_origin, "origins such as http://example.org");
    check("INSTEP_WIFI_SSID", |name| name.len() <= 32, "have at most 32 bytes");
    let rule = "be 8 to 63 printable ASCII characters; unset it for an open network";
    check("INSTEP_WIFI_PASSWORD", is_password, rule);
    let rule = "be 8 to 63 printable ASCII characters, or the word open";
    check("INSTEP_AP_PASSWORD", |text| text == "open" || is_password(text), rule);
    let rule = "be 1 to 32 letters, digits and dashes, with at least one letter and no dash at its ends";
    check("INSTEP_NAME", is_name, rule);
    if value("INSTEP_WIFI_SSID").is_empty() && !value("INSTEP_WIFI_PASSWORD").is_empty() {
        println!("cargo::error=INSTEP_WIFI_PASSWORD needs INSTEP_WIFI_SSID; set both");
    }
}

/// Finds the board that `INSTEP_BOARD` names, or the first board with the chip that a feature selects.
fn board() {
    println!("cargo::rerun-if-env-changed=INSTEP_BOARD");
    let named = env::var("INSTEP_BOARD").ok();
    let is_selected = |board: &Board| {
        let feature = format!("CARGO_FEATURE_{}", board.chip.to_uppercase());
        env::var_os(feature).is_some()
    };
    let is_wanted =
        |board: &Board| named.as_ref().map_or_else(|| is_selected(board), |name| board.name == name);
    match BOARDS.iter().position(is_wanted) {
        Some(index) if is_selected(&BOARDS[index]) => write("board.rs", &index.to_string()),
        Some(_) => println!(
            "cargo::error=INSTEP_BOARD names a board with another chip than this is built for: \
             `cargo xtask firmware BOARD` chooses the right one"
        ),
        None => println!("cargo::error=INSTEP_BOARD names no board: esp-boards/src/boards.rs has them all"),
    }
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

/// Hashes the password in `INSTEP_PASSWORD`.
///
/// The firmware has only the hash.
fn password() {
    println!("cargo::rerun-if-env-changed=INSTEP_PASSWORD");
    let password = env::var_os("INSTEP_PASSWORD").unwrap_or_default();
    let hash = match Password::new(password.as_encoded_bytes(), SALT, ROUNDS) {
        _ if password.is_empty() => "None".to_owned(),
        Ok(password) => format!("Some({:?})", password.to_parts()),
        Err(problem) => {
            println!("cargo::error=INSTEP_PASSWORD: {problem}");
            return;
        }
    };
    write("password.rs", &hash);
}

/// Splits a list at its commas, and checks its parts.
fn list(name: &str, is_good: fn(&str) -> bool, what: &str) {
    println!("cargo::rerun-if-env-changed={name}");
    let list = value(name);
    let parts: Vec<_> = list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if !parts.iter().all(|part| is_good(part)) {
        println!("cargo::error={name} must be {what}, separated by commas");
    }
    write(&format!("{name}.rs"), &format!("&{parts:?}"));
}

/// Checks a value, unless it is empty.
fn check(name: &str, is_good: fn(&str) -> bool, rule: &str) {
    println!("cargo::rerun-if-env-changed={name}");
    let value = value(name);
    if !value.is_empty() && !is_good(&value) {
        println!("cargo::error={name} must {rule}");
    }
}

fn value(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn is_password(text: &str) -> bool {
    (8..=63).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn write(file: &str, text: &str) {
    let folder = env::var_os("OUT_DIR").expect("OUT_DIR is not set");
    fs::write(Path::new(&folder).join(file), text).expect("cannot write to OUT_DIR");
}

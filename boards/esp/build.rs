//! Generates the page, the password's hash and lists from environment variables.

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
    page();
    password();
    ["INSTEP_ALLOW_HOST", "INSTEP_ALLOW_ORIGIN", "INSTEP_ALLOW_FRAME"].into_iter().for_each(list);
}

/// Finds the user's own page, a file or a folder, from `INSTEP_PAGE`.
fn page() {
    println!("cargo::rustc-check-cfg=cfg(has_page, has_folder, percent_escape)");
    println!("cargo::rerun-if-env-changed=INSTEP_PAGE");
    println!("cargo::rerun-if-env-changed=INSTEP_PERCENT_ESCAPE");
    let percent_escape = env::var("INSTEP_PERCENT_ESCAPE").is_ok_and(|value| value == "true");
    if percent_escape {
        println!("cargo::rustc-cfg=percent_escape");
    }
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
            println!("cargo::rustc-env=INSTEP_PAGE_FILE={}", file.display());
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

/// Splits a list at its commas. The firmware checks the parts.
fn list(name: &str) {
    println!("cargo::rerun-if-env-changed={name}");
    let list = env::var(name).unwrap_or_default();
    let parts: Vec<_> = list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    write(&format!("{name}.rs"), &format!("&{parts:?}"));
}

fn write(file: &str, text: &str) {
    let folder = env::var_os("OUT_DIR").expect("OUT_DIR is not set");
    fs::write(Path::new(&folder).join(file), text).expect("cannot write to OUT_DIR");
}

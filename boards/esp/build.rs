//! What has to be made of variables of the environment before the firmware is compiled: a page, the hash of the password, and lists.

use instep::login::Password;
use page_files::Bundle;
use std::path::Path;
use std::{env, fs};

/// The same in each build, so that a device can tell whether a build brings another password.
const SALT: [u8; 16] = *b"instep on a chip";
/// As `instep_wifi::setup::ROUNDS`, which the firmware compares.
const ROUNDS: u32 = 10_000;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    page();
    password();
    ["INSTEP_ALLOW_HOST", "INSTEP_ALLOW_ORIGIN", "INSTEP_ALLOW_FRAME"].into_iter().for_each(list);
}

/// Finds the page that someone already has: the path of a file or of a folder in `INSTEP_PAGE`.
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
                "cargo::error=INSTEP_PAGE is the whole path of a page or of its folder, from the root on: {page} is not"
            );
        }
    }
}

/// The length of the slot that the firmware goes into.
fn slot() -> u64 {
    println!("cargo::rerun-if-changed=partitions.csv");
    let table = fs::read_to_string("partitions.csv").expect("the table of partitions is beside this file");
    let slot = table.lines().find_map(|line| line.strip_prefix("ota_0,")?.rsplit(',').next());
    let digits = slot.and_then(|length| length.trim().strip_prefix("0x"));
    digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).expect("ota_0 has a length, as 0x…")
}

/// Hashes the password in `INSTEP_PASSWORD`: the firmware has the hash only.
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

/// Takes a list apart at its commas. What is wrong with a part, the firmware knows.
fn list(name: &str) {
    println!("cargo::rerun-if-env-changed={name}");
    let list = env::var(name).unwrap_or_default();
    let parts: Vec<_> = list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    write(&format!("{name}.rs"), &format!("&{parts:?}"));
}

fn write(file: &str, text: &str) {
    let folder = env::var_os("OUT_DIR").expect("cargo says where");
    fs::write(Path::new(&folder).join(file), text).expect("cargo's folder can be written to");
}

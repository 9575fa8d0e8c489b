//! Includes the page from `INSTEP_PAGE` in the firmware.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=INSTEP_PAGE");
    let page = match std::env::var_os("INSTEP_PAGE")
        .map(|page| std::path::absolute(page).expect("INSTEP_PAGE is not a path"))
    {
        Some(page) if page.is_dir() => {
            println!("cargo::error=INSTEP_PAGE must be the path of a file; {} is a folder", page.display());
            return;
        }
        Some(page) => {
            println!("cargo::rerun-if-changed={}", page.display());
            format!("Some(include_str!({page:?}))")
        }
        None => "None".to_owned(),
    };
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("OUT_DIR is not set"));
    std::fs::write(out.join("page.rs"), page).expect("cannot write to OUT_DIR");
}

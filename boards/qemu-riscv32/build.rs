//! Takes the page that `INSTEP_PAGE` names into the firmware.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=INSTEP_PAGE");
    let page = match std::env::var_os("INSTEP_PAGE").map(|page| std::path::absolute(page).expect("a path")) {
        Some(page) if page.is_dir() => {
            println!("cargo::error=INSTEP_PAGE is the path of a file here: {} is a folder", page.display());
            return;
        }
        Some(page) => {
            println!("cargo::rerun-if-changed={}", page.display());
            format!("Some(include_str!({page:?}))")
        }
        None => "None".to_owned(),
    };
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo says where"));
    std::fs::write(out.join("page.rs"), page).expect("a file");
}

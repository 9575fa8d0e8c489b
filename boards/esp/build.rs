//! Finds the page that someone already has: a path in `INSTEP_PAGE`.

use std::path::Path;

fn main() {
    println!("cargo:rustc-check-cfg=cfg(has_page)");
    println!("cargo:rerun-if-env-changed=INSTEP_PAGE");
    let Some(page) = std::env::var_os("INSTEP_PAGE").filter(|page| !page.is_empty()) else { return };
    let page = Path::new(&page);
    match page.canonicalize() {
        Ok(file) if page.is_absolute() => {
            println!("cargo:rerun-if-changed={}", file.display());
            println!("cargo:rustc-env=INSTEP_PAGE_FILE={}", file.display());
            println!("cargo:rustc-cfg=has_page");
        }
        _ => {
            println!(
                "cargo:error=INSTEP_PAGE is the whole path of a page, beginning with /: {} is not",
                page.display()
            );
        }
    }
}

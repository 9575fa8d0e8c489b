//! Link arguments of firmware, which cargo takes only from the package of the firmware itself.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_QEMU").is_some() {
        println!("cargo::rustc-link-arg-bins=-Tmemory.x");
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
    }
    if std::env::var_os("CARGO_FEATURE_ESP").is_some() {
        println!("cargo::error=firmware for boards of one's own comes with the next version of instep; `cargo qemu` runs this one in an emulated chip");
    }
}

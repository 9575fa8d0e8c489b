//! Link arguments of firmware, which cargo takes only from the package of the firmware itself.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name, value| env::var(name).as_deref() == Ok(value);
    if !is("CARGO_CFG_TARGET_OS", "none") {
        return;
    }
    let has = |feature| env::var_os(feature).is_some();
    if has("CARGO_FEATURE_QEMU") {
        println!("cargo::rustc-link-arg-bins=-Tmemory.x");
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
    }
    if has("CARGO_FEATURE_ESP") {
        println!("cargo::rustc-link-arg-bins=-Tlinkall.x");
        // The linker for these chips is gcc.
        if is("CARGO_CFG_TARGET_ARCH", "xtensa") {
            println!("cargo::rustc-link-arg-bins=-nostartfiles");
        }
    }
}

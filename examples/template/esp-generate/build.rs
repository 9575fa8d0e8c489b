//! Link arguments of firmware, which cargo takes only from the package of the firmware itself.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_firmware = std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none");
    if is_firmware && std::env::var_os("CARGO_FEATURE_QEMU").is_some() {
        println!("cargo::rustc-link-arg-bins=-Tmemory.x");
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
    }
}

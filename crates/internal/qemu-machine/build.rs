//! Gives the linker `memory.x`, the memory of the machine.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=memory.x");
    // The network device's queue has its length from this variable.
    println!("cargo::rerun-if-env-changed=INSTEP_CLIENTS");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() != Ok("riscv32") {
        return;
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("memory.x"), include_str!("memory.x")).expect("cannot write to OUT_DIR");
    println!("cargo::rustc-link-search={}", out.display());
}

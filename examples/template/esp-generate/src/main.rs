//! {{ project_name }}: a program on Linux, and firmware.

#![cfg_attr(not(target_os = "linux"), no_std, no_main)]

mod device;

#[cfg(all(feature = "esp", not(target_os = "linux")))]
mod esp;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    instep_linux::main(&device::APP, |device, inbox, io| device::run(device, inbox, io.output("pump")))
}

#[cfg(all(feature = "qemu", not(target_os = "linux")))]
instep_qemu::main!(device::APP, |device, inbox, io| device::run(device, inbox, io.output("pump")));

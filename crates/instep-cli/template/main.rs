//! {{title}}: a program on Linux, and firmware.

#![cfg_attr(not(target_os = "linux"), no_std, no_main)]

mod {{module}};

#[cfg(all(feature = "esp", not(target_os = "linux")))]
mod esp;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    instep_linux::main(&{{module}}::APP, |device, inbox, io| {{module}}::run(device, inbox, io.output("pump")))
}

#[cfg(all(feature = "qemu", not(target_os = "linux")))]
instep_qemu::main!({{module}}::APP, |device, inbox, io| {{module}}::run(device, inbox, io.output("pump")));

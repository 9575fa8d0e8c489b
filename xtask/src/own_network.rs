//! The image of a device with its own network, in QEMU.

use qemu_flash::FlashFile;
use std::path::PathBuf;
use std::process::Command;

use crate::qemu_image::{QEMU, build_package, build_stub};
use crate::report::Outcome;
use crate::tools::{Tools, run};

/// The package, which `cargo xtask qemu own-network` boots.
const PACKAGE: &str = "instep-qemu-own-network";
/// Name of the image in place of an application.
pub(crate) const NAME: &str = "own-network";
/// Networks that its radio finds, for use by hand.
const AROUND: &str = "instep.network=Home:correct-horse:192.168.1.50 instep.network=Cafe::192.168.7.20 \
    instep.network=Mute:12345678:";

/// Builds the image.
pub(crate) fn build(tools: &mut Tools) -> Outcome<PathBuf> {
    build_package(tools, PACKAGE)
}

/// Boots the image behind QEMU's user network, and shows its log until Ctrl-C.
///
/// Its page is at http://127.0.0.1:8080/network.
pub(crate) fn show(flash: Option<PathBuf>, tools: &mut Tools) -> Outcome {
    let image = build(tools)?;
    println!(
        "Its page is http://127.0.0.1:8080/network. Its radio is simulated: Home has the password correct-horse."
    );
    let net = "user,id=n0,net=192.168.4.0/24,host=192.168.4.254,hostfwd=tcp:127.0.0.1:8080-192.168.4.1:80";
    let mut qemu = Command::new(QEMU);
    let program = match flash {
        Some(file) => {
            let failed = |error| format!("{}: {error}", file.display());
            let flash = FlashFile::open_or_create(&file, &image).map_err(failed)?;
            qemu.args(flash.qemu_arguments());
            let [stub, _] = build_stub(tools)?;
            stub
        }
        None => {
            qemu.args(["-M", "virt", "-m", "16M"]);
            image
        }
    };
    qemu.args(["-bios", "none", "-display", "none", "-monitor", "none"])
        .args(["-serial", "stdio", "-device", "virtio-rng-device", "-device", "virtio-net-device,netdev=n0"])
        .args(["-netdev", net, "-append", AROUND, "-kernel"])
        .arg(program);
    run(&mut qemu)
}

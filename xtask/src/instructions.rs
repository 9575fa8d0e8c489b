//! Instructions of a chip for a `toggle`, by instep, by picoserve and over bare TCP in QEMU.

use std::process::Command;

use crate::qemu_image;
use crate::report::Outcome;
use crate::section::{INSTRUCTIONS, INSTRUCTIONS_AS_FOR_ESP};
use crate::tools::{Tools, cargo, run, target};

/// Measures, and prints the table.
///
/// With `as_for_esp`, the images are optimized as the firmware for ESP32 chips is. With `write`, the table also goes into the
/// documentation.
pub(crate) fn measure(tools: &mut Tools, as_for_esp: bool, write: bool) -> Outcome {
    let launcher = qemu_image::build_launcher()?;
    let [image, picoserve, floor] = if as_for_esp {
        let mut build = |package, smaller: &[&str]| qemu_image::build_as_for_esp(tools, package, smaller);
        [
            build("instep-qemu-riscv32", &["instep-qemu", "qemu-machine"])?,
            build("qemu-picoserve", &["picoserve", "qemu-picoserve", "qemu-machine"])?,
            build("qemu-bare-tcp", &["qemu-bare-tcp", "qemu-machine"])?,
        ]
    } else {
        let image = qemu_image::build_image(tools, &[], &[])?;
        let [picoserve, floor] = qemu_image::build_packages(tools, ["qemu-picoserve", "qemu-bare-tcp"])?;
        [image, picoserve, floor]
    };
    run(&mut cargo(&["build", "--package", "board-tests", "--bin", "instep-instructions"]))?;
    let mut program = Command::new(target().join("debug/instep-instructions"));
    for (name, image) in [("instep", &image), ("picoserve", &picoserve), ("bare TCP", &floor)] {
        program.arg(format!("{name}={}", image.display()));
    }
    let section = if as_for_esp { INSTRUCTIONS_AS_FOR_ESP } else { INSTRUCTIONS };
    section.measure(program.env("INSTEP_BIN", launcher), write)
}

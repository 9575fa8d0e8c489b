//! Makes, checks and measures images of firmware for the ESP32 family.
//!
//! `cargo xtask firmware`, `flash` and `size` call it. An error is one sentence on standard error.

mod image;
mod measure;

use espflash::target::Chip;
use image::Images;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

const USAGE: &str = "\
Images of firmware for the ESP32 family.

    esp-image make CHIP ELF PARTITIONS FILE    writes FILE.bin, and FILE-first.bin with the boot loader
    esp-image measure CHIP ELF                 prints lines of a name and a size in bytes
    esp-image check CHIP FILE                  checks that FILE is an application for CHIP
";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["make", chip, elf, partitions, file] => make(chip, elf.as_ref(), partitions.as_ref(), file),
        ["measure", chip, elf] => measure(chip, elf.as_ref()),
        ["check", chip, file] => check(chip, file.as_ref()),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn make(chip: &str, elf: &Path, partitions: &Path, file: &str) -> Result<(), String> {
    let images = Images::new(self::chip(chip)?, &read(elf)?, partitions)?;
    let first = PathBuf::from(format!("{file}-first.bin"));
    let application = PathBuf::from(format!("{file}.bin"));
    write(&application, &images.application)?;
    write(&first, &images.first)?;
    println!("application {}", images.application.len());
    println!("slot {}", images.slot);
    Ok(())
}

fn measure(chip: &str, elf: &Path) -> Result<(), String> {
    let bytes = read(elf)?;
    for (name, bytes) in measure::of(self::chip(chip)?, &bytes)? {
        println!("{name} {bytes}");
    }
    Ok(())
}

fn check(chip: &str, file: &Path) -> Result<(), String> {
    image::check(self::chip(chip)?, &read(file)?).map_err(|problem| format!("{}: {problem}", file.display()))
}

fn chip(name: &str) -> Result<Chip, String> {
    name.parse().map_err(|_| format!("unknown chip {name}"))
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(file, bytes).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

//! Sizes of a firmware: flash, memory, stack, a client, and the largest task.

use espflash::target::Chip;
use object::elf::{FileHeader32, PT_LOAD};
use object::read::elf::{ElfFile, ProgramHeader as _};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, SectionFlags, elf};

/// Sections that are not counted: the same memory at other addresses, the stack, which is the rest, and the boot loader's
/// memory, which only the radio's heap uses.
const NOT_COUNTED: [&str; 3] = [".rwdata_dummy", ".stack", ".dram2_uninit"];
/// Symbol of the memory for each client, in a section that is not loaded.
const BYTES_PER_CLIENT: &str = "instep.BYTES_PER_CLIENT";

/// Returns the sizes, in bytes, each with its name. That of the largest task is `future` and the task's name.
///
/// # Errors
/// One sentence, if the bytes are not a firmware.
pub fn of(chip: Chip, bytes: &[u8]) -> Result<Vec<(String, u64)>, String> {
    let elf = ElfFile::<FileHeader32<Endianness>>::parse(bytes)
        .map_err(|error| format!("this is no firmware: {error}"))?;
    let endian = elf.endian();
    // Without the gaps between the segments of the image.
    let loaded = elf.elf_program_headers().iter().filter(|header| header.p_type(endian) == PT_LOAD);
    let flash: u64 = loaded.map(|header| u64::from(header.p_filesz(endian))).sum();
    let mut memory = 0;
    let mut stack = 0;
    for section in elf.sections() {
        let name = section.name().unwrap_or_default();
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
        if name == ".stack" {
            stack = section.size();
        }
        let in_chip = sh_flags.contains(elf::SHF_ALLOC);
        let in_flash = u32::try_from(section.address()).is_ok_and(|address| chip.addr_is_flash(address));
        if in_chip && !in_flash && !NOT_COUNTED.contains(&name) {
            memory += section.size();
        }
    }
    let mut all =
        vec![("flash".to_owned(), flash), ("memory".to_owned(), memory), ("stack".to_owned(), stack)];
    if let Some(each) = constant(&elf, BYTES_PER_CLIENT) {
        all.push(("client".to_owned(), each));
    }
    let tasks = elf.symbols().filter_map(|symbol| Some((task(symbol.name().ok()?)?, symbol.size())));
    if let Some((task, size)) = tasks.max_by_key(|(_, size)| *size) {
        all.push((format!("future {task}"), size));
    }
    Ok(all)
}

/// Reads a number from the firmware's metadata.
fn constant(elf: &ElfFile<'_, FileHeader32<Endianness>>, name: &str) -> Option<u64> {
    let symbol = elf.symbols().find(|symbol| symbol.name() == Ok(name))?;
    let section = elf.section_by_index(symbol.section_index()?).ok()?;
    let bytes = section.data_range(symbol.address(), symbol.size()).ok()??;
    Some(u64::from(u32::from_le_bytes(bytes.try_into().ok()?)))
}

/// Returns the task of a symbol, because embassy's macro stores the future of a task in a static of its function.
fn task(symbol: &str) -> Option<String> {
    let path = format!("{:#}", rustc_demangle::demangle(symbol));
    let function = path.strip_suffix("::POOL")?.rsplit("::").find(|part| !part.starts_with('{'))?;
    // The macro of esp-rtos wraps `main` in another function.
    Some(function.trim_start_matches("__embassy_").trim_start_matches('_').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbol_names_its_task() {
        assert_eq!(task("_RNvNvCsuf08uc1uXq_8baseline4echo4POOL").as_deref(), Some("echo"));
        let main = "_RNvNvNtCsuf08uc1uXq_8baseline6___main14___embassy_main4POOL";
        assert_eq!(task(main).as_deref(), Some("main"));
        assert_eq!(task("_RNvNtCs1rnMzUorvEt_8esp_rtos9scheduler9SCHEDULER"), None);
        assert_eq!(task("g_cnxMgr"), None);
    }

    #[test]
    fn other_file_is_rejected() {
        assert!(of(Chip::Esp32c3, b"\x7FELF").unwrap_err().starts_with("this is no firmware"));
    }
}
